"""Copies of SQLite files, made while the daemon works, and putting the last one back.

A backup lies beside its database: `telescope.sqlite.backup`. PostgreSQL has its own tools for this.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from toros.errors import DatabaseError
from toros.store import health
from toros.store.lock import DaemonLock

if TYPE_CHECKING:
    from toros.config import Config

__all__ = ["age", "backup", "backup_of", "restore", "restore_backup"]


def backup_of(file: Path) -> Path:
    """Return where the backup of a database lies."""
    return file.with_name(file.name + ".backup")


def age(file: Path) -> float:
    """Return how old the backup of a database is, in seconds; infinite where there is none."""
    try:
        return max(0.0, time.time() - backup_of(file).stat().st_mtime)
    except FileNotFoundError:
        return float("inf")


def backup(file: Path) -> Path:
    """Copy a database as it is now, while others read and write it; the previous copy is replaced at the end.

    Raises
    ------
    DatabaseError
        It cannot be read, or the copy cannot be written; the previous one stays.
    """
    new = file.with_name(file.name + ".backup.new")
    try:
        new.unlink(missing_ok=True)
        _copy(file, new)
        _settle(new, backup_of(file))
    except (sqlite3.Error, OSError) as error:
        new.unlink(missing_ok=True)
        raise DatabaseError(f"no backup of {file} could be made: {error}") from None
    return backup_of(file)


def restore(file: Path) -> Path:
    """Put the last backup of a database in its place; what was there is kept beside it.

    Returns
    -------
    Path
        Where the damaged database lies now.

    Raises
    ------
    DatabaseError
        There is no backup, it is damaged too, or a daemon uses the database.
    """
    source = backup_of(file)
    if not source.exists():
        raise DatabaseError(f"there is no backup of {file}: to begin anew, move it away yourself")
    lock = DaemonLock.of(file)
    try:
        health.check(source)
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
        aside = file.with_name(f"{file.name}.damaged-{stamp}")
        for ending in ("-wal", "-shm", ""):
            part = file.with_name(file.name + ending)
            if part.exists():
                part.rename(file.with_name(f"{aside.name}{ending}"))
        new = file.with_name(file.name + ".new")
        shutil.copyfile(source, new)
        _settle(new, file)
    except OSError as error:
        raise DatabaseError(f"{file} could not be restored: {error}") from None
    finally:
        lock.release()
    return aside


def restore_backup(config: Config, service: str) -> str:
    """Restore the database of one of this node's services; return what was done, in a sentence.

    Raises
    ------
    DatabaseError
        See `restore`; or the service remembers in PostgreSQL.
    """
    from toros.store.database import database_url

    url = database_url(config, service)
    if url.get_backend_name() != "sqlite":
        raise DatabaseError(f"{service} remembers in PostgreSQL: restore it with pg_restore from your own backups")
    file = Path(str(url.database))
    made = datetime.fromtimestamp(time.time() - min(age(file), time.time()), UTC)
    aside = restore(file)
    return (
        f"{file} is as it was at {made:%Y-%m-%d %H:%M:%S} UTC; what was there before is kept as {aside.name}. "
        f"Orders accepted since then are in that file only: senders that still hold them should send them again"
    )


def _copy(file: Path, new: Path) -> None:
    source = sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=30)
    try:
        target = sqlite3.connect(new)
        try:
            target.execute("PRAGMA synchronous=OFF")  # synced once, at the end
            source.backup(target)
        finally:
            target.close()
    finally:
        source.close()


def _settle(new: Path, name: Path) -> None:
    """Make a new file durable and give it its name in one step."""
    new.chmod(0o600)
    for path in (new, new.parent):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
            if path == new:
                new.rename(name)
        finally:
            os.close(handle)
