"""A data manager's database, SQLite and PostgreSQL, with one target in it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert

from toros.data.tables import METADATA, Target, TargetName
from toros.store.database import Database

TIME = "2026-11-20T03:00:00.000"
TARGET = {"name": "SN 2026abc", "kind": "sidereal", "ra": 150.0, "dec": 20.0, "healpix": 1, "created": TIME,
          "changed": TIME}  # fmt: skip


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with two targets, made once; copied for every test."""
    folder = tmp_path_factory.mktemp("measurements")
    _prepare(f"sqlite:///{folder}/data_manager.sqlite")
    return folder


@pytest.fixture(scope="session")
def postgres_template(postgres) -> str:  # type: ignore[no-untyped-def]
    """The same in PostgreSQL."""
    url: str = postgres.url()
    _prepare(url)
    return url


def _prepare(url: str) -> None:
    database = Database(url, service="data_manager")
    database.prepare(METADATA)

    def fill(session):  # type: ignore[no-untyped-def]
        private = {"number": 2, "name": "Secret", "access": "private", "owner": "eva"}
        session.execute(insert(Target), [TARGET | {"number": 1, "access": "open", "owner": None}, TARGET | private])
        names = (("sn2026abc", "SN 2026abc", 1), ("secret", "Secret", 2))
        session.execute(insert(TargetName), [{"key": k, "name": n, "target": t, "main": True} for k, n, t in names])

    database.write(fill)
    database.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database of the test's own."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgres").url(request.getfixturevalue("postgres_template")))
    for file in request.getfixturevalue("sqlite_template").iterdir():
        shutil.copy(file, tmp_path)
    return f"sqlite:///{tmp_path}/data_manager.sqlite"


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    """That database, open."""
    database = Database(url, service="data_manager")
    database.prepare(METADATA)
    yield database
    database.close()
