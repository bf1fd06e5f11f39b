"""Databases for tests of observations: those of targets."""

from __future__ import annotations

import pytest

from tests.unit.data.observations.desk import Desk
from tests.unit.data.targets.conftest import postgres, room, templates
from tests.unit.data.targets.room import Room

__all__ = ["desk", "postgres", "room", "templates"]


@pytest.fixture
def desk(room: Room) -> Desk:
    """A data manager with one target, M 31."""
    room.add("M 31", 10.6847, 41.269, aliases=["NGC 224"])
    return Desk(room)
