"""Whether a SQLite file can be trusted; asked before a daemon starts to serve from it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from toros.errors import DatabaseError

__all__ = ["check"]

THOROUGH = 64 * 1024 * 1024  # bytes; in larger files, tables are not compared with indexes and each other
WHAT_TO_DO = "nothing was changed; `toros doctor --restore SERVICE` puts its last backup in its place"


def check(file: Path) -> None:
    """Read the whole file and refuse it where a page is damaged or missing, or where it should be and is not.

    Raises
    ------
    DatabaseError
        With what to do about it.
    """
    if not file.exists() or file.stat().st_size == 0:
        _refuse_vanished(file)
        return
    if _cut_short(file):
        raise _damaged(file, "its end is missing")
    thorough = file.stat().st_size <= THOROUGH
    try:
        connection = sqlite3.connect(file, timeout=30)
        try:
            found = connection.execute(f"PRAGMA {'integrity' if thorough else 'quick'}_check(1)").fetchone()[0]
            broken = connection.execute("PRAGMA foreign_key_check").fetchone() if thorough else None
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise _damaged(file, str(error)) from None
    if found != "ok":
        raise _damaged(file, found)
    if broken is not None:
        raise _damaged(file, f"rows of {broken[0]} belong to rows of {broken[2]} that are missing")


def _cut_short(file: Path) -> bool:
    """Return True where the file is shorter than its first page says and no log can hold the rest."""
    log = file.with_name(file.name + "-wal")
    if log.exists() and log.stat().st_size > 0:
        return False
    with file.open("rb") as stream:
        head = stream.read(100)
    size = int.from_bytes(head[16:18], "big") if len(head) == 100 else 0
    pages = int.from_bytes(head[28:32], "big")
    return file.stat().st_size < pages * (65536 if size == 1 else size)


def _refuse_vanished(file: Path) -> None:
    """An empty or missing file is a new database, unless it was backed up before: then its orders are gone."""
    if file.with_name(file.name + ".backup").exists():
        what = "empty" if file.exists() else "missing"
        raise DatabaseError(
            f"the database {file} is {what}, although this desk has remembered orders in it: {WHAT_TO_DO}, and moving "
            f"{file.name}.backup away begins anew"
        )


def _damaged(file: Path, what: str) -> DatabaseError:
    line = " ".join(what.replace("***", " ").split())
    return DatabaseError(f"the database {file} is damaged ({line}): {WHAT_TO_DO}")
