"""Every test of the ledger runs on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.postgres import PostgresServer, postgres
from tests.unit.store.desk import Desk
from toros.store.database import Database

__all__ = ["postgres"]

SERVICES = ("preprocessor", "telescope", "alert_robot")
Opened = Callable[..., Database]


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database with the tables of the services above, empty."""
    if request.param == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres")
        return server.url(request.getfixturevalue("postgres_template"))
    for file in request.getfixturevalue("sqlite_template").iterdir():
        shutil.copy(file, tmp_path)
    return f"sqlite:///{tmp_path}/{{service}}.sqlite"


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Prepared once, copied for every test."""
    folder = tmp_path_factory.mktemp("template")
    _prepare(f"sqlite:///{folder}/{{service}}.sqlite")
    return folder


@pytest.fixture(scope="session")
def postgres_template(postgres: PostgresServer) -> str:
    """Prepared once, copied for every test."""
    url = postgres.url()
    _prepare(url)
    return url


def _prepare(url: str) -> None:
    for service in SERVICES:
        database = Database(url.format(service=service), service=service)
        database.prepare()
        database.close()


@pytest.fixture
def opened(url: str) -> Iterator[Opened]:
    """Open the database as a service does; closed at the end."""
    databases: list[Database] = []

    def open_(service: str = "preprocessor") -> Database:
        database = Database(url.format(service=service), service=service)
        databases.append(database)
        database.prepare()
        return database

    yield open_
    for database in databases:
        database.close()


@pytest.fixture
def desk(opened: Opened) -> Desk:
    """The preprocessor's: its orders may be repeated."""
    return Desk(opened())


@pytest.fixture
def telescope(opened: Opened) -> Desk:
    """The telescope's: its orders may never be repeated."""
    return Desk(opened("telescope"))
