"""Copies of a service's schema in PostgreSQL, made while the daemon works, and putting the last one back.

PostgreSQL's own programs do it: pg_dump writes one moment of the schema, whatever is changed meanwhile, and no code of
ours has to know its types. The copy lies in the node's state: `data_manager.postgresql.backup`.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, BinaryIO

import sqlalchemy as sa

from toros.durable import durable_file
from toros.errors import DatabaseError
from toros.store.lock import hold_schema

if TYPE_CHECKING:
    from toros.config import Config

__all__ = ["backup", "backup_of", "restore"]

PIECE = 2**20  # bytes
MARK = b"\ntoros sha256 "
SEAL = len(MARK) + 64  # bytes
PATIENCE = 10  # seconds for the server to answer
COMPLAINT = re.compile(r"(?:error|ERROR|FATAL): +(.*)")
OURS = ("--no-owner", "--no-privileges")  # roles of the old server need not be on the new one


def backup_of(config: Config, service: str) -> Path:
    """Return where the backup of a service's schema lies."""
    return config.state.expanduser() / f"{service}.postgresql.backup"


def backup(config: Config, service: str, url: sa.URL) -> Path:
    """Copy a service's schema as it is now; the previous copy is replaced at the end.

    Raises
    ------
    DatabaseError
        The server cannot be reached, PostgreSQL's programs are missing or too old, or the copy cannot be written; the
        previous one stays.
    """
    copy = backup_of(config, service)
    try:
        with durable_file(copy) as file:
            os.fchmod(file.fileno(), 0o600)
            what = ("--format=custom", f"--schema={service}", *OURS)
            with _running("pg_dump", *what, url=url, stdout=file.fileno()) as dump:
                dump.finish()
            file.write(_seal(file, file.seek(0, os.SEEK_END)))
    except (OSError, DatabaseError) as error:
        raise DatabaseError(f"no backup of {_where(service, url)} could be made: {error}") from None
    return copy


def restore(config: Config, service: str, url: sa.URL) -> str:
    """Put the last backup of a service's schema in its place, whole or not at all; return the schema kept beside it.

    Returns
    -------
    str
        What the schema that was there before is called now; empty where there was none.

    Raises
    ------
    DatabaseError
        There is no backup, it is damaged, a daemon uses the schema, the server cannot be reached, or PostgreSQL's
        programs are missing or too old.
    """
    source = backup_of(config, service)
    if not source.exists():
        raise DatabaseError(f"there is no backup {source}")
    _check(source)
    with _held(service, url) as there:
        aside = f"{service}_before_{datetime.now(UTC):%Y%m%dT%H%M%S}".lower() if there else ""
        begin = "BEGIN;\n" + (f'ALTER SCHEMA "{service}" RENAME TO "{aside}";\n' if there else "")
        try:
            _replay(source, begin, url)
        except (OSError, DatabaseError) as error:
            raise DatabaseError(f"{_where(service, url)} could not be restored: {error}") from None
    return aside


def _seal(file: BinaryIO, length: int) -> bytes:
    """Return what is written behind a copy of so many bytes to know it by: pg_restore overlooks some damage."""
    found = sha256()
    file.seek(0)
    while length > 0 and (piece := file.read(min(length, PIECE))):
        found.update(piece)
        length -= len(piece)
    return MARK + found.hexdigest().encode()


def _check(source: Path) -> None:
    """Raise DatabaseError where a copy is not as it was written."""
    try:
        with source.open("rb") as file:
            seal = _seal(file, file.seek(0, os.SEEK_END) - SEAL)
            whole = file.read() == seal
    except OSError as error:
        raise DatabaseError(f"the backup {source} cannot be read: {error.strerror}") from None
    if not whole:
        raise DatabaseError(f"the backup {source} is damaged: nothing was changed")


def _where(service: str, url: sa.URL) -> str:
    return f"the schema {service} of the PostgreSQL database {url.database}"


def _replay(source: Path, begin: str, url: sa.URL) -> None:
    """Run what the copy says in one transaction, which is committed only when the copy was read to its end."""
    with (
        _running("psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", url=url, stdin=PIPE) as writer,
        _running("pg_restore", "--file=-", *OURS, str(source), stdout=PIPE) as reader,
    ):
        statements, said = reader.process.stdout, writer.process.stdin
        assert statements is not None and said is not None
        with suppress(BrokenPipeError):  # psql says why
            said.write(begin.encode())
            shutil.copyfileobj(statements, said)
            statements.close()
            reader.finish()
            said.write(b"COMMIT;\n")
            said.close()
        writer.finish()


@contextmanager
def _held(service: str, url: sa.URL) -> Iterator[bool]:
    """Keep daemons off a schema; give whether it is there."""
    from toros.store import connection as connections

    where = _where(service, url)
    try:
        engine = sa.create_engine(
            url.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT",
            connect_args={"connect_timeout": PATIENCE},
        )  # fmt: skip
    except ModuleNotFoundError as error:
        raise DatabaseError(f"{where} needs {error.name}: pip install 'toros[postgres]'") from None
    try:
        with engine.connect() as connection:
            if not hold_schema(connection, service):
                raise DatabaseError(f"{where} is in use by another daemon: stop that one first")
            yield sa.inspect(connection).has_schema(service)
    except sa.exc.DBAPIError as error:
        raise (connections.explain(error, where) or error) from None
    finally:
        engine.dispose()


class _Program:
    """A program of PostgreSQL that runs."""

    def __init__(self, name: str, process: Popen[bytes], errors: IO[bytes]) -> None:
        self.process = process
        self._name = name
        self._errors = errors

    def finish(self) -> None:
        """Wait for its end; raise DatabaseError with its first complaint where it failed."""
        if self.process.wait() == 0:
            return
        self._errors.seek(0)
        complaint = COMPLAINT.search(self._errors.read().decode(errors="replace"))
        raise DatabaseError(f"{self._name}: {complaint[1] if complaint else 'it failed'}")


@contextmanager
def _running(
    name: str, *arguments: str, url: sa.URL | None = None, stdin: int = DEVNULL, stdout: int = DEVNULL
) -> Iterator[_Program]:
    """Run a program of PostgreSQL, with a database where it needs one; it is gone afterwards."""
    path = shutil.which(name)
    if path is None:
        raise DatabaseError(f"{name} is not on this computer: install PostgreSQL's client programs, of the server's "
                            f"version or a newer one (Debian: postgresql-client)")  # fmt: skip
    environment = {**os.environ, "PGCONNECT_TIMEOUT": str(PATIENCE), "LC_ALL": "C"}
    if url is not None:
        plain = url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)
        arguments = (f"--dbname={plain}", "--no-password", *arguments)
        environment |= {"PGPASSWORD": str(url.password)} if url.password else {}
    with TemporaryFile() as errors:
        process = Popen([path, *arguments], stdin=stdin, stdout=stdout, stderr=errors, env=environment)
        try:
            yield _Program(name, process, errors)
        finally:
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with suppress(BrokenPipeError):
                        pipe.close()
            process.kill()
            process.wait()
