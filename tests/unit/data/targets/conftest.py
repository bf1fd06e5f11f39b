"""Databases of targets, SQLite and PostgreSQL: made once, copied for each test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.postgres import postgres
from tests.unit.data.targets.room import Room
from toros.data.tables import METADATA
from toros.store.database import Database

__all__ = ["postgres"]

KINDS = ["sqlite", "postgresql"]


def prepared(url: str) -> None:
    """Make a data manager's tables."""
    database = Database(url, service="data_manager")
    database.prepare(METADATA)
    database.close()


@pytest.fixture(scope="session")
def templates() -> dict[str, str]:
    """Keep one empty data manager of each kind, made when first asked for."""
    return {}


@pytest.fixture(params=KINDS)
def room(
    request: pytest.FixtureRequest, templates: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Room]:
    """An empty data manager."""
    yield from _room(request, templates, tmp_path_factory)


@pytest.fixture(scope="module", params=KINDS)
def full_room(
    request: pytest.FixtureRequest, templates: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Room]:
    """A data manager for a whole module: whoever fills it does it once."""
    yield from _room(request, templates, tmp_path_factory)


def _room(request: pytest.FixtureRequest, templates: dict[str, str], folders: pytest.TempPathFactory) -> Iterator[Room]:
    kind = request.param
    if kind not in templates:
        file = folders.mktemp("template") / "data_manager.sqlite"
        templates[kind] = f"sqlite:///{file}" if kind == "sqlite" else request.getfixturevalue("postgres").url()
        prepared(templates[kind])
    if kind == "sqlite":
        file = folders.mktemp("room") / "data_manager.sqlite"
        shutil.copy(Path(templates[kind].removeprefix("sqlite:///")), file)
        url = f"sqlite:///{file}"
    else:
        url = request.getfixturevalue("postgres").url(templates[kind])
    room = Room(Database(url, service="data_manager"))
    yield room
    room.database.close()
