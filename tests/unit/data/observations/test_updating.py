"""How an observation stands, who is told, and what time brings about."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.data.observations.desk import Desk, hour
from toros.data.permissions import Viewer
from toros.errors import Permanent, Temporary
from workorders.desk import Cancel
from workorders.observations import SendNotice
from workorders.observing import Observation

TELL = ["ann@example.org", "https://hooks.example.org/toros"]


def statuses(desk: Desk, number: int) -> list[str]:
    return [event["status"] for event in desk.show(number)["history"]]


def test_who_wants_to_hear_of_it_is_told_once(desk: Desk) -> None:
    number = desk.request(tell=TELL)
    name = desk.show(number)["facility_id"]
    told = {"facility_id": name, "status": "COMPLETED", "scheduled_start": hour(1), "scheduled_end": hour(1.1)}
    for _ in range(3):
        desk.update(**told)
    notices = [order for order in desk.sent if isinstance(order, SendNotice)]
    assert [order.receiver for order in notices] == TELL
    assert notices[0].subject == f"Observation {number} of M 31 is COMPLETED"
    facts = notices[1].facts
    assert (facts["before"], facts["status"], facts["scheduled_start"]) == ("PENDING", "COMPLETED", hour(1))
    assert statuses(desk, number) == ["PENDING", "COMPLETED"]


def test_a_schedule_is_told_too(desk: Desk) -> None:
    number = desk.request(tell=TELL[:1])
    desk.update(number=number, scheduled_start=hour(3), scheduled_end=hour(4))
    assert isinstance(desk.sent[-1], SendNotice) and "is scheduled for" in desk.sent[-1].text
    with pytest.raises(Permanent, match="scheduled_end: .* is before the start"):
        desk.update(number=number, scheduled_end=hour(2))


def test_a_status_that_may_not_follow_is_refused(desk: Desk) -> None:
    number = desk.request()
    desk.update(number=number, status="NOT_ATTEMPTED")
    with pytest.raises(Permanent, match="NOT_ATTEMPTED and cannot become COMPLETED"):
        desk.update(number=number, status="COMPLETED")


def test_only_daemons_tell_of_what_a_daemon_drives(desk: Desk) -> None:
    number = desk.request()
    with pytest.raises(Permanent, match="own_telescope tells by itself"):
        desk.update(number=number, status="COMPLETED", viewer=Viewer.of("ann"))


def test_two_who_tell_different_things_at_once_are_heard_one_after_the_other(desk: Desk) -> None:
    from toros.data.observations.updating import record_change

    number = desk.request()
    turn = desk.turn(number, {"state": "buried", "reason": "the shutter is stuck"})
    desk.update(number=number, status="COMPLETED")
    with pytest.raises(Temporary, match="has changed meanwhile"):
        desk.room.database.write(lambda session: record_change(session, turn.change, desk.now) and None)
    assert desk.show(number)["status"] == "COMPLETED"


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ({"state": "queued"}, "PENDING"),
        ({"state": "running", "started": hour(1)}, "PENDING"),
        ({"state": "done", "started": hour(1), "finished": hour(1.2)}, "COMPLETED"),
        ({"state": "buried", "reason": "the shutter is stuck"}, "FAILURE_LIMIT_REACHED"),
        ({"state": "cancelled", "reason": "by ann: clouds"}, "CANCELED"),
        ({"state": "expired"}, "WINDOW_EXPIRED"),
        (None, "PENDING"),
    ],
)
def test_a_telescope_is_asked_how_its_order_stands(desk: Desk, answer: dict[str, Any] | None, status: str) -> None:
    number = desk.request(end=hour(8))
    assert desk.follow(0.01) == []
    desk.follow(0.1, answer)
    row = desk.show(number)
    assert row["status"] == status
    assert ("due" in row) is (status == "PENDING")
    if answer and "reason" in answer:
        assert row["history"][-1]["note"] == answer["reason"]


@pytest.mark.parametrize("asked_first", [True, False])
def test_it_does_not_matter_whether_the_telescope_tells_or_is_asked_first(desk: Desk, asked_first: bool) -> None:
    number = desk.request(tell=TELL[:1])
    told = {"scheduled_start": hour(1), "scheduled_end": hour(1.1), "seconds_used": 120.0}
    result = {"frames": 9, "file_location": "raw:2026-11-20/X", **told}
    answer = {"state": "done", "started": hour(3), "finished": hour(4), "result": result}
    update = {"number": number, "status": "COMPLETED", "note": "9 frames in raw:2026-11-20/X", **told}
    if asked_first:
        desk.follow(2.0, answer)
    desk.update(**update)
    desk.follow(2.0, answer)
    row = desk.show(number)
    assert row | {"status": "COMPLETED", **told} == row
    assert [event.get("note") for event in row["history"]][1:] == ["9 frames in raw:2026-11-20/X"]
    assert len([order for order in desk.sent if isinstance(order, SendNotice)]) == 1


def test_what_is_over_is_not_scheduled_again(desk: Desk) -> None:
    number = desk.request(tell=TELL[:1])
    desk.update(number=number, status="COMPLETED", scheduled_start=hour(1))
    desk.update(number=number, scheduled_start=hour(1.5))
    assert [order.subject for order in desk.sent if isinstance(order, SendNotice)] == [
        f"Observation {number} of M 31 is COMPLETED"
    ]
    assert desk.show(number)["scheduled_start"] == hour(1.5)


def test_one_that_never_reached_its_telescope_ends_with_its_window(desk: Desk) -> None:
    number = desk.request(end=hour(8))
    desk.follow(1, {})
    assert desk.show(number)["status"] == "PENDING"
    desk.follow(8.1, {})
    assert desk.show(number)["status"] == "WINDOW_EXPIRED"


def test_one_whose_telescope_is_silent_ends_a_while_after_its_window_and_who_asked_is_told(desk: Desk) -> None:
    number = desk.request(end=hour(8), parameters={"exposure_time": 3600.0}, tell=TELL)
    for hours in (1, 8.1, 9.9):  # it may have been begun at the last moment, and takes an hour
        desk.follow(hours)
        assert (desk.show(number)["status"], desk.show(number)["silent_since"]) == ("PENDING", hour(1))
    assert desk.follow(10.1) == ["changed"]
    row = desk.show(number)
    note = f"its window is over, and own_telescope has told nothing of it since {hour(1)}"
    assert (row["status"], row["history"][-1]["note"], "silent_since" in row) == ("WINDOW_EXPIRED", note, False)
    notices = [order for order in desk.sent if isinstance(order, SendNotice)]
    assert [notice.receiver for notice in notices] == TELL and note in notices[0].text
    desk.update(number=number, status="COMPLETED")  # it comes back, and has observed it all the same
    assert desk.show(number)["status"] == "COMPLETED"


@pytest.mark.parametrize(("answer", "words"), [(None, "has told nothing of it"), ({}, "does not know of it, as at")])
def test_one_without_a_window_is_given_up_after_days_and_taken_back(desk: Desk, answer: Any, words: str) -> None:
    number = desk.request()
    desk.follow(1, answer)
    desk.follow(72.9, answer)
    assert desk.show(number)["status"] == "PENDING"
    desk.follow(73.1, answer)
    row = desk.show(number)
    assert (row["status"], "due" in row) == ("WINDOW_EXPIRED", False)
    assert words in row["history"][-1]["note"]
    (cancel,) = [order for order in desk.sent if isinstance(order, Cancel)]
    assert cancel.order_id == row["facility_id"] and words in cancel.reason


def test_a_telescope_that_is_heard_again_has_all_its_time_again(desk: Desk) -> None:
    number = desk.request()
    desk.follow(1)
    desk.follow(70, {"state": "queued"})
    assert "silent_since" not in desk.show(number)
    desk.follow(71)
    desk.follow(140)
    assert (desk.show(number)["status"], desk.show(number)["silent_since"]) == ("PENDING", hour(71))


def test_one_that_was_taken_back_from_a_silent_telescope_is_over_too(desk: Desk) -> None:
    number = desk.request(end=hour(8))
    desk.cancel(number, reason="clouds")
    desk.follow(1)
    desk.follow(10)
    assert desk.show(number)["status"] == "CANCELED"
    assert "it was taken back, and own_telescope has told nothing" in desk.show(number)["history"][-1]["note"]
    assert len([order for order in desk.sent if isinstance(order, Cancel)]) == 1


def test_what_a_telescope_has_is_taken_back_through_it(desk: Desk) -> None:
    number = desk.request()
    desk.cancel(number, reason="clouds")
    order, cancel = desk.sent
    assert isinstance(order, Observation) and isinstance(cancel, Cancel)
    assert cancel.order_id == order.id and "clouds" in cancel.reason
    assert (desk.show(number)["status"], "cancel_asked" in desk.show(number)) == ("PENDING", True)
    desk.follow(0.01, {"state": "cancelled", "reason": "clouds"})
    assert desk.show(number)["status"] == "CANCELED"
    with pytest.raises(Permanent, match="cannot become NOT_ATTEMPTED"):
        desk.update(number=number, status="NOT_ATTEMPTED")
    desk.update(number=number, status="COMPLETED")  # the frames were there already
    with pytest.raises(Permanent, match="is COMPLETED already"):
        desk.cancel(number)


def test_what_nobody_has_yet_is_taken_back_at_once_and_only_by_who_asked(desk: Desk) -> None:
    ann, bob = Viewer.of("ann"), Viewer.of("bob")
    number = desk.request(start=hour(3), viewer=ann)
    with pytest.raises(Permanent, match="was asked for by ann, who alone takes it back"):
        desk.cancel(number, viewer=bob)
    desk.cancel(number, viewer=ann)
    desk.cancel(number, viewer=ann)
    assert (desk.show(number)["status"], desk.sent) == ("CANCELED", [])
    assert desk.follow(5) == []


def test_a_person_who_says_nothing_until_the_window_is_over_may_still_say_that_it_was_done(desk: Desk) -> None:
    number = desk.request(facility="manual", end=hour(8))
    assert desk.follow(8.1) == ["changed"]
    assert desk.show(number)["status"] == "WINDOW_EXPIRED"
    desk.update(number=number, status="COMPLETED")
    assert desk.show(number)["status"] == "COMPLETED"


@pytest.mark.parametrize(
    ("strategy", "ends", "expected"),
    [
        ("retry_failed", "FAILURE_LIMIT_REACHED", [("FAILURE_LIMIT_REACHED", hour(0)), ("PENDING", hour(24))]),
        ("retry_failed", "COMPLETED", [("COMPLETED", hour(0))]),
        ("resume_after_failure", "COMPLETED", [("COMPLETED", hour(0)), ("PENDING", hour(24))]),
        ("resume_after_failure", "NOT_ATTEMPTED", [("NOT_ATTEMPTED", hour(0)), ("PENDING", hour(2))]),
        ("repeat", "COMPLETED", [("COMPLETED", hour(0)), ("PENDING", hour(24))]),
    ],
)
def test_a_cadence_goes_on_once(desk: Desk, strategy: str, ends: str, expected: list[Any]) -> None:
    number = desk.request(start=hour(0), end=hour(8), cadence={"strategy": strategy, "hours": 24.0})
    desk.update(number=number, status=ends)
    for _ in range(3):
        desk.follow(2)
    assert desk.chain(number) == expected
    active = desk.show(number)["cadence"]["active"]
    assert active is (len(expected) > 1)


def test_retrying_goes_on_until_one_succeeds(desk: Desk) -> None:
    first = desk.request(start=hour(0), end=hour(8), cadence={"strategy": "retry_failed", "hours": 24.0})
    desk.update(number=first, status="FAILURE_LIMIT_REACHED")
    desk.follow(2)
    desk.follow(24)
    desk.update(number=first + 1, status="WINDOW_EXPIRED")
    desk.follow(33)
    desk.follow(48)
    desk.update(number=first + 2, status="COMPLETED")
    desk.follow(200)
    assert desk.chain(first) == [
        ("FAILURE_LIMIT_REACHED", hour(0)), ("WINDOW_EXPIRED", hour(24)), ("COMPLETED", hour(48)),
    ]  # fmt: skip
    assert len([order for order in desk.sent if isinstance(order, Observation)]) == 3
    assert "COMPLETED" in desk.show(first)["cadence"]["ended"]


def test_repeating_ends_after_as_many_as_were_asked_for(desk: Desk) -> None:
    first = desk.request(start=hour(0), cadence={"strategy": "repeat", "hours": 2.0, "most": 3})
    for step in range(6):
        desk.follow(2.0 * step + 0.1, {"state": "done", "started": hour(2.0 * step), "finished": hour(2.0 * step)})
    assert [status for status, _ in desk.chain(first)] == ["COMPLETED"] * 3
    assert desk.show(first)["cadence"]["active"] is False


def test_a_cadence_that_two_look_at_once_makes_one_observation(desk: Desk) -> None:
    number = desk.request(start=hour(0), cadence={"strategy": "repeat", "hours": 24.0})
    desk.update(number=number, status="COMPLETED")
    turns = [desk.turn(number), desk.turn(number)]
    assert desk.record(turns[0]) == "followed"
    with pytest.raises(Temporary, match="followed already"):
        desk.record(turns[1])
    assert len(desk.find()) == 2


def test_taking_one_back_ends_its_cadence(desk: Desk) -> None:
    rule = {"strategy": "retry_failed", "hours": 24.0}
    number = desk.request(start=hour(3), cadence=rule)
    desk.cancel(number)
    kept = desk.request(start=hour(3), cadence=rule)
    desk.cancel(kept, keep_cadence=True)
    desk.follow(1)
    assert (len(desk.chain(number)), len(desk.chain(kept))) == (1, 2)
    assert "taken back" in desk.show(number)["cadence"]["ended"]


def test_one_that_cannot_go_on_holds_up_nobody(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    from toros.data.observations import facilities

    stuck = desk.request(facility="manual", end=hour(1))
    other = desk.request(start=hour(1))
    known = {name: each for name, each in facilities.known_facilities().items() if name != "manual"}
    monkeypatch.setattr(facilities, "known_facilities", lambda: known)
    assert sorted(desk.follow(2)) == ["handed over", "in trouble"]
    assert "there is no facility 'manual'" in desk.show(stuck)["history"][-1]["note"]
    assert "facility_id" in desk.show(other)
