"""No search reads a whole table: the databases say how they would go about each."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.support.plans import plans
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


def plans_of(room: Room, asked: dict[str, Any], viewer: Viewer, **how: Any) -> dict[str, str]:
    """Return how the database would go about each query of a search."""
    wanted = TargetFilter.model_validate(asked)
    return plans(room.database, lambda session: find_targets(session, wanted, viewer=viewer, now=MJD, **how))


@pytest.mark.parametrize("viewer", [Viewer.all_seeing(), Viewer.of("cid", ["gw"])], ids=["all", "cid"])
@pytest.mark.parametrize("asked", SEARCHES)
def test_a_search_steps_into_an_index(filled: Room, asked: dict[str, Any], viewer: Viewer) -> None:
    found = plans_of(filled, asked, viewer)
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
            for statement, plan in plans_of(filled, asked, viewer, sort=sort, descending=descending, limit=5).items():
                # The rows themselves lie in the order of their numbers.
                rows = sort == "number" and plan.split("\n")[0] == "SCAN target"
                assert rows or not WHOLE.search(plan), f"{statement}\n{plan}"
                if " LIMIT " in statement and not asked:
                    assert not SORT.search(plan) or "Presorted Key" in plan, f"{statement}\n{plan}"


@pytest.mark.parametrize("radius", [0.001, 10.0, 90.0])
def test_of_what_lies_in_a_cone_the_index_alone_is_read(filled: Room, radius: float) -> None:
    found = plans_of(filled, {"cone": {"ra": 10.0, "dec": 20.0, "radius": radius}}, Viewer.all_seeing())
    walks = [plan for statement, plan in found.items() if "pairs" in statement or "unnest" in statement]
    assert walks
    for plan in walks:
        assert re.search(r"COVERING INDEX ix_target_healpix|Index Only Scan using ix_target_healpix", plan), plan
        assert not SORT.search(plan), plan
