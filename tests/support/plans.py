"""How a database would go about the statements of a search, were its tables large."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session

from toros.store.database import Database

__all__ = ["plans"]


def plans(database: Database, search: Callable[[Session], object]) -> dict[str, str]:
    """Run a search, and return the plan of each of its statements."""
    return database.read(lambda session: _explained(session, search))


def _explained(session: Session, search: Callable[[Session], object]) -> dict[str, str]:
    connection = session.connection()
    postgresql = connection.dialect.name == "postgresql"
    if postgresql:
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")  # as for a table that is not so small
    ran: list[tuple[str, Any]] = []

    def keep(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        ran.append((statement, parameters))

    event.listen(connection, "before_cursor_execute", keep)
    search(session)
    event.remove(connection, "before_cursor_execute", keep)
    word = "EXPLAIN " if postgresql else "EXPLAIN QUERY PLAN "
    return {
        statement: "\n".join(str(row[-1]) for row in connection.exec_driver_sql(word + statement, parameters))
        for statement, parameters in ran
    }
