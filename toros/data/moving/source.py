"""Somebody else's database, read and never written: a SQLite file, or PostgreSQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa

from toros.config.secrets import masked
from toros.errors import Permanent, Temporary

__all__ = ["LONGEST", "Record", "Source"]

PAGE = 500  # rows read at a time
LONGEST = 20_000  # characters of a cell that are read; it is cut behind them
LARGEST = 64 * 1024 * 1024  # bytes of a cell that SQLite handles at all
PATIENCE = 10  # seconds for a server to answer
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

    Raises
    ------
    Permanent
        It cannot be read.
    Temporary
        Its server does not answer.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._cut: dict[tuple[str, str | None], list[Any]] = {}
        metadata = sa.MetaData()
        try:
            metadata.reflect(engine, resolve_fks=False)
        except sa.exc.SQLAlchemyError as error:
            engine.dispose()
            remote = engine.dialect.name != "sqlite" and isinstance(error, sa.exc.OperationalError)
            raise (Temporary if remote else Permanent)(_words(error)) from None
        self.tables = dict(metadata.tables)
        if engine.dialect.name == "sqlite":  # a cell holds what it likes there, whatever its column is called
            for column in (column for table in self.tables.values() for column in table.c):
                column.type = sa.types.NullType()

    @classmethod
    def of_file(cls, path: Path) -> Source:
        """Open a SQLite file; raise Permanent where it is none."""
        if not path.is_file():
            raise Permanent(f"{path.name} is not a file")
        with path.open("rb") as stream:
            if stream.read(len(MAGIC)) != MAGIC:
                raise Permanent(f"{path.name} is not a SQLite database")
        where = f"file:{quote(str(path.absolute()))}?mode=ro"

        def connect() -> sqlite3.Connection:
            connection = sqlite3.connect(where, uri=True, check_same_thread=False)
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LARGEST)
            connection.text_factory = lambda text: text.decode("utf-8", "replace")
            connection.execute("PRAGMA query_only = ON")
            connection.execute("PRAGMA trusted_schema = OFF")
            return connection

        return cls(sa.create_engine("sqlite://", creator=connect, poolclass=sa.StaticPool))

    @classmethod
    def of_url(cls, url: str | sa.URL) -> Source:
        """Open a database by its URL; PostgreSQL in transactions that cannot write."""
        made = sa.make_url(url)
        if made.get_backend_name() == "postgresql":
            options = {"options": "-c default_transaction_read_only=on", "connect_timeout": PATIENCE}
            engine = sa.create_engine(made.set(drivername="postgresql+psycopg"), connect_args=options)
            return cls(engine.execution_options(postgresql_readonly=True))
        return cls.of_file(Path(made.database or ""))

    def close(self) -> None:
        """Let go of it."""
        self._engine.dispose()

    def table(self, *names: str, columns: Iterable[str] = ()) -> sa.Table | None:
        """Return the first of these tables that is there; raise Permanent where it lacks one of these columns."""
        found = next((self.tables[name] for name in names if name in self.tables), None)
        missing = [] if found is None else [name for name in columns if name not in found.c]
        if found is not None and missing:
            raise Permanent(f"the table {found.name} has no column {missing[0]}: it is of another version than we know")
        return found

    def pages(
        self, table: sa.Table, *conditions: sa.ColumnElement[bool], after: int = 0, long: str | None = None,
        size: int = PAGE,
    ) -> Iterator[list[Record]]:  # fmt: skip
        """Yield all rows of a table in the order of `id`, a page at a time.

        Parameters
        ----------
        after : int
            Rows up to this `id` are left out.
        long : str, optional
            A column that is read whole; the others are cut behind `LONGEST` characters.
        size : int
            Rows of a page.
        """
        last: Any = after
        while True:
            query = sa.select(*self._cells(table, long)).where(table.c.id > last, *conditions)
            page = self.all(query.order_by(table.c.id).limit(size))
            if not all(isinstance(row["id"], int) for row in page):
                raise Permanent(f"the table {table.name} has a row whose id is no number")
            if page:
                yield page
            if len(page) < size:
                return
            last = page[-1]["id"]

    def hanging(self, table: sa.Table | None, column: str, numbers: Sequence[Any]) -> dict[Any, list[Record]]:
        """Return the rows of a table whose column holds one of these numbers, by number."""
        found: dict[Any, list[Record]] = {}
        if table is not None and numbers:
            for row in self.all(sa.select(*self._cells(table)).where(table.c[column].in_(numbers))):
                found.setdefault(row[column], []).append(row)
        return found

    def count(self, table: sa.Table | None, *conditions: sa.ColumnElement[bool]) -> int:
        """Return how many rows of a table fulfil conditions; 0 where there is no such table."""
        if table is None:
            return 0
        with self._reading() as connection:
            return connection.scalar(sa.select(sa.func.count()).select_from(table).where(*conditions)) or 0

    def all(self, query: sa.Select[Any]) -> list[Record]:
        """Return all rows of a query."""
        with self._reading() as connection:
            return [{**row} for row in connection.execute(query).mappings()]

    def length(self, column: sa.ColumnElement[Any]) -> sa.ColumnElement[int]:
        """Return how many characters a cell has."""
        return sa.func.length(sa.cast(column, sa.Text))

    def _cells(self, table: sa.Table, long: str | None = None) -> list[Any]:
        if (table.name, long) in self._cut:
            return self._cut[table.name, long]
        texts = (sa.String, sa.JSON) + ((sa.types.NullType,) if self._engine.dialect.name == "sqlite" else ())
        cut = self._cut[table.name, long] = []
        for column in table.c:
            cell: Any = sa.cast(column, sa.Text) if isinstance(column.type, sa.JSON) else column
            if isinstance(column.type, texts) and column.name not in (long, "id"):
                brief = sa.func.substr(cell, 1, LONGEST + 1)
                cell = sa.case((sa.func.length(cell) > LONGEST, brief), else_=cell)
            cut.append(cell if cell is column else cell.label(column.name))
        return cut

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        try:
            with self._engine.connect() as connection:
                yield connection
        except (sa.exc.SQLAlchemyError, OverflowError) as error:
            raise Permanent(_words(error)) from None


def _words(error: Exception) -> str:
    reason = str(getattr(error, "orig", None) or error).strip().splitlines() or ["it says no reason"]
    return f"the database cannot be read: {masked(reason[0])[:200]}"
