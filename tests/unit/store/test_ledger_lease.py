"""Claims, heartbeats, and every way in which a try ends."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from types import SimpleNamespace

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

import workorders
from tests.unit.store.desk import OWNER, Desk, Made
from toros.clock import iso
from toros.errors import DatabaseError, LeaseLost, OrderCancelled
from toros.store.schema import BODIES, ORDERS, CancelNote
from workorders.envelope import State


def test_the_most_urgent_order_is_claimed_first_then_the_oldest(desk: Desk) -> None:
    priorities = [None, 2.0, 10.0, 2.0, 0.0]
    orders = [desk.accept(priority=priority) for priority in priorities]
    claimed = [desk.claim().id for _ in orders]
    assert claimed == [orders[i].id for i in (2, 1, 3, 0, 4)]
    assert desk.next() is None


def test_a_lane_waits_for_no_other_lane(telescope: Desk) -> None:
    telescope.accept(telescope.observation())
    close = workorders.parse({"id": telescope.id(), "request": "close_dome"})
    telescope.accept(close)
    assert telescope.next() is not None
    claim = telescope.ledger.claim("safety", OWNER)
    assert claim is not None
    assert claim.order == close
    assert telescope.ledger.claim("safety", OWNER) is None


def test_what_moves_hardware_begins_within_minutes_or_not_at_all(telescope: Desk) -> None:
    later = workorders.parse({"id": telescope.id(), "request": "close_dome", "expires": "2199-01-01T00:00:00"})
    for order in (workorders.parse({"id": telescope.id(), "request": "close_dome"}), later):
        telescope.accept(order)
        telescope.clock.sleep(301)
        assert telescope.ledger.claim("safety", OWNER) is None
        telescope.ledger.tidy()
        assert telescope.ledger.status(order.id)["state"] == "expired"


def test_a_claim_tells_the_worker_what_it_needs(desk: Desk) -> None:
    order = desk.accept(target="M31")
    claim = desk.claim("preprocessor@host:99")
    assert (claim.order, claim.id, claim.request) == (order, order.id, "calibrate_file_batch")
    assert (claim.attempt, claim.owner, claim.interrupted) == (1, "preprocessor@host:99", False)
    shown = desk.ledger.status(order.id)
    assert (shown["state"], shown["worker"], shown["attempts"]) == ("running", "preprocessor@host:99", 1)


def test_no_order_is_given_to_two_of_eight_workers(desk: Desk) -> None:
    orders = {desk.accept().id for _ in range(40)}

    def work(number: int) -> list[str]:
        found = []
        while (claim := desk.next(f"w@h:{number}")) is not None:
            found.append(claim.id)
        return found

    with ThreadPoolExecutor(8) as pool:
        claimed = [id_ for ids in pool.map(work, range(8)) for id_ in ids]
    assert len(claimed) == len(orders)
    assert set(claimed) == orders


def test_result_effect_and_onward_orders_are_one_transaction(desk: Desk) -> None:
    order = desk.accept()
    onward = desk.product(parent=order.id)

    def record(session: Session) -> None:
        session.add(CancelNote(id="effect", reason="r", written="w"))

    desk.ledger.finish(desk.claim(), Made({"lights": 48}, [onward], record))
    shown = desk.ledger.status(order.id)
    assert (shown["state"], shown["result"], shown["fraction"]) == ("done", {"lights": 48}, 1.0)
    assert shown["onward"] == [
        {"id": onward.id, "desk": "data_manager", "request": "ingest_data_product", "state": "waiting"}
    ]
    assert desk.database.read(lambda s: s.get(CancelNote, "effect")) is not None


def test_an_effect_that_fails_leaves_nothing_of_the_end(desk: Desk) -> None:
    order = desk.accept()
    claim = desk.claim()

    def record(session: Session) -> None:
        session.add(CancelNote(id="effect", reason="r", written="w"))
        session.flush()
        raise RuntimeError("the frame is not there")

    with pytest.raises(RuntimeError, match="the frame is not there"):
        desk.ledger.finish(claim, Made(orders=[desk.product()], record=record))
    assert desk.state(order) is State.RUNNING
    assert desk.ledger.status(order.id)["onward"] == []
    assert desk.database.read(lambda s: s.get(CancelNote, "effect")) is None
    desk.ledger.finish(claim, Made())
    assert desk.state(order) is State.DONE


def test_a_law_broken_by_an_effect_is_told_and_harms_nobody(desk: Desk) -> None:
    """An IntegrityError is the handler's own, not a failure of the database."""
    desk.accept()
    claim = desk.claim()

    def record(session: Session) -> None:
        for _ in range(2):
            session.execute(sa.insert(CancelNote).values(id="twice", reason="r", written="w"))

    with pytest.raises(sa.exc.IntegrityError):
        desk.ledger.finish(claim, Made(record=record))
    desk.ledger.finish(claim, Made())


def test_an_onward_order_may_name_its_desk(desk: Desk) -> None:
    desk.accept()
    cancel = workorders.parse({"request": "cancel", "order_id": "X-1"})
    claim = desk.claim()
    with pytest.raises(ValueError, match="which one"):
        desk.ledger.finish(claim, Made(orders=[cancel]))
    desk.ledger.finish(claim, Made(orders=[SimpleNamespace(order=cancel, desk="telescope")]))
    assert desk.ledger.due()[0].desk == "telescope"


def test_a_late_commit_is_refused(desk: Desk) -> None:
    order = desk.accept()
    slow = desk.claim("slow@h:1")
    desk.ledger.recover()
    fast = desk.claim("fast@h:2")
    desk.ledger.finish(fast, Made({"by": "fast"}))
    for late in (
        lambda: desk.ledger.finish(slow, Made({"by": "slow"}, [desk.product()])),
        lambda: desk.ledger.fail(slow, "x", permanent=True),
        lambda: desk.ledger.drop(slow, "x"),
        lambda: desk.ledger.give_back(slow),
        lambda: desk.database.write(lambda session: desk.ledger.fence(session, slow)),
    ):
        with pytest.raises(LeaseLost):
            late()
    assert desk.ledger.beat(slow) == "lost"
    assert desk.ledger.status(order.id)["result"] == {"by": "fast"}
    assert desk.ledger.due() == []


def test_the_same_worker_with_an_older_lease_is_late_too(desk: Desk) -> None:
    order = desk.accept()
    first = desk.claim()
    desk.ledger.recover()
    second = desk.claim()
    assert second.owner == first.owner
    with pytest.raises(LeaseLost):
        desk.ledger.finish(first, Made())
    desk.ledger.finish(second, Made())
    assert desk.state(order) is State.DONE


def test_a_commit_whose_answer_was_lost_may_be_tried_again(desk: Desk) -> None:
    """The connection may break after the commit: the second call finds it done and sends nothing twice."""
    desk.accept()
    claim = desk.claim()
    outcome = Made({"n": 1}, [desk.product()])
    desk.ledger.finish(claim, outcome)
    desk.ledger.finish(claim, outcome)
    assert len(desk.ledger.due()) == 1
    desk.accept()
    claim = desk.claim()
    desk.ledger.fail(claim, "x", permanent=True)
    desk.ledger.fail(claim, "x", permanent=True)


def test_progress_is_shown(desk: Desk) -> None:
    order = desk.accept()
    claim = desk.claim()
    assert desk.ledger.beat(claim, 0.25, "dark 3 of 12\x00") == "ours"
    shown = desk.ledger.status(order.id)
    assert (shown["fraction"], shown["message"]) == (0.25, "dark 3 of 12\ufffd")
    assert desk.ledger.beat(claim) == "ours"
    assert desk.ledger.beat(claim, 7.0) == "ours"
    assert desk.ledger.status(order.id)["fraction"] == 1.0


def test_progress_that_was_overtaken_is_not_shown_of_a_finished_order(desk: Desk) -> None:
    order = desk.accept()
    claim = desk.claim()
    desk.ledger.beat(claim, 0.1, "0 of 2 looked at")
    desk.ledger.finish(claim, Made({"calibrated": 2}))
    shown = desk.ledger.status(order.id)
    assert (shown["state"], shown["fraction"], shown.get("message")) == ("done", 1.0, None)


def test_retries_wait_longer_and_longer_then_the_order_is_buried(desk: Desk) -> None:
    order = desk.accept()
    waits = []
    for attempt in (1, 2):
        claim = desk.claim()
        assert claim.attempt == attempt
        assert desk.ledger.fail(claim, "the archive is away", permanent=False) is State.QUEUED
        assert desk.next() is None
        before = desk.clock.moment
        while (found := desk.next()) is None:
            desk.clock.sleep(0.25)
        waits.append((desk.clock.moment - before).total_seconds())
        desk.ledger.give_back(found)
    assert 1.5 <= waits[0] <= 2.75
    assert 3.0 <= waits[1] <= 5.25
    assert desk.ledger.fail(desk.claim(), "the archive is away", permanent=False) is State.BURIED
    shown = desk.ledger.status(order.id)
    assert shown["reason"] == "the archive is away (given up after 3 tries)"
    desk.clock.sleep(1e6)
    assert desk.next() is None


def test_delays_differ_by_chance_and_have_a_limit(desk: Desk) -> None:
    delays = {desk.ledger._delay(30) for _ in range(50)}
    assert len(delays) == 50
    assert 45 <= min(delays) <= max(delays) <= 75


def test_a_permanent_failure_is_buried_at_once(desk: Desk) -> None:
    order = desk.accept()
    assert desk.ledger.fail(desk.claim(), "raw:night/batch does not exist", permanent=True) is State.BURIED
    assert desk.ledger.status(order.id)["reason"] == "raw:night/batch does not exist"


def test_an_order_given_back_has_lost_no_try(desk: Desk) -> None:
    order = desk.accept()
    for _ in range(10):
        desk.ledger.give_back(desk.claim())
    claim = desk.claim()
    assert (claim.attempt, claim.interrupted) == (1, False)
    assert desk.ledger.status(order.id)["attempts"] == 1


def test_a_running_order_hears_that_it_was_cancelled(desk: Desk) -> None:
    order = desk.accept()
    claim = desk.claim()
    assert desk.cancel(order.id, "clouds")["asked"] is True
    assert desk.ledger.beat(claim) == "cancelled"
    with pytest.raises(OrderCancelled):
        desk.database.write(lambda session: desk.ledger.fence(session, claim))
    desk.ledger.drop(claim, "stopped at step 3")
    assert desk.state(order) is State.CANCELLED


@pytest.mark.parametrize("end", ["fail", "give_back", "recover"])
def test_what_was_cancelled_while_it_ran_is_not_queued_again(desk: Desk, end: str) -> None:
    order = desk.accept()
    claim = desk.claim()
    desk.cancel(order.id, "clouds")
    if end == "fail":
        assert desk.ledger.fail(claim, "x", permanent=False) is State.CANCELLED
    elif end == "give_back":
        desk.ledger.give_back(claim)
    else:
        desk.ledger.recover()
    assert desk.state(order) is State.CANCELLED
    assert desk.ledger.status(order.id)["reason"] == "cancelled by anna: clouds"


def test_an_order_past_its_time_is_not_started(desk: Desk) -> None:
    order = desk.accept(expires=desk.clock.text(10))
    desk.clock.sleep(11)
    assert desk.next() is None
    desk.ledger.tidy()
    assert desk.state(order) is State.EXPIRED


def test_a_clock_set_back_starves_nobody(desk: Desk) -> None:
    desk.accept()
    desk.ledger.fail(desk.claim(), "x", permanent=False)
    desk.clock.sleep(-3600)
    assert desk.next() is not None


def test_an_order_that_cannot_be_read_any_more_is_buried_and_the_next_is_given(desk: Desk) -> None:
    bad, good = desk.accept(), desk.accept()
    desk.database.write(
        lambda session: session.execute(
            sa.update(BODIES)
            .where(BODIES.c.number == sa.select(ORDERS.c.number).where(ORDERS.c.id == bad.id).scalar_subquery())
            .values(body='{"request":"calibrate_file_batch","file_location":"raw:elsewhere"}')
        )
    )
    assert desk.claim().order == good
    assert desk.state(bad) is State.BURIED
    assert "damaged" in desk.ledger.status(bad.id)["reason"]


def test_a_waiting_worker_is_woken_at_once(desk: Desk) -> None:
    assert desk.next() is None
    threading.Timer(0.2, desk.accept).start()
    began = time.monotonic()
    desk.ledger.wait("work", 20)
    assert 0.1 < time.monotonic() - began < 5
    assert desk.next() is not None


def test_nothing_that_comes_between_looking_and_waiting_is_missed(desk: Desk) -> None:
    assert desk.next() is None
    desk.accept()
    began = time.monotonic()
    desk.ledger.wait("work", 20)
    assert time.monotonic() - began < 5


def test_waiting_ends_when_a_retry_is_due(desk: Desk) -> None:
    desk.accept()
    desk.ledger.fail(desk.claim(), "x", permanent=False)
    assert desk.next() is None
    desk.clock.sleep(1.4)  # due in 0.1 to 1.1 s
    began = time.monotonic()
    desk.ledger.wait("work", 20)
    assert time.monotonic() - began < 5


def test_waiting_ends_by_itself(desk: Desk) -> None:
    assert desk.next() is None
    began = time.monotonic()
    desk.ledger.wait("work", 0.05)
    assert time.monotonic() - began < 2


def test_a_closed_database_says_so(desk: Desk) -> None:
    desk.accept()
    desk.database.close()
    with pytest.raises(DatabaseError, match="closed"):
        desk.next()


def test_an_order_waits_for_its_time_however_far_that_is(telescope: Desk) -> None:
    start = iso(telescope.clock.now() + timedelta(hours=10))
    later = telescope.accept(telescope.observation(not_before=start, priority=9.0))
    now = telescope.accept(telescope.observation(priority=1.0))
    assert telescope.claim().id == now.id
    assert telescope.next() is None
    telescope.clock.sleep(10 * 3600 + 1)
    assert telescope.claim().id == later.id
