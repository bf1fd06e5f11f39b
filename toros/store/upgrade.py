"""Bringing a database to today's version; alembic is loaded only when there is something to do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from toros.errors import DatabaseError
from toros.store import backup

if TYPE_CHECKING:
    from toros.store.database import Database

__all__ = ["heads", "migrate", "upgrade"]

FOLDER = Path(__file__).parent / "migrations"
LEDGER = "ledger"


def heads(service: str) -> dict[str, int]:
    """Return the newest revision of each branch that a service's database holds: branch name to number.

    A revision is a file `migrations/versions/<branch>/NNNN_<what>.py` that calls itself `<branch>_NNNN`.
    """
    found = {}
    for branch in (LEDGER, service):
        numbers = [int(path.name[:4]) for path in (FOLDER / "versions" / branch).glob("[0-9][0-9][0-9][0-9]_*.py")]
        if numbers:
            found[branch] = max(numbers)
    return found


def upgrade(database: Database, tables: sa.MetaData | None) -> None:
    """Bring the ledger's branch and the service's own to their heads.

    Raises
    ------
    DatabaseError
        The database was written by a newer version.
    """
    wanted = heads(database.service)
    _make_schema(database)
    current = database.read(lambda session: _current(session.connection()))
    _refuse_newer(database, current, wanted)
    if current != wanted:
        if current and database.file is not None:
            backup.backup(database.file)
        migrate(database, wanted)
    if tables is not None and database.service not in wanted:
        database.on_connection(tables.create_all)


def _make_schema(database: Database) -> None:
    """Make a service's own schema in PostgreSQL; the first writing, by which a second daemon is refused."""
    if database.dialect == "postgresql":
        database.on_connection(lambda c: c.execute(sa.schema.CreateSchema(database.service, if_not_exists=True)))


def _current(connection: Connection) -> dict[str, int]:
    """Return the revision of each branch in the database; empty for a new one."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return {}
    names = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalars()
    matches = (re.fullmatch(r"(.+)_(\d{4})", name) for name in names)
    return {match[1]: int(match[2]) for match in matches if match}


def _refuse_newer(database: Database, current: dict[str, int], wanted: dict[str, int]) -> None:
    for branch, number in current.items():
        if number > wanted.get(branch, 0):
            raise DatabaseError(
                f"{database.where} was written by a newer version of TOROS (its {branch} tables are at revision "
                f"{number}, this version knows {wanted.get(branch, 0)}): install that version again, or restore a "
                f"backup from before"
            )


def migrate(database: Database, wanted: Mapping[str, int]) -> None:
    """Bring branches to these revisions.

    Parameters
    ----------
    wanted : mapping of str to int
        Branch name to number; see `heads`.
    """
    _make_schema(database)
    database.on_connection(lambda connection: _run(connection, wanted))


def _run(connection: Connection, wanted: Mapping[str, int]) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", "\n".join(str(FOLDER / "versions" / name) for name in wanted))
    config.attributes["connection"] = connection
    for branch, number in wanted.items():
        command.upgrade(config, f"{branch}_{number:04d}")
