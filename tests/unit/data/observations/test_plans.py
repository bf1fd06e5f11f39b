"""No search for observations reads a whole table: the databases say how they would go about each."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy.orm import Session

from tests.support.plans import plans
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

    def searched(session: Session) -> None:
        if search == "due":
            first_due(session, desk.now)
            due_numbers(session, desk.now, 10)
        elif search == "proposals":
            find_proposals(session, viewer=ALL, proposal="P1", limit=10, after=0)
        else:
            find_observations(session, FindObservations.model_validate(search), viewer=ALL)

    for statement, plan in plans(desk.room.database, searched).items():
        assert not WHOLE.search(plan), f"{statement}\n{plan}"
