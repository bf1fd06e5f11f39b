"""Whether a SQLite file can be trusted; asked before a daemon starts to serve from it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from toros.errors import DatabaseError

__all__ = ["check"]

THOROUGH = 64 * 1024 * 1024  # bytes; larger files get the quick check, which does not compare indexes with tables


def check(file: Path) -> None:
    """Read the whole file and refuse it where a page is damaged or missing.

    Raises
    ------
    DatabaseError
        With what to do about it.
    """
    if not file.exists():
        return
    if file.stat().st_size == 0:
        raise _damaged(file, "it is empty")
    pragma = "integrity_check" if file.stat().st_size <= THOROUGH else "quick_check"
    try:
        connection = sqlite3.connect(file)
        try:
            found = connection.execute(f"PRAGMA {pragma}(1)").fetchone()[0]
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise _damaged(file, str(error)) from None
    if found != "ok":
        raise _damaged(file, found)


def _damaged(file: Path, what: str) -> DatabaseError:
    line = " ".join(what.split())
    return DatabaseError(
        f"the database {file} is damaged ({line}): nothing was changed; run `toros doctor` to restore its last backup"
    )
