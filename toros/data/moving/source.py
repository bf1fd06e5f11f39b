"""Somebody else's database, read and never written: a SQLite file, or PostgreSQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa

from toros.errors import Permanent

__all__ = ["Record", "Source"]

PAGE = 500  # rows read at a time
MAGIC = b"SQLite format 3\x00"
Record = Mapping[str, Any]


class Source:
    """A database of another system.

    Parameters
    ----------
    engine : Engine
        Its connections cannot write.

    Attributes
    ----------
    tables : dict
        Its tables, by name.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        metadata = sa.MetaData()
        try:
            metadata.reflect(engine, resolve_fks=False)
        except sa.exc.DBAPIError as error:
            engine.dispose()
            raise Permanent(f"the database cannot be read: {str(error.orig).strip().splitlines()[0]}") from None
        self.tables = dict(metadata.tables)

    @classmethod
    def of_file(cls, path: Path) -> Source:
        """Open a SQLite file; raise Permanent where it is none."""
        with path.open("rb") as stream:
            if stream.read(len(MAGIC)) != MAGIC:
                raise Permanent(f"{path.name} is not a SQLite database")
        where = f"file:{quote(str(path.absolute()))}?mode=ro"

        def connect() -> sqlite3.Connection:
            connection = sqlite3.connect(where, uri=True, check_same_thread=False)
            connection.execute("PRAGMA query_only = ON")
            connection.execute("PRAGMA trusted_schema = OFF")
            return connection

        return cls(sa.create_engine("sqlite://", creator=connect, poolclass=sa.NullPool))

    @classmethod
    def of_url(cls, url: str | sa.URL) -> Source:
        """Open a database by its URL: for who moves in from PostgreSQL."""
        made = sa.make_url(url)
        if made.get_backend_name() == "postgresql":
            options = {"options": "-c default_transaction_read_only=on"}
            return cls(sa.create_engine(made.set(drivername="postgresql+psycopg"), connect_args=options))
        return cls.of_file(Path(made.database or ""))

    def close(self) -> None:
        """Let go of it."""
        self._engine.dispose()

    def table(self, *names: str) -> sa.Table | None:
        """Return the first of these tables that is there."""
        return next((self.tables[name] for name in names if name in self.tables), None)

    def pages(self, table: sa.Table, *conditions: sa.ColumnElement[bool]) -> Iterator[list[Record]]:
        """Yield all rows of a table in the order of `id`, a page at a time."""
        last: Any = None
        while True:
            query = sa.select(table).where(*conditions).order_by(table.c.id).limit(PAGE)
            page = self.all(query if last is None else query.where(table.c.id > last))
            if page:
                yield page
            if len(page) < PAGE:
                return
            last = page[-1]["id"]

    def hanging(self, table: sa.Table | None, column: str, numbers: Sequence[Any]) -> dict[Any, list[Record]]:
        """Return the rows of a table whose column holds one of these numbers, by number."""
        found: dict[Any, list[Record]] = {}
        if table is not None and numbers:
            for row in self.all(sa.select(table).where(table.c[column].in_(numbers))):
                found.setdefault(row[column], []).append(row)
        return found

    def count(self, table: sa.Table | None, *conditions: sa.ColumnElement[bool]) -> int:
        """Return how many rows of a table fulfil conditions; 0 where there is no such table."""
        if table is None:
            return 0
        with self._engine.connect() as connection:
            return connection.scalar(sa.select(sa.func.count()).select_from(table).where(*conditions)) or 0

    def all(self, query: sa.Select[Any]) -> list[Record]:
        """Return all rows of a query."""
        with self._engine.connect() as connection:
            return [{**row} for row in connection.execute(query).mappings()]
