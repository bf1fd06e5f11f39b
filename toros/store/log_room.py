"""Room in SQLite's write-ahead log, made before it is needed.

A sync that also lengthens its file waits for the disk twice. SQLite gives the log back whenever a daemon stops, so that
a desk which takes a few hundred orders a day would lengthen it for every one of them.
"""

from __future__ import annotations

import logging
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

__all__ = ["LOG_PAGES", "lengthen_log"]

log = logging.getLogger(__name__)

LOG_PAGES = 4000  # 16 MB; then what they hold is copied into the database, and the log begins again
PAGE = 4096  # bytes, SQLite's default
SHARE = 16  # of what is free on the disk, the log takes at most this part


def lengthen_log(file: Path) -> None:
    """Make the log of a database as long as it becomes before it begins again; leave it where the disk is nearly full.

    The pages come from a change that is taken back: nothing of it is ever read, nor written to the database itself.
    Some other connection must be open, since the last one to close takes the log away.

    Parameters
    ----------
    file : Path
        The database, which nobody is writing to.
    """
    size = LOG_PAGES * PAGE
    try:
        if shutil.disk_usage(file.parent).free < SHARE * size:
            return
        with closing(sqlite3.connect(file, isolation_level=None)) as connection:
            connection.execute("PRAGMA cache_size=10")  # pages: what does not fit is written to the log at once
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("CREATE TABLE room (filler BLOB)")
            connection.execute("INSERT INTO room VALUES (zeroblob(?))", (size,))
            connection.execute("ROLLBACK")
            with file.with_name(file.name + "-wal").open("r+b") as grown:
                os.fdatasync(grown.fileno())
    except (OSError, sqlite3.Error) as error:
        log.info("the log of %s grows as it is needed: %s", file, error)
