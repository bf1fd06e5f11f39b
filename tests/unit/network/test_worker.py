"""How orders are worked on: what handlers get, what becomes of what they give back or raise."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests.support import work
from tests.support.daemons import eventually
from tests.support.workshop import Bench, bench
from toros.errors import ChildDied, DatabaseError, LeaseLost, OrderCancelled, Permanent, Temporary
from toros.network.every_desk import every_desk
from toros.network.service import Handler, Onward, Outcome
from workorders import Refusal
from workorders.data import IngestDataProduct
from workorders.desk import Cancel, Describe, Status
from workorders.reduction import CalibrateFileBatch

QUICK = {"tries": 3, "first_delay": 0.02, "longest_delay": 0.05, "lease": 1.5}
Handling = Callable[[Any, Any], Any]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Bench]:
    with bench(tmp_path, orders=QUICK) as made:
        yield made


def batch(**fields: Any) -> CalibrateFileBatch:
    return CalibrateFileBatch(file_location="raw:x", **fields)


def product(**fields: Any) -> IngestDataProduct:
    return IngestDataProduct(
        file_location="products:x", sha256="0" * 64, size=1, product_type="calibrated", batch="b",
        batch_location="raw:x", **fields,
    )  # fmt: skip


def working(desk: Bench, handling: Handling, **lanes: int) -> None:
    desk.work({"calibrate_file_batch": Handler(handling)}, {"work": 1, **lanes})


def test_a_result_is_stored(desk: Bench) -> None:
    working(desk, lambda order, context: Outcome({"lights": 48, "worker": context.worker}))
    status = desk.ended(desk.send(batch()), "done")
    assert status["result"] == {"lights": 48, "worker": "preprocessor@here:1"}
    assert desk.woken == []


def test_a_handler_gets_what_it_needs(desk: Bench) -> None:
    seen: list[Any] = []

    def look(order: CalibrateFileBatch, context: Any) -> Outcome:
        seen.extend([context.service, context.attempt, context.resources, context.config.orders.tries])
        context.log.info("seen")
        return Outcome()

    working(desk, look)
    desk.ended(desk.send(batch()), "done")
    assert seen == ["preprocessor", 1, "a telescope", 3]


def test_onward_orders_inherit_parent_user_and_priority(desk: Bench) -> None:
    onward = [product(), product(priority=9.0), Onward(Cancel(order_id="x"), "telescope")]
    working(desk, lambda order, context: Outcome(orders=onward))
    order = batch(user="maria", priority=4.0)
    desk.ended(desk.send(order), "done")
    sent = [parcel.fields() for parcel in desk.ledger.due()]
    assert [fields["parent"] for fields in sent] == [order.id] * 3
    assert [fields["user"] for fields in sent] == ["maria"] * 3
    assert [fields["priority"] for fields in sent] == [4.0, 9.0, 4.0]
    assert [parcel.desk for parcel in desk.ledger.due()] == ["data_manager", "data_manager", "telescope"]
    assert len(desk.woken) == 1


def test_onward_orders_of_nobody_are_the_desks_own(desk: Bench) -> None:
    working(desk, lambda order, context: Outcome(orders=[product()]))
    desk.ended(desk.send(batch()), "done")
    assert desk.ledger.due()[0].fields()["user"] == "preprocessor"


def test_a_failure_is_tried_again_and_then_buried(desk: Bench) -> None:
    tries: list[int] = []

    def fail(order: CalibrateFileBatch, context: Any) -> Outcome:
        tries.append(context.attempt)
        raise KeyError("dark")

    working(desk, fail)
    status = desk.ended(desk.send(batch()), "buried")
    assert tries == [1, 2, 3]
    assert "KeyError: 'dark'" in status["reason"]
    assert "given up after 3 tries" in status["reason"]


@pytest.mark.parametrize("error", [Temporary("later"), ChildDied("killed"), RuntimeError("a defect")])
def test_what_may_pass_passes(desk: Bench, error: Exception) -> None:
    def once(order: CalibrateFileBatch, context: Any) -> Outcome:
        if context.attempt == 1:
            raise error
        return Outcome({"attempt": context.attempt})

    working(desk, once)
    assert desk.ended(desk.send(batch()), "done")["result"] == {"attempt": 2}


def test_what_can_never_be_done_is_buried_at_once(desk: Bench) -> None:
    def refuse(order: CalibrateFileBatch, context: Any) -> Outcome:
        raise Permanent("no lights in this batch")

    working(desk, refuse)
    status = desk.ended(desk.send(batch()), "buried")
    assert (status["attempts"], status["reason"]) == (1, "no lights in this batch")


def test_a_handler_that_returns_nothing_is_a_defect(desk: Bench) -> None:
    working(desk, lambda order, context: None)
    assert "not an Outcome" in desk.ended(desk.send(batch()), "buried")["reason"]


def test_a_record_that_fails_leaves_nothing_behind(desk: Bench) -> None:
    def record(session: Session) -> None:
        session.execute(sa.text("CREATE TABLE effects (id TEXT)"))
        raise ValueError("in the middle")

    working(desk, lambda order, context: Outcome(orders=[product()], record=record))
    desk.ended(desk.send(batch()), "buried")
    assert desk.ledger.due() == []
    tables = desk.shop.database.read(lambda s: sa.inspect(s.connection()).get_table_names())
    assert "effects" not in tables


def test_progress_is_seen_while_it_works(desk: Bench) -> None:
    go = threading.Event()

    def slowly(order: CalibrateFileBatch, context: Any) -> Outcome:
        context.progress(0.5, "half way")
        go.wait(10)
        return Outcome()

    working(desk, slowly)
    order = desk.send(batch())
    eventually(lambda: desk.ledger.status(order).get("message") == "half way", 2, 0.01)
    assert desk.ledger.status(order)["fraction"] == 0.5
    go.set()
    desk.ended(order, "done")


def test_progress_is_cheap(desk: Bench) -> None:
    taken: list[float] = []

    def often(order: CalibrateFileBatch, context: Any) -> Outcome:
        begun = time.perf_counter()
        for step in range(5000):
            context.progress(step / 5000, f"step {step}")
        taken.append(time.perf_counter() - begun)
        return Outcome()

    working(desk, often)
    desk.ended(desk.send(batch()), "done")
    assert taken[0] < 1.0


def test_a_cancelled_order_stops_soon_with_the_reason(desk: Bench) -> None:
    stopped: list[float] = []

    def endless(order: CalibrateFileBatch, context: Any) -> Outcome:
        try:
            while True:
                context.progress(0.1, "on and on")
                time.sleep(0.01)
        except OrderCancelled:
            stopped.append(time.monotonic())
            raise

    handlers = {"calibrate_file_batch": Handler(endless), **every_desk(desk.shop, {}, lambda: None)}
    desk.work(handlers)
    order = desk.send(batch())
    desk.ended(order, "running")
    asked = time.monotonic()
    desk.send(Cancel(order_id=order, user="maria", reason="clouds"))
    status = desk.ended(order, "cancelled")
    assert stopped[0] - asked < 0.5
    assert status["reason"] == "cancelled by maria: clouds"


def test_a_cancelled_order_ends_its_child(desk: Bench) -> None:
    def sleep(order: CalibrateFileBatch, context: Any) -> Outcome:
        return Outcome({"slept": context.engine.run(work.nap, 60.0)})

    desk.work({"calibrate_file_batch": Handler(sleep), **every_desk(desk.shop, {}, lambda: None)})
    order = desk.send(batch())
    desk.ended(order, "running")
    time.sleep(0.2)
    desk.send(Cancel(order_id=order))
    desk.ended(order, "cancelled", 3.0)


def test_an_order_cancelled_in_its_last_step_sends_nothing_on(desk: Bench) -> None:
    go = threading.Event()

    def deaf(order: CalibrateFileBatch, context: Any) -> Outcome:
        go.wait(10)
        return Outcome(orders=[product()])

    desk.work({"calibrate_file_batch": Handler(deaf), **every_desk(desk.shop, {}, lambda: None)})
    order = desk.send(batch())
    desk.ended(order, "running")
    desk.ended(desk.send(Cancel(order_id=order)), "done")
    go.set()
    desk.ended(order, "cancelled")
    assert desk.ledger.due() == []


def test_cancelling_a_tree_reaches_what_it_has_caused(desk: Bench) -> None:
    onward = [product(id="first"), product(id="second")]
    handlers = {
        "calibrate_file_batch": Handler(lambda order, context: Outcome(orders=onward)),
        **every_desk(desk.shop, {}, lambda: None),
    }
    desk.work(handlers)
    order = desk.send(batch())
    desk.ended(order, "done")
    desk.ledger.delivered(desk.ledger.due()[0])
    cancel = Cancel(order_id=order, user="maria")
    assert desk.ended(desk.send(cancel), "done")["result"]["passed_on"] == 2
    parcels = desk.ledger.due()
    assert [(parcel.request, parcel.desk) for parcel in parcels] == [("cancel", "data_manager")] * 2
    assert [parcel.fields()["order_id"] for parcel in parcels] == ["first", "second"]
    states = {parcel["id"]: parcel["state"] for parcel in desk.ledger.status(order)["onward"]}
    assert states == {"first": "delivered", "second": "parked"}


def test_a_change_by_another_than_the_holder_is_refused(desk: Bench) -> None:
    held, go, caught = threading.Event(), threading.Event(), []

    def write(order: CalibrateFileBatch, context: Any) -> Outcome:
        if context.attempt > 1:
            return Outcome({"attempt": context.attempt})
        held.set()
        go.wait(10)
        try:
            context.write(lambda session: None)
        except LeaseLost as error:
            caught.append(error)
            raise
        return Outcome()

    working(desk, write, work=2)
    order = desk.send(batch())
    held.wait(5)
    desk.ledger.recover()  # as if the worker had been silent for too long
    assert desk.ended(order, "done")["result"] == {"attempt": 2}
    go.set()
    eventually(lambda: caught, 2)
    assert desk.ledger.status(order)["result"] == {"attempt": 2}


def test_the_lease_of_a_silent_handler_is_kept(desk: Bench) -> None:
    """A handler may be busy for longer than the lease: the heart beats for it."""

    def busy(order: CalibrateFileBatch, context: Any) -> Outcome:
        time.sleep(2.5)
        return Outcome({"attempt": context.attempt})

    working(desk, busy)
    order = desk.send(batch())
    desk.ended(order, "running")
    for _ in range(8):
        desk.ledger.tidy()
        time.sleep(0.3)
    assert desk.ended(order, "done")["result"] == {"attempt": 1}


def test_an_ending_waits_for_the_database(desk: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is full when the work is done: it is stored once there is room, not done again."""
    finish, failures = desk.ledger.finish, [DatabaseError("the disk is full")] * 2
    calls: list[int] = []

    def full(claim: Any, outcome: Any) -> None:
        if failures:
            raise failures.pop()
        finish(claim, outcome)

    monkeypatch.setattr(desk.ledger, "finish", full)
    working(desk, lambda order, context: calls.append(1) or Outcome())
    assert desk.ended(desk.send(batch()), "done")["attempts"] == 1
    assert calls == [1]


def test_a_lane_outlives_the_database(desk: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    claim, failures = desk.ledger.claim, [DatabaseError("away"), ValueError("a defect of ours")]

    def away(lane: str, owner: str) -> Any:
        if failures:
            raise failures.pop()
        return claim(lane, owner)

    monkeypatch.setattr(desk.ledger, "claim", away)
    working(desk, lambda order, context: Outcome())
    desk.ended(desk.send(batch()), "done")
    assert desk.workers is not None and desk.workers.well()


def test_more_urgent_orders_go_first(desk: Bench) -> None:
    begun, go = [], threading.Event()

    def note(order: CalibrateFileBatch, context: Any) -> Outcome:
        begun.append(order.priority)
        go.wait(10)
        return Outcome()

    working(desk, note)
    desk.send(batch(priority=0.0))
    eventually(lambda: begun == [0.0], 3, 0.01)
    last = [desk.send(batch(priority=p)) for p in (1.0, 9.0, 5.0)]
    go.set()
    for order in last:
        desk.ended(order, "done")
    assert begun == [0.0, 9.0, 5.0, 1.0]


def test_an_order_that_expired_is_not_started(desk: Bench) -> None:
    begun: list[str] = []
    order = desk.send(batch(expires=time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + 1))))
    time.sleep(2.1)
    working(desk, lambda order, context: begun.append(order.id) or Outcome())
    desk.ledger.tidy()
    desk.ended(order, "expired")
    assert begun == []


def test_a_drain_lets_orders_end_and_gives_others_back(desk: Bench) -> None:
    def wait(order: CalibrateFileBatch, context: Any) -> Outcome:
        time.sleep(0.3 if order.priority else 3.0)
        return Outcome()

    working(desk, wait, work=2)
    short, long = desk.send(batch(priority=1.0)), desk.send(batch())
    for order in (short, long):
        desk.ended(order, "running")
    assert desk.workers is not None
    assert desk.workers.drain(1.0) == [long]
    assert desk.ledger.status(short)["state"] == "done"
    status = desk.ledger.status(long)
    assert (status["state"], status["attempts"]) == ("queued", 0)


def test_questions_are_answered_and_unknown_ones_refused(desk: Bench) -> None:
    workers = desk.work({**every_desk(desk.shop, {"work": 1}, lambda: None)})
    status = workers.answer(Status())
    assert (status["desk"], status["lanes"], status["outbox"]) == (
        "preprocessor", {"work": 1}, {"waiting": 0, "parked": 0},
    )  # fmt: skip
    assert "queued" in status["counts"]
    described = workers.answer(Describe())
    assert set(described["requests"]) >= {"calibrate_file_batch", "status", "cancel"}
    assert "file_location" in described["requests"]["calibrate_file_batch"]["schema"]["properties"]
    assert list(workers.answer(Describe(named="retry"))["requests"]) == ["retry"]
    with pytest.raises(Refusal, match="no such request"):
        workers.answer(Describe(named="open_dome"))
    with pytest.raises(Refusal, match="no order with this id"):
        workers.answer(Status(order_id="unheard-of"))
    with pytest.raises(Refusal, match="not served"):
        workers.answer(batch())
