"""No search reads a whole table: the databases say how they would go about each."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from tests.unit.data.targets import sky as skies
from tests.unit.data.targets.room import MJD, Room
from toros.data.permissions import Viewer
from toros.data.targets import finding
from toros.data.targets.finding import find_targets
from workorders.finding import TargetFilter

WHOLE = re.compile(r"SCAN target\w*$|Seq Scan on", re.MULTILINE)  # SQLite's words, and PostgreSQL's
SORT = re.compile(r"TEMP B-TREE FOR (?:LAST TERM OF )?ORDER BY|Sort Key")

SKY = skies.sky(200)
SEARCHES: list[dict[str, Any]] = [
    {"cone": {"ra": 10.0, "dec": 89.0, "radius": 0.01}},
    {"cone": {"ra": 10.0, "dec": 20.0, "radius": 90.0}},
    {"cone": {"target": SKY[0]["name"], "radius": 1.0}},
    {"name": SKY[1]["name"]},
    {"name": "Target 1*"},
    {"target_list": "Tonight"},
    {"tags": ["a"]},
    {"tags": ["a", "b"], "target_list": "Tonight"},
    {"extras": {"z": {"min": 0.5}}},
    {"extras": {"host": "M 31"}},
    {"where": {"classification": "SN Ia"}},
    {"where": {"last_magnitude": {"max": 18.0}}},
]
SORTS = ["number", "name", "ra", "importance", "last_mjd", "constellation", "created", "priority"]


@pytest.fixture(scope="module")
def filled(full_room: Room) -> Room:
    full_room.database.write(lambda session: skies.fill(session, SKY))
    full_room.listed("Tonight", *range(1, 100, 7))
    return full_room


def plans(room: Room, asked: dict[str, Any], viewer: Viewer, **how: Any) -> dict[str, str]:
    """Return how the database would go about each query of a search, whose tables it takes for large."""

    def explained(session: Session) -> dict[str, str]:
        connection = session.connection()
        if room.database.dialect == "postgresql":
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")  # as for a table that is not so small
        ran: list[tuple[str, Any]] = []

        def keep(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
            ran.append((statement, parameters))

        event.listen(connection, "before_cursor_execute", keep)
        find_targets(session, TargetFilter.model_validate(asked), viewer=viewer, now=MJD, **how)
        event.remove(connection, "before_cursor_execute", keep)
        word = "EXPLAIN QUERY PLAN " if room.database.dialect == "sqlite" else "EXPLAIN "
        return {
            statement: "\n".join(str(row[-1]) for row in connection.exec_driver_sql(word + statement, parameters))
            for statement, parameters in ran
        }

    return room.database.read(explained)


@pytest.mark.parametrize("viewer", [Viewer.all_seeing(), Viewer.of("cid", ["gw"])], ids=["all", "cid"])
@pytest.mark.parametrize("asked", SEARCHES)
def test_a_search_steps_into_an_index(filled: Room, asked: dict[str, Any], viewer: Viewer) -> None:
    found = plans(filled, asked, viewer)
    assert found
    for statement, plan in found.items():
        assert not WHOLE.search(plan), f"{statement}\n{plan}"


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("sort", SORTS)
def test_a_sorted_page_is_a_walk_along_an_index(
    filled: Room, sort: str, descending: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "FEW", 0)  # as for a tag that many have
    for asked in ({}, {"tags": ["a"]}):
        for viewer in (Viewer.all_seeing(), Viewer.of("cid", ["gw"])):
            for statement, plan in plans(filled, asked, viewer, sort=sort, descending=descending, limit=5).items():
                # The rows themselves lie in the order of their numbers.
                rows = sort == "number" and plan.split("\n")[0] == "SCAN target"
                assert rows or not WHOLE.search(plan), f"{statement}\n{plan}"
                if " LIMIT " in statement and not asked:
                    assert not SORT.search(plan) or "Presorted Key" in plan, f"{statement}\n{plan}"
