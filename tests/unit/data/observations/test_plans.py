"""No search for observations reads a whole table: the databases say how they would go about each."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from tests.unit.data.observations.desk import ALL, Desk
from toros.data.observations.finding import find_observations
from toros.data.observations.following import due_numbers, first_due
from toros.data.observations.proposals import find_proposals
from workorders.observations import FindObservations

WHOLE = re.compile(r"SCAN (?:observation|data_product)\w*$|Seq Scan on", re.MULTILINE)
SEARCHES: list[dict[str, Any]] = [
    {"target": "M 31"}, {"status": "PENDING"}, {"group": "Tonight"}, {"proposal": "P1"}, {"asked_by": "ann"},
    {"order_id": "01J"}, {"facility_id": "X"}, {"before": 2**31 - 1},
]  # fmt: skip


@pytest.mark.parametrize("search", [*SEARCHES, "due", "proposals"], ids=str)
def test_no_table_is_read_whole(desk: Desk, search: Any) -> None:
    desk.proposal("P1", hours=10.0)
    for _ in range(3):
        desk.request(group="Tonight", proposal="P1")

    def explained(session: Session) -> str:
        connection = session.connection()
        postgresql = desk.room.database.dialect == "postgresql"
        if postgresql:
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")  # as for a table that is not so small
        ran: list[tuple[str, Any]] = []

        def keep(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
            ran.append((statement, parameters))

        event.listen(connection, "before_cursor_execute", keep)
        if search == "due":
            first_due(session, desk.now)
            due_numbers(session, desk.now, 10)
        elif search == "proposals":
            find_proposals(session, viewer=ALL, proposal="P1", limit=10, after=0)
        else:
            find_observations(session, FindObservations.model_validate(search), viewer=ALL)
        event.remove(connection, "before_cursor_execute", keep)
        word = "EXPLAIN" if postgresql else "EXPLAIN QUERY PLAN"
        rows = [row for one in ran for row in connection.exec_driver_sql(f"{word} {one[0]}", one[1])]
        return "\n".join(str(row[0] if postgresql else row[3]) for row in rows)

    assert not WHOLE.search(desk.room.database.read(explained))
