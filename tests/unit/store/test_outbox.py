"""Parcels: in order, byte for byte the same, until there is a receipt."""

from __future__ import annotations

import json
import threading
import time

from tests.unit.store.desk import Desk, Made
from workorders import WorkOrder
from workorders.envelope import State


def send(desk: Desk, *orders: WorkOrder) -> None:
    desk.accept()
    desk.ledger.finish(desk.claim(), Made(orders=orders))


def test_parcels_are_sent_in_the_order_in_which_they_were_caused(desk: Desk) -> None:
    orders = [desk.product() for _ in range(10)]
    send(desk, *orders[:5])
    send(desk, *orders[5:])
    assert [parcel.id for parcel in desk.ledger.due()] == [order.id for order in orders]


def test_a_resend_is_byte_for_byte_the_same(desk: Desk) -> None:
    order = desk.product(target="α Cen")
    send(desk, order)
    first = desk.ledger.due()[0]
    desk.ledger.postpone(first, "no answer within 10 s", 0)
    second = desk.ledger.due()[0]
    assert second.body == first.body
    assert (first.attempts, second.attempts) == (0, 1)
    assert second.fields() == order.body() == json.loads(first.body)


def test_while_a_peers_oldest_parcel_waits_the_later_ones_wait_behind_it(desk: Desk) -> None:
    orders = [desk.product() for _ in range(3)]
    send(desk, *orders)
    desk.ledger.postpone(desk.ledger.due()[0], "down", 30)
    assert desk.ledger.due() == []
    desk.clock.sleep(31)
    assert [parcel.id for parcel in desk.ledger.due()] == [order.id for order in orders]


def test_one_peer_that_is_away_delays_no_other(desk: Desk) -> None:
    away, here = desk.product(to="away"), desk.product(to="here")
    send(desk, away, here)
    desk.ledger.postpone(desk.ledger.due()[0], "down", 30)
    assert [parcel.id for parcel in desk.ledger.due()] == [here.id]
    assert desk.ledger.waiting_desks() == ["data_manager"]
    assert desk.ledger.due("telescope") == []


def test_what_was_delivered_is_not_sent_again(desk: Desk) -> None:
    send(desk, desk.product())
    parcel = desk.ledger.due()[0]
    for _ in range(2):
        desk.ledger.delivered(parcel, {"accepted": "2026-11-20T22:00:01.000"})
    assert desk.ledger.due() == []
    assert desk.ledger.waiting_desks() == []
    assert desk.ledger.list_orders()["orders"][0]["onward"][0]["state"] == "delivered"


def test_what_is_refused_for_good_is_parked_visibly_and_holds_up_nobody(desk: Desk) -> None:
    orders = [desk.product(), desk.product()]
    send(desk, *orders)
    desk.ledger.park(desk.ledger.due()[0], "120: data_manager does not know the field quality")
    assert [parcel.id for parcel in desk.ledger.due()] == [orders[1].id]
    shown = desk.ledger.list_orders()["orders"][0]["onward"][0]
    assert shown["state"] == "parked"
    assert "does not know the field" in shown["reason"]
    assert desk.ledger.figures()["outbox"] == {"waiting": 1, "parked": 1}


def test_a_limited_number_of_parcels_is_in_hand(desk: Desk) -> None:
    send(desk, *[desk.product() for _ in range(20)])
    assert len(desk.ledger.due("data_manager", limit=7)) == 7


def test_a_clock_set_back_does_not_hold_parcels(desk: Desk) -> None:
    send(desk, desk.product())
    desk.ledger.postpone(desk.ledger.due()[0], "down", 30)
    desk.clock.sleep(-3600)
    assert len(desk.ledger.due()) == 1


def test_the_courier_is_woken_when_something_is_to_be_sent(desk: Desk) -> None:
    desk.ledger.wait_for_parcels(0.01)
    threading.Timer(0.1, send, (desk, desk.product())).start()
    began = time.monotonic()
    desk.ledger.wait_for_parcels(20)
    assert time.monotonic() - began < 5


def test_an_order_that_failed_sends_nothing(desk: Desk) -> None:
    order = desk.accept()
    desk.ledger.fail(desk.claim(), "x", permanent=True)
    assert desk.state(order) is State.BURIED
    assert desk.ledger.due() == []
