"""Locks on files: one daemon a database, and a fair turn for every process that writes to it."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from sqlalchemy import text

from toros.errors import DatabaseError

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

__all__ = ["DaemonLock", "Turnstile", "hold_schema"]


def hold_schema(connection: Connection, service: str) -> bool:
    """Keep a service's schema of PostgreSQL to a connection, as long as it lives; False where a daemon has it."""
    ask = text("SELECT pg_try_advisory_lock(hashtext(:name))").bindparams(name=f"toros {service}")
    return bool(connection.execute(ask).scalar())


class DaemonLock:
    """Held by a daemon for its life, so that two never serve the same database; the kernel frees it after a crash.

    Parameters
    ----------
    path : Path
        The lock's own file; it stays.
    holder : str
        What to tell the one who comes too late.
    """

    def __init__(self, path: Path, holder: str) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            pid = os.read(self._file, 32).decode("ascii", "replace").strip() or "unknown"
            os.close(self._file)
            raise DatabaseError(f"{holder} is in use by another daemon (process {pid}): stop that one first") from None
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)

    @classmethod
    def of(cls, file: Path) -> DaemonLock:
        """Take the lock of a SQLite database; raise DatabaseError where a daemon holds it."""
        return cls(file.with_name(file.name + ".lock"), f"the database {file}")

    def release(self) -> None:
        """Let the next daemon in."""
        os.close(self._file)


class Turnstile:
    """Lets the processes that write to one SQLite file through one after the other, in turn.

    SQLite itself makes waiting writers sleep and try again, which starves the unlucky for seconds. Two kernel locks
    make it fair: who wants to write first waits at the gate, then inside for the one before it to leave; whoever
    leaves finds the gate taken and lines up again. Uncontended it costs two microseconds.

    Parameters
    ----------
    path : Path
        Prefix of the two lock files.
    """

    def __init__(self, path: Path) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        self._gate = os.open(path.with_name(path.name + ".gate"), flags, 0o600)
        self._inside = os.open(path.with_name(path.name + ".turn"), flags, 0o600)

    def __enter__(self) -> None:
        fcntl.flock(self._gate, fcntl.LOCK_EX)
        try:
            fcntl.flock(self._inside, fcntl.LOCK_EX)
        finally:
            fcntl.flock(self._gate, fcntl.LOCK_UN)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        fcntl.flock(self._inside, fcntl.LOCK_UN)

    def close(self) -> None:
        """Close the lock files."""
        os.close(self._gate)
        os.close(self._inside)
