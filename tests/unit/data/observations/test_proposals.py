"""Granted time is spent once, and no more than there is."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.data.observations.desk import Desk, hour
from toros.data.permissions import Viewer
from toros.errors import Permanent

HALF = {"exposure_time": 900.0, "exposures": 2}  # of an hour


def times(desk: Desk, name: str = "P1") -> tuple[float, float, float]:
    row = desk.proposal(name)
    return row["asked"], row["used"], row["left"]


def test_time_is_asked_for_used_and_left(desk: Desk) -> None:
    desk.proposal("P1", hours=1.5)
    first = desk.request(proposal="p 1", parameters=HALF)
    second = desk.request(proposal="P1", parameters=HALF)
    assert times(desk) == (1.0, 0.0, 0.5)
    desk.update(number=first, status="COMPLETED")
    assert times(desk) == (0.5, 0.5, 0.5)
    desk.update(number=second, status="FAILURE_LIMIT_REACHED", seconds_used=360.0)
    assert times(desk) == (0.0, 0.6, 0.9)
    assert desk.find(proposal="P1") == [first, second]


def test_what_is_used_up_is_refused(desk: Desk) -> None:
    desk.proposal("P1", hours=0.75)
    desk.request(proposal="P1", parameters=HALF)
    with pytest.raises(Permanent, match=r"'P1' has 0.25 h left of 0.75 h, and the observation takes 0.5 h"):
        desk.request(proposal="P1", parameters=HALF)
    assert len(desk.find()) == 1 == len(desk.sent)


def test_two_who_ask_at_once_do_not_both_get_the_last_hour(desk: Desk) -> None:
    from toros.data.observations.requesting import record_plan

    desk.proposal("P1", hours=0.75)
    plans = [desk.plan(proposal="P1", parameters=HALF) for _ in range(2)]
    desk.room.database.write(lambda session: record_plan(session, plans[0], desk.now).number)
    with pytest.raises(Permanent, match="0.25 h left"):
        desk.room.database.write(lambda session: record_plan(session, plans[1], desk.now).number)


@pytest.mark.parametrize(
    ("law", "asked", "words"),
    [
        ({"closed": True}, {}, "is closed"),
        ({"facility": "manual"}, {}, "is for manual, not for own_telescope"),
        ({"start": hour(5)}, {}, "begins at"),
        ({"end": hour(5)}, {"end": hour(6)}, "ends at"),
        ({"end": hour(5)}, {"start": hour(6)}, "ends at"),
        ({"investigator": "ann", "members": ["bob"]}, {"viewer": Viewer.of("carla")}, "there is no proposal"),
    ],
)
def test_time_is_spent_by_whom_and_when_it_was_granted(
    desk: Desk, law: dict[str, Any], asked: dict[str, Any], words: str
) -> None:
    desk.proposal("P1", hours=1.0, **law)
    with pytest.raises(Permanent, match=words):
        desk.request(proposal="P1", **asked)


def test_members_spend_it(desk: Desk) -> None:
    desk.proposal("P1", hours=1.0, investigator="ann", members=["bob"])
    for user in ("ann", "bob"):
        desk.request(proposal="P1", viewer=Viewer.of(user))


def test_it_is_granted_by_administrators_and_changed_in_part(desk: Desk) -> None:
    with pytest.raises(Permanent, match="only administrators grant time"):
        desk.proposal("P1", Viewer.of("ann"), hours=100.0)
    with pytest.raises(Permanent, match="'P1' is a new proposal and needs them"):
        desk.proposal("P1", title="no hours")
    made = desk.proposal("P1", hours=1.0, title="Kilonovae", start=hour(0))
    assert desk.proposal("p1", hours=1.0) == made
    assert desk.proposal("P1", hours=2.0) == {**made, "hours": 2.0, "left": 2.0}
    with pytest.raises(Permanent, match="is not after the proposal's start"):
        desk.proposal("P1", end=hour(-1))


def test_a_cadence_stops_where_the_time_is_used_up(desk: Desk) -> None:
    desk.proposal("P1", hours=1.0)
    number = desk.request(start=hour(0), proposal="P1", parameters=HALF, cadence={"strategy": "repeat", "hours": 1.0})
    for step in range(6):
        desk.follow(step + 0.1, {"state": "done"})
    assert [status for status, _ in desk.chain(number)] == ["COMPLETED"] * 2
    assert "0 h left" in desk.show(number)["cadence"]["ended"]
