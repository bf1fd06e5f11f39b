"""After a crash, after silence, after ninety days."""

from __future__ import annotations

import time

import pytest
import sqlalchemy as sa

from tests.unit.store.conftest import Opened
from tests.unit.store.desk import Desk, Made
from toros.config import OrderSettings
from toros.store.schema import BODIES, EVENTS, NOTES, ORDERS, PARCELS, REMEMBERED
from workorders import Refusal
from workorders.envelope import State
from workorders.refusal import FaultCode

DAY = 86400.0


def count(desk: Desk, table: sa.Table) -> int:
    return desk.database.read(
        lambda session: session.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
    )


def test_what_may_be_repeated_is_done_again_after_a_crash(opened: Opened) -> None:
    first = opened()
    order = Desk(first).accept()
    Desk(first).claim()
    first.close()
    desk = Desk(opened())
    assert desk.next() is None
    assert desk.ledger.recover() == [order.id]
    claim = desk.claim()
    assert (claim.attempt, claim.interrupted) == (2, True)


def test_what_may_never_be_repeated_waits_for_a_person(telescope: Desk) -> None:
    order = telescope.accept()
    telescope.claim()
    telescope.ledger.recover()
    shown = telescope.ledger.status(order.id)
    assert shown["state"] == "buried"
    assert "observation may not be done twice" in shown["reason"]
    telescope.retry(order.id)
    assert telescope.claim().interrupted is False


def test_what_can_find_out_the_truth_is_asked(opened: Opened) -> None:
    desk = Desk(opened("telescope"), recoverable={"observation"})
    order = desk.accept()
    desk.claim()
    desk.ledger.recover()
    claim = desk.claim()
    assert (claim.id, claim.interrupted) == (order.id, True)
    desk.ledger.fail(claim, "the mount does not answer", permanent=False)
    desk.clock.sleep(10)
    assert desk.claim().interrupted is True


def test_an_order_that_kills_its_workers_is_buried(desk: Desk) -> None:
    order = desk.accept()
    for attempt in (1, 2, 3):
        assert desk.claim().attempt == attempt
        desk.ledger.recover()
    assert desk.state(order) is State.BURIED
    assert "3 tries" in desk.ledger.status(order.id)["reason"]


def test_only_the_orders_of_named_workers_are_taken_back(desk: Desk) -> None:
    desk.accept()
    desk.accept()
    mine, other = desk.claim("a@h:1"), desk.claim("b@h:2")
    assert desk.ledger.recover("a@h") == [mine.id]
    assert desk.ledger.beat(other) == "ours"


def test_a_silent_worker_loses_its_order_and_a_living_one_does_not(opened: Opened) -> None:
    desk = Desk(opened(), OrderSettings(lease=0.3))
    desk.accept()
    desk.accept()
    silent, living = desk.claim("a@h:1"), desk.claim("b@h:2")
    until = time.monotonic() + 0.8
    while time.monotonic() < until:
        desk.ledger.tidy()
        assert desk.ledger.beat(living) == "ours"
        time.sleep(0.05)
    assert desk.ledger.beat(silent) == "lost"
    assert desk.claim().id == silent.id
    assert "silent for 0.3 s" in str(desk.ledger.status(silent.id)["history"])


def test_a_clock_that_jumps_ends_no_lease(desk: Desk) -> None:
    desk.accept()
    claim = desk.claim()
    for jump in (3600, -7200, 86400 * 5):
        desk.clock.sleep(jump)
        desk.ledger.tidy()
        assert desk.ledger.beat(claim) == "ours"


def test_a_heartbeat_that_could_not_be_written_counts(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the disk is full nobody can beat; that must not cost a living worker its order."""
    desk = Desk(opened(), OrderSettings(lease=0.2))
    order = desk.accept()
    claim = desk.claim()
    with monkeypatch.context() as away:
        away.setattr(desk.database, "write", lambda change: None)
        for _ in range(6):
            desk.ledger.beat(claim)
            desk.ledger._watch_leases()
            time.sleep(0.06)
    assert desk.state(order) is State.RUNNING


def test_late_orders_expire_in_any_number(desk: Desk) -> None:
    for _ in range(250):
        desk.ledger.accept(desk.batch(expires=desk.clock.text(60)))
    keep = desk.accept()
    desk.clock.sleep(61)
    desk.ledger.tidy()
    counts = desk.ledger.figures()["counts"]
    assert (counts["expired"], counts["queued"]) == (250, 1)
    assert desk.claim().id == keep.id


def test_old_orders_are_forgotten_whole_and_never_done_again(desk: Desk) -> None:
    order = desk.accept()
    desk.ledger.finish(desk.claim(), Made(orders=[desk.product()]))
    desk.ledger.delivered(desk.ledger.due()[0], {})
    desk.clock.sleep(11 * DAY)
    desk.ledger.tidy()
    assert [count(desk, table) for table in (ORDERS, BODIES, EVENTS, PARCELS, REMEMBERED)] == [0] * 5
    with pytest.raises(Refusal) as error:
        desk.ledger.accept(order).result(10)
    assert error.value.code is FaultCode.TOO_OLD


def test_ids_that_do_not_tell_their_age_keep_their_receipt_for_ever(desk: Desk) -> None:
    order = desk.batch(id="m31-0001")
    receipt = desk.ledger.accept(order).result(10)
    desk.ledger.finish(desk.claim(), Made())
    desk.clock.sleep(1000 * DAY)
    desk.ledger.tidy()
    assert (count(desk, ORDERS), count(desk, REMEMBERED)) == (0, 1)
    assert desk.ledger.accept(order).result(10) == receipt
    with pytest.raises(Refusal) as error:
        desk.ledger.accept(order.model_copy(update={"priority": 1.0})).result(10)
    assert error.value.code is FaultCode.CONFLICT


def test_an_id_from_a_clock_that_runs_ahead_is_remembered(desk: Desk) -> None:
    order = desk.batch(id=desk.id(400 * DAY))
    receipt = desk.ledger.accept(order).result(10)
    desk.ledger.finish(desk.claim(), Made())
    desk.clock.sleep(11 * DAY)
    desk.ledger.tidy()
    assert desk.ledger.accept(order).result(10) == receipt


@pytest.mark.parametrize("change", ["clock", "retention"])
def test_what_was_forgotten_stays_refused_whatever_changes(opened: Opened, change: str) -> None:
    database = opened()
    desk = Desk(database)
    order = desk.accept()
    desk.ledger.finish(desk.claim(), Made())
    desk.clock.sleep(11 * DAY)
    desk.ledger.tidy()
    if change == "clock":
        desk.clock.sleep(-11 * DAY)
    else:
        moment = desk.clock.moment
        desk = Desk(database, OrderSettings(retention=365))
        desk.clock.moment = moment
    with pytest.raises(Refusal) as error:
        desk.ledger.accept(order).result(10)
    assert error.value.code is FaultCode.TOO_OLD


def test_what_is_not_finished_or_not_sent_is_never_forgotten(desk: Desk) -> None:
    done = desk.accept()
    desk.ledger.finish(desk.claim(), Made(orders=[desk.product()]))
    desk.ledger.park(desk.ledger.due()[0], "refused")
    running = desk.accept()
    desk.claim()
    queued = desk.accept()
    desk.clock.sleep(100 * DAY)
    desk.ledger.tidy()
    assert {row["id"] for row in desk.ledger.list_orders()["orders"]} == {done.id, running.id, queued.id}


def test_forgetting_goes_in_short_transactions(desk: Desk) -> None:
    for _ in range(450):
        desk.ledger.accept(desk.batch())
    while desk.next() is not None:
        pass
    desk.database.write(
        lambda session: session.execute(sa.update(ORDERS).values(state="done", finished=desk.clock.text()))
    )
    young = desk.batch(id=desk.id(10 * DAY))
    desk.clock.sleep(10 * DAY + 60)
    desk.accept(young)
    desk.ledger.tidy()
    assert [row["id"] for row in desk.ledger.list_orders()["orders"]] == [young.id]


def test_old_cancel_notes_are_forgotten(desk: Desk) -> None:
    desk.cancel("never-came")
    desk.clock.sleep(11 * DAY)
    desk.cancel("may-come")
    desk.ledger.tidy()
    assert count(desk, NOTES) == 1
