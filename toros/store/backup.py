"""Copies of SQLite files, made while the daemon works, and putting the last one back.

A backup lies beside its database: `telescope.sqlite.backup`. Those of PostgreSQL are made in `toros.store.dump`.
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

__all__ = ["age", "backup", "backup_of", "make_backup", "restore", "restore_backup"]


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
        See `restore`, and `toros.store.dump.restore`.
    """
    from toros.store import dump
    from toros.store.database import database_url

    url = database_url(config, service)
    if url.get_backend_name() == "sqlite":
        file = Path(str(url.database))
        copy, name, kind = backup_of(file), str(file), "file"
        made = _made(copy)
        aside = restore(file).name
    else:
        copy, name, kind = dump.backup_of(config, service), f"the schema {service}", "schema"
        made = _made(copy)
        aside = dump.restore(config, service, url)
    return f"{name} is as it was at {made} UTC" + (
        f"; what was there before is kept as {aside}. Orders accepted since then are in that {kind} only: senders that "
        f"still hold them should send them again" if aside else ""
    )  # fmt: skip


def make_backup(config: Config, service: str) -> Path:
    """Copy the database of one of this node's services while it is in use; return where the copy lies.

    Raises
    ------
    DatabaseError
        See `backup`, and `toros.store.dump.backup`.
    """
    from toros.store import dump
    from toros.store.database import database_url

    url = database_url(config, service)
    if url.get_backend_name() != "sqlite":
        return dump.backup(config, service, url)
    file = Path(str(url.database))
    if not file.exists():
        raise DatabaseError(f"there is no database {file}: has {service} run on this node?")
    return backup(file)


def _made(copy: Path) -> str:
    """Return when a copy was made; nothing that anybody reads where there is none."""
    moment = copy.stat().st_mtime if copy.exists() else 0.0
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M:%S}"


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
