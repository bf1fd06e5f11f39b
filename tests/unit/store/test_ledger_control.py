"""What an operator does: cancel, and retry."""

from __future__ import annotations

import pytest

from tests.unit.store.desk import Desk, Made
from workorders import Refusal
from workorders.envelope import State
from workorders.refusal import FaultCode


def test_a_queued_order_never_starts(desk: Desk) -> None:
    order = desk.accept()
    assert desk.cancel(order.id) == {"id": order.id, "state": "cancelled", "asked": False, "children": []}
    assert desk.next() is None
    assert desk.ledger.status(order.id)["reason"] == "cancelled by anna"


def test_cancelling_twice_and_too_late_changes_nothing(desk: Desk) -> None:
    order = desk.accept()
    desk.ledger.finish(desk.claim(), Made())
    assert desk.cancel(order.id)["state"] == "done"
    other = desk.accept()
    assert [desk.cancel(other.id)["state"] for _ in range(2)] == ["cancelled"] * 2
    assert [desk.cancel("never-seen")["state"] for _ in range(2)] == ["unknown"] * 2


def test_what_an_order_has_caused_is_named_so_that_the_whole_tree_can_be_cancelled(desk: Desk) -> None:
    order = desk.accept()
    onward = [desk.product(), desk.product(to="archive")]
    desk.ledger.finish(desk.claim(), Made(orders=onward))
    assert desk.cancel(order.id)["children"] == [
        {"id": onward[0].id, "desk": "data_manager"},
        {"id": onward[1].id, "desk": "data_manager", "to": "archive"},
    ]


def test_a_cancelled_tree_sends_nothing_more(desk: Desk) -> None:
    order = desk.accept()
    desk.ledger.finish(desk.claim(), Made(orders=[desk.product()]))
    parcel = desk.ledger.due()[0]
    desk.database.write(lambda session: desk.ledger.cancel(session, order.id, by="anna", tree=True))
    assert desk.ledger.due() == []
    desk.ledger.delivered(parcel, {})  # it was under way at that moment, and arrived: the truth is kept
    assert desk.ledger.status(order.id)["onward"][0]["state"] == "delivered"


def test_a_buried_order_is_tried_again_with_all_its_tries(desk: Desk) -> None:
    order = desk.accept()
    desk.ledger.fail(desk.claim(), "no such folder", permanent=True)
    assert desk.retry(order.id)["state"] == "queued"
    claim = desk.claim()
    assert (claim.attempt, claim.interrupted) == (1, False)
    assert "reason" not in desk.ledger.status(order.id)
    desk.ledger.finish(claim, Made())


def test_a_retried_order_forgets_that_it_was_cancelled_while_it_ran(desk: Desk) -> None:
    order = desk.accept()
    claim = desk.claim()
    desk.cancel(order.id)
    desk.ledger.fail(claim, "x", permanent=True)
    desk.retry(order.id)
    assert desk.ledger.beat(desk.claim()) == "ours"


def test_a_parked_parcel_is_sent_again(desk: Desk) -> None:
    desk.accept()
    onward = desk.product()
    desk.ledger.finish(desk.claim(), Made(orders=[onward]))
    desk.ledger.park(desk.ledger.due()[0], "unknown field")
    assert desk.ledger.due() == []
    assert desk.retry(onward.id)["state"] == "waiting"
    assert desk.ledger.due()[0].id == onward.id


@pytest.mark.parametrize("state", [State.QUEUED, State.RUNNING, State.DONE, State.CANCELLED])
def test_only_what_is_given_up_is_tried_again(desk: Desk, state: State) -> None:
    order = desk.accept()
    if state is State.CANCELLED:
        desk.cancel(order.id)
    elif state is not State.QUEUED:
        claim = desk.claim()
        if state is State.DONE:
            desk.ledger.finish(claim, Made())
    with pytest.raises(Refusal) as error:
        desk.retry(order.id)
    assert error.value.code is FaultCode.ILLEGAL_MOVE
    assert state in str(error.value)


def test_an_unknown_order_cannot_be_tried_again(desk: Desk) -> None:
    with pytest.raises(Refusal) as error:
        desk.retry("m31-0001")
    assert error.value.code is FaultCode.UNKNOWN_ORDER


def test_what_is_under_way_may_end_where_that_is_asked(desk: Desk) -> None:
    order = desk.accept()
    claim = desk.claim()
    told = desk.database.write(lambda session: desk.ledger.cancel(session, order.id, by="anna", stop=False))
    assert (told["state"], told["asked"]) == ("running", False)
    assert desk.ledger.beat(claim) == "ours"
    desk.ledger.finish(claim, Made())
    assert desk.ledger.status(order.id)["state"] == "done"
