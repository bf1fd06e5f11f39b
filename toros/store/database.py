"""What a daemon remembers: one SQLite file or one schema of PostgreSQL, many readers and one writer."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from toros.errors import ConfigurationError, DatabaseError
from toros.store import backup
from toros.store import connection as connections
from toros.store.lock import DaemonLock, Turnstile, hold_schema
from toros.store.log_room import lengthen_log
from toros.store.writer import Spoiled, Writer

if TYPE_CHECKING:
    from toros.config import Config

__all__ = ["Database", "database_url"]

T = TypeVar("T")
HOUR = 3600.0  # seconds
PATIENCE = 5.0  # seconds for the daemon before us to be gone
LARGE = 256 * 1024 * 1024  # bytes


def database_url(config: Config, service: str) -> sa.URL:
    """Return where a service remembers, with its password; as text the password is masked.

    Raises
    ------
    ConfigurationError
        The URL is not one, or the password file cannot be read.
    """
    text = config.database.url.replace("{service}", service).replace("{state}", str(config.state.expanduser()))
    try:
        url = sa.make_url(text)
    except (sa.exc.ArgumentError, ValueError):
        raise ConfigurationError("database.url is not a database URL; allowed: sqlite:///… or postgresql://…") from None
    password = os.environ.get("TOROS_DATABASE_PASSWORD")
    if config.database.password_file is not None:
        try:
            password = config.database.password_file.read_text().strip()
        except OSError as error:
            raise ConfigurationError(f"database.password_file cannot be read: {error.strerror}") from None
    return url.set(password=password) if password and url.get_backend_name() == "postgresql" else url


def _completed(url: sa.URL | str, service: str) -> sa.URL:
    """Return the URL with our driver; for PostgreSQL, in the service's own schema."""
    url = sa.make_url(url)
    if url.get_backend_name() == "sqlite":
        if not url.database or url.database == ":memory:":
            raise DatabaseError("a daemon remembers in a file: sqlite:///path/to/file.sqlite")
        return url.set(drivername="sqlite")
    url = url.set(drivername="postgresql+psycopg")
    return url.update_query_dict({"options": f"-csearch_path={service}", "application_name": f"toros {service}"})


class Database:
    """One daemon's database.

    Parameters
    ----------
    url : URL or str
        SQLite file or PostgreSQL; see `database_url`.
    service : str
        Whose database; names the schema in PostgreSQL.
    """

    def __init__(self, url: sa.URL | str, *, service: str) -> None:
        self.url = _completed(url, service)
        self.service = service
        self.dialect: Literal["sqlite", "postgresql"] = (
            "sqlite" if self.url.get_backend_name() == "sqlite" else "postgresql"
        )
        self.file = connections.file_of(self.url)
        self._lock: DaemonLock | None = None
        self._serving = False
        if self.file is not None:
            self._make_room()
        self._turnstile = Turnstile(self.file) if self.file is not None else None
        try:
            self._reading, self._writing = connections.reading(self.url), connections.writing(self.url)
        except ModuleNotFoundError as error:
            raise DatabaseError(f"{self.where} needs {error.name}: pip install 'toros[postgres]'") from None
        self._transactions = connections.ConnectionTransactions(self._writing, self.where, self._turnstile, self._greet)
        self._writer = Writer(self._transactions, f"writer of {service}")

    def __repr__(self) -> str:
        return f"Database({self.url!r}, service={self.service!r})"

    @property
    def where(self) -> str:
        """What to call it in a sentence; without the password."""
        if self.file is not None:
            return f"the database {self.file}"
        return f"the PostgreSQL database {self.url.database} at {self.url.host or 'the local socket'}"

    def prepare(self, tables: sa.MetaData | None = None) -> None:
        """Check the database, take it for this daemon alone, and bring it to today's version.

        Parameters
        ----------
        tables : MetaData, optional
            The service's own tables. Where the service has a branch of migrations they make the tables; where it
            has none (a service in a test), missing tables are created from here.

        Raises
        ------
        DatabaseError
            It is damaged, of a newer version, held by another daemon, or cannot be reached.
        """
        from toros.store import health, upgrade

        try:
            if self.file is not None and self._lock is None:
                self._lock = DaemonLock.of(self.file)
                health.check(self.file)
            self._serving = True
            upgrade.upgrade(self, tables)
            self.keep_backup()
        except BaseException as error:
            self.close()
            explained = connections.explain(error, self.where)
            if explained is None and isinstance(error, sa.exc.DBAPIError):
                line = str(error.orig).strip().splitlines()[0]
                explained = DatabaseError(f"{self.where} cannot be brought to this version: {line}")
            if explained is None or explained is error:
                raise
            raise explained from error

    def quicken(self) -> None:
        """Have the first changes be durable as quickly as later ones; for a daemon, which goes on to make many."""
        if self.file is not None and self._turnstile is not None:
            with self._turnstile:
                lengthen_log(self.file)

    def read(self, query: Callable[[Session], T]) -> T:
        """Run a query in a session that cannot write, on the caller's thread.

        Raises
        ------
        DatabaseError
            The database is away or damaged.
        """
        try:
            with Session(self._reading, expire_on_commit=False) as session:
                return query(session)
        except (sa.exc.DBAPIError, sa.exc.TimeoutError) as error:
            explained = connections.explain(error, self.where)
            if explained is None:
                raise
            raise explained from error

    def write(self, change: Callable[[Session], T]) -> T:
        """Run a change and return when it is durable; a change that raises leaves nothing behind.

        The change runs on the writer's thread and must be short: it holds up every other one.

        Raises
        ------
        DatabaseError
            The database is full or away: nothing was stored.
        """
        if self._writer.here:
            raise RuntimeError("write() inside a change would wait for itself: use the session at hand")
        return self.submit(change).result()

    def submit(self, change: Callable[[Session], T]) -> Future[T]:
        """Line a change up without waiting; see `write`."""
        return self._writer.submit(lambda: self._in_session(change))

    def submit_plain(self, change: Callable[[connections.Driver], T]) -> Future[T]:
        """Line up a change of compiled statements, without a session: for what happens thousands of times.

        Such a change has no savepoint: it must raise its own errors before it writes.
        """
        return self._writer.submit(lambda: self._plainly(change))

    def afterwards(self, call: Callable[[], None]) -> None:
        """From inside a change: call this once the change is durable."""
        self._writer.afterwards(call)

    def driver(self) -> connections.Driver:
        """From inside a change: the driver of its transaction."""
        return self._transactions.driver

    def compiled(self, clause: sa.sql.ClauseElement) -> connections.Statement:
        """Compile a statement for this database."""
        return connections.compiled(clause, self.dialect)

    def on_connection(self, work: Callable[[Connection], Any]) -> None:
        """Run maintenance (migrations) on the writer's connection, in one transaction."""
        self._writer.submit(lambda: work(self._transactions.connection)).result()

    def keep_backup(self, every: float = HOUR) -> None:
        """Make a new backup of a SQLite file where the last one is older than this; of a large file, than a day.

        Parameters
        ----------
        every : float
            Seconds.

        Raises
        ------
        DatabaseError
            There is no room for it; the last one stays.
        """
        if self.file is not None:
            allowed = every if self.file.stat().st_size <= LARGE else 24 * HOUR
            if backup.age(self.file) > allowed:
                backup.backup(self.file)

    def close(self) -> None:
        """Commit what waits, then let go of the database."""
        self._writer.close()
        self._reading.dispose()
        self._writing.dispose()
        if self._lock is not None:
            self._lock.release()
            self._lock = None
        if self._turnstile is not None:
            self._turnstile.close()
            self._turnstile = None

    def _make_room(self) -> None:
        assert self.file is not None
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            if not self.file.exists():
                os.close(os.open(self.file, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
        except OSError as error:
            raise DatabaseError(f"{self.where} cannot be made: {error.strerror}") from None

    def _in_session(self, change: Callable[[Session], T]) -> T:
        with Session(
            self._transactions.connection, join_transaction_mode="create_savepoint", expire_on_commit=False
        ) as session:
            value = change(session)
            session.commit()
        return value

    def _plainly(self, change: Callable[[connections.Driver], T]) -> T:
        try:
            return change(self._transactions.driver)
        except Exception as error:
            if type(error).__module__.split(".")[0] in ("sqlite3", "psycopg"):
                raise Spoiled from error
            raise

    def _greet(self, connection: Connection) -> None:
        """On PostgreSQL, hold the schema for this daemon alone as long as the connection lives.

        The server may need a moment to notice that the daemon before us was killed, or that our own connection broke.
        """
        if self.dialect == "sqlite" or not self._serving:
            return
        until = time.monotonic() + PATIENCE
        while not hold_schema(connection, self.service):
            connection.commit()
            if time.monotonic() > until:
                where = f"{self.where}, schema {self.service},"
                raise DatabaseError(f"{where} is in use by another daemon: stop that one first")
            time.sleep(0.05)
        connection.commit()
