"""Engines and connections: how SQLite and PostgreSQL are opened, driven, and what their failures mean."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Engine

from toros.errors import DatabaseError
from toros.store.lock import Turnstile
from toros.store.log_room import LOG_PAGES

__all__ = ["BINARY", "ConnectionTransactions", "Driver", "Statement", "compiled", "explain", "reading", "writing"]

BUSY = 30.0  # seconds to wait for a lock of SQLite; with the turnstile nobody gets near it
_BROKEN = frozenset({5, 6, 7, 8, 10, 11, 13, 14, 26})  # SQLite: busy, locked, memory, read-only, I/O, corrupt, full,
# cannot open, not a database
_BINARY = "toros_binary"
BINARY = {_BINARY: True}  # execution options of a statement that reads thousands of numbers
_READ_PRAGMAS = ("foreign_keys=ON", "query_only=ON")
_WRITE_PRAGMAS = (
    "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "journal_size_limit=67108864",
    f"wal_autocheckpoint={LOG_PAGES}",  # with SQLite's 1000, every hundredth order waits 2 ms for a checkpoint
    "cache_size=-65536",  # kB at most: with SQLite's 2 MB, many rows spread over many indexes are read again and again
)  # fmt: skip


def writing(url: sa.URL) -> Engine:
    """Return the engine of the one connection that writes."""
    return _engine(url, "BEGIN IMMEDIATE", _WRITE_PRAGMAS, read_only=False)


def reading(url: sa.URL) -> Engine:
    """Return the engine for reading; it refuses to write."""
    return _engine(url, "BEGIN", _READ_PRAGMAS, read_only=True)


def _engine(url: sa.URL, begin: str, pragmas: tuple[str, ...], *, read_only: bool) -> Engine:
    if url.get_backend_name() == "sqlite":
        return _sqlite_engine(url, begin, pragmas)
    options: dict[str, Any] = {"postgresql_readonly": True} if read_only else {}
    engine = sa.create_engine(
        url, pool_size=4, max_overflow=12, pool_pre_ping=read_only, execution_options=options,
        connect_args={"connect_timeout": 5},
    )  # fmt: skip
    event.listen(engine, "before_cursor_execute", _take_binary)
    return engine


def _take_binary(_connection: object, cursor: Any, _statement: str, _values: object, context: Any, _many: bool) -> None:
    """Have PostgreSQL send numbers as they are, not as text, where a statement asks for that: see `BINARY`."""
    if context is not None and context.execution_options.get(_BINARY):
        cursor.format = 1


def _sqlite_engine(url: sa.URL, begin: str, pragmas: tuple[str, ...]) -> Engine:
    engine = sa.create_engine(
        url, pool_size=4, max_overflow=12, poolclass=sa.QueuePool,
        connect_args={"timeout": BUSY, "isolation_level": None, "check_same_thread": False, "cached_statements": 256},
    )  # fmt: skip

    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")

    def start(connection: Connection) -> None:
        if not connection.connection.driver_connection.in_transaction:  # type: ignore[union-attr]
            connection.exec_driver_sql(begin)

    event.listen(engine, "connect", prepare)
    event.listen(engine, "begin", start)
    return engine


def explain(error: BaseException, where: str) -> DatabaseError | None:
    """Return what a failure of the database means, in one sentence; None where it is not one."""
    if isinstance(error, DatabaseError):
        return error
    cause = error.orig if isinstance(error, sa.exc.DBAPIError) and error.orig is not None else error
    if isinstance(cause, sqlite3.Error):
        return _explain_sqlite(cause, where)
    if type(cause).__module__.startswith("psycopg"):
        return _explain_postgresql(cause, where)
    if isinstance(cause, sa.exc.TimeoutError | sa.exc.InvalidRequestError) and "invalid transaction" in str(cause):
        return DatabaseError(f"{where} went away; it is tried again")
    return None


def _explain_sqlite(error: sqlite3.Error, where: str) -> DatabaseError | None:
    code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
    if code not in _BROKEN:
        return None
    if code == 13:
        return DatabaseError(f"the disk that holds {where} is full: nothing was stored; it goes on once there is room")
    if code in (11, 26):
        return DatabaseError(f"{where} is damaged ({error}): stop the daemon and run `toros doctor` to restore it")
    return DatabaseError(f"{where} cannot be used now: {error}")


def _explain_postgresql(error: BaseException, where: str) -> DatabaseError | None:
    kinds = {kind.__name__ for kind in type(error).__mro__}
    if kinds.isdisjoint({"OperationalError", "InterfaceError", "InFailedSqlTransaction"}):
        return None
    line = (str(error).strip() or type(error).__name__).splitlines()[0]
    return DatabaseError(f"{where} cannot be used now: {line}")


@dataclass(frozen=True)
class Statement:
    """SQL in the driver's own spelling, with the values that never change."""

    text: str
    fixed: Mapping[str, Any]


def compiled(clause: sa.sql.ClauseElement, backend: str) -> Statement:
    """Compile a statement once, for the hot path."""
    psycopg: Any = postgresql.psycopg.dialect
    dialect: Any = sqlite.dialect(paramstyle="named") if backend == "sqlite" else psycopg()
    result: Any = clause.compile(dialect=dialect)
    fixed = {name: bind.effective_value for name, bind in result.binds.items() if not bind.required}
    return Statement(str(result), fixed)


class Driver:
    """Runs compiled statements straight on the database's driver.

    Parameters
    ----------
    connection : Connection
        Stays open while this is used.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        raw: Any = connection.connection.driver_connection
        self._raw, self._cursor = raw, raw.cursor()
        self._begin = "BEGIN IMMEDIATE" if connection.dialect.name == "sqlite" else "SELECT 1"

    def begin(self) -> None:
        """Begin to write; PostgreSQL's driver begins by itself with a first statement, which tells whether it lives."""
        self._cursor.execute(self._begin)

    def commit(self) -> None:
        """Make everything durable, whoever began it."""
        if self._connection.in_transaction():
            self._connection.commit()
        else:
            self._raw.commit()

    def run(self, statement: Statement, /, **values: Any) -> Any:
        """Run a statement and return the cursor: fetch what it gives before the next one runs."""
        self._cursor.execute(statement.text, {**statement.fixed, **values})
        return self._cursor


class ConnectionTransactions:
    """The writer's connection: opened when needed, given up when broken, opened again.

    Parameters
    ----------
    engine : Engine
        From `writing`.
    where : str
        What to call the database in a sentence.
    turnstile : Turnstile, optional
        Where other processes may write to the same file.
    greet : callable, optional
        Called with every new connection, before its first use.
    """

    def __init__(
        self, engine: Engine, where: str, turnstile: Turnstile | None, greet: Callable[[Connection], None] | None
    ) -> None:
        self.certain = engine.dialect.name == "sqlite"
        self._engine = engine
        self._where = where
        self._turnstile = turnstile
        self._greet = greet
        self._inside = False
        self._connection: Connection | None = None
        self._driver: Driver | None = None

    @property
    def connection(self) -> Connection:
        """The connection, in a transaction."""
        assert self._connection is not None
        if not self._connection.in_transaction():
            self._connection.begin()  # the driver's is under way: SQLAlchemy learns of it only where it is needed
        return self._connection

    @property
    def driver(self) -> Driver:
        """The same, for compiled statements."""
        assert self._driver is not None
        return self._driver

    def begin(self) -> None:
        """Wait for our turn and start a transaction, on a new connection where the old one is broken."""
        if self._turnstile is not None:
            self._turnstile.__enter__()
            self._inside = True
        try:
            self._begin()
        except BaseException:
            self._give_up()
            self._leave()
            raise

    def _begin(self) -> None:
        """Begin on the connection at hand; where it is broken, on a new one: nothing was done on the old."""
        if self._driver is not None:
            try:
                self._driver.begin()
                return
            except self._engine.dialect.loaded_dbapi.Error:
                self._give_up()
        connection = self._engine.connect()
        if self._greet is not None:
            self._greet(connection)
        self._connection, self._driver = connection, Driver(connection)
        self._driver.begin()

    def commit(self) -> None:
        """Make it durable and let the next one in."""
        self.driver.commit()
        self._leave()

    def rollback(self) -> None:
        """Forget the transaction and the connection: what failed once is opened anew."""
        try:
            if self._connection is not None:
                self._connection.rollback()
        finally:
            self._give_up()
            self._leave()

    def close(self) -> None:
        """Close the connection."""
        self._give_up()
        self._leave()

    def explain(self, error: BaseException) -> DatabaseError | None:
        """Return what a failure of the database means; None where a change was wrong."""
        return explain(error, self._where)

    def _give_up(self) -> None:
        connection, self._connection, self._driver = self._connection, None, None
        if connection is not None:
            connection.invalidate()
            connection.close()

    def _leave(self) -> None:
        if self._inside and self._turnstile is not None:
            self._inside = False
            self._turnstile.__exit__(None, None, None)


def file_of(url: sa.URL) -> Path | None:
    """Return the file of a SQLite database; None for PostgreSQL."""
    return Path(url.database or "") if url.get_backend_name() == "sqlite" else None
