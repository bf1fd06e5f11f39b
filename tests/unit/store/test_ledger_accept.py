"""An order is taken once, durably, and its receipt never changes."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

import workorders
from tests.unit.store.conftest import Opened
from tests.unit.store.desk import Desk, Made
from toros.store.ledger_accept import short_fields, time_of_id
from workorders import Refusal, WorkOrder
from workorders.envelope import State, new_id
from workorders.refusal import FaultCode


def refused(desk: Desk, order: WorkOrder) -> FaultCode:
    with pytest.raises(Refusal) as error:
        desk.ledger.accept(order).result(10)
    assert error.value.field in error.value.sentence()
    return error.value.code


def test_a_receipt_says_what_was_stored_where_and_when(desk: Desk) -> None:
    order = desk.batch(priority=8.5, user="alert_robot", parent="ALERT-1")
    receipt = desk.ledger.accept(order).result(10)
    assert (receipt.id, receipt.request, receipt.desk, receipt.instance) == (
        order.id, "calibrate_file_batch", "preprocessor", "one",
    )  # fmt: skip
    assert receipt.accepted == desk.clock.text()
    shown = desk.ledger.status(order.id)
    assert (shown["priority"], shown["user"], shown["parent"]) == (8.5, "alert_robot", "ALERT-1")


def test_the_receipt_is_there_when_the_daemon_comes_back(opened: Opened) -> None:
    first = opened()
    receipt = Desk(first).ledger.accept(order := Desk(first).batch()).result(10)
    first.close()
    desk = Desk(opened())
    assert desk.ledger.accept(order).result(10) == receipt
    assert desk.claim().order == order


def test_the_same_order_fifty_times_from_eight_threads_is_one_order(desk: Desk) -> None:
    order = desk.batch()
    with ThreadPoolExecutor(8) as pool:
        receipts = list(pool.map(lambda _: desk.ledger.accept(order).result(10), range(50)))
    assert len(set(receipts)) == 1
    assert sum(desk.ledger.figures()["counts"].values()) == 1


def test_the_receipt_stays_the_same_after_the_order_is_done(desk: Desk) -> None:
    order = desk.batch()
    receipt = desk.ledger.accept(order).result(10)
    desk.ledger.finish(desk.claim(), Made())
    desk.clock.sleep(3600)
    assert desk.ledger.accept(order).result(10) == receipt
    assert desk.next() is None


def test_an_id_used_for_another_order_is_a_conflict(desk: Desk) -> None:
    order = desk.accept()
    assert refused(desk, order.model_copy(update={"priority": 3.0})) is FaultCode.CONFLICT
    assert desk.ledger.status(order.id)["priority"] == 0


def test_an_order_that_reads_the_same_after_an_upgrade_is_the_same(desk: Desk) -> None:
    """An upgrade that adds a field with a default must not turn a resend into a conflict."""
    order = desk.accept()

    def older(fields: object, service: object = None) -> WorkOrder:
        return order

    desk.ledger._parse = older
    desk.ledger._row = lambda *a: type(desk.ledger)._row(desk.ledger, a[0], a[1], "f" * 64)  # type: ignore[method-assign]
    assert desk.ledger.accept(order).result(10).id == order.id


def test_an_order_that_comes_too_late_is_refused_and_leaves_nothing(desk: Desk) -> None:
    late = desk.batch(expires=desk.clock.text(-1))
    assert refused(desk, late) is FaultCode.EXPIRED
    assert sum(desk.ledger.figures()["counts"].values()) == 0


def test_an_order_that_was_taken_in_time_keeps_its_receipt_after_its_time(desk: Desk) -> None:
    order = desk.batch(expires=desk.clock.text(5))
    receipt = desk.ledger.accept(order).result(10)
    desk.clock.sleep(60)
    assert desk.ledger.accept(order).result(10) == receipt


def test_an_id_older_than_the_retention_is_refused(desk: Desk) -> None:
    assert refused(desk, desk.batch(id=desk.id(-11 * 86400))) is FaultCode.TOO_OLD
    desk.accept(desk.batch(id=desk.id(-9 * 86400)))


def test_a_cancel_that_overtook_its_order_is_remembered(desk: Desk) -> None:
    order = desk.batch()
    assert desk.cancel(order.id, "wrong field")["state"] == "unknown"
    receipt = desk.ledger.accept(order).result(10)
    assert receipt.status == "accepted"
    assert desk.state(order) is State.CANCELLED
    assert desk.ledger.status(order.id)["reason"] == "cancelled by anna: wrong field"
    assert desk.next() is None


def test_a_big_body_neither_slows_lists_nor_is_shown_in_them(opened: Opened) -> None:
    desk = Desk(opened("alert_robot"))
    alert = json.dumps({"map": "x" * 2_500_000})
    order = workorders.parse({"id": desk.id(), "request": "process_alert", "alert": alert})
    desk.accept(order)
    row = desk.ledger.list_orders()["orders"][0]
    assert "alert" not in row["fields"]
    assert row["fields"]["test"] is False
    claim = desk.ledger.claim("work", "w@h:1")
    assert claim is not None
    assert claim.order == order


def test_strange_text_is_stored_as_it_came(desk: Desk) -> None:
    order = desk.batch(target="α Cen \U0001f52d % :x '; DROP TABLE orders; --")
    desk.accept(order)
    assert desk.claim().order == order


def test_one_refused_order_does_not_harm_its_neighbours(desk: Desk) -> None:
    good = [desk.batch() for _ in range(20)]
    bad = [desk.batch(expires=desk.clock.text(-1)) for _ in range(20)]
    futures = [desk.ledger.accept(order) for pair in zip(good, bad, strict=True) for order in pair]
    assert [type(future.exception(10)) for future in futures] == [type(None), Refusal] * 20
    assert desk.ledger.figures()["counts"]["queued"] == 20


def test_ids_tell_their_time_only_where_they_are_ulids() -> None:
    assert time_of_id(new_id(1_700_000_000.5)) == 1_700_000_000.5
    for other in ("m31-0001", "01J" + "U" * 23, "8" + "0" * 25, "0" * 25):
        assert time_of_id(other) is None


def test_short_fields_leave_out_what_is_long_and_the_envelope() -> None:
    alert = {"request": "process_alert", "alert": "x" * 1000, "test": False}
    assert short_fields(workorders.parse(alert)) == {"test"}
    watch = {"request": "observation", "ra": 1.5, "dec": 2.0, "target": "M31", "priority": 3.0}
    assert short_fields(workorders.parse(watch)) >= {"ra", "dec", "target"}
    assert "priority" not in short_fields(workorders.parse(watch))


def test_an_order_is_the_same_whatever_the_order_of_its_fields(desk: Desk) -> None:
    fields = {
        "id": desk.id(), "request": "update_observation", "facility_id": "F-1", "status": "COMPLETED",
        "parameters": {"exposures": 3, "filter": "r"},
    }  # fmt: skip
    other = {**fields, "parameters": {"filter": "r", "exposures": 3}}
    first = desk.accept(workorders.parse(fields))
    assert desk.accept(workorders.parse(dict(reversed(other.items())))) == first
