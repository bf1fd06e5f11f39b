"""A data manager of each kind, SQLite and PostgreSQL, as for targets."""

from tests.unit.data.targets.conftest import postgres, room, templates

__all__ = ["postgres", "room", "templates"]
