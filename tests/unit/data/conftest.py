"""The tests of the data room may use a real PostgreSQL."""

from tests.support.postgres import postgres

__all__ = ["postgres"]
