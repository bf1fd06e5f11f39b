"""Deliveries: in order, byte for byte the same, nobody waits for somebody else's peer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.daemons import eventually
from tests.support.workshop import Bench, bench
from toros.network import courier as module
from toros.network import wire
from toros.network.client import Unreachable
from toros.network.courier import Courier
from toros.network.service import Outcome
from workorders import Refusal, WorkOrder
from workorders.data import IngestDataProduct
from workorders.observing import Observation
from workorders.reduction import CalibrateFileBatch
from workorders.refusal import FaultCode


class Peer:
    """A desk at the other end, as a courier's client sees it; `answer` decides what it does."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.times: list[float] = []
        self.answer: Callable[[dict[str, Any]], dict[str, Any]] = lambda fields: {"id": fields["id"]}

    def call_raw(self, body: bytes) -> dict[str, Any]:
        self.bodies.append(body)
        self.times.append(time.monotonic())
        return self.answer(wire.loads(body))

    def close(self) -> None:
        pass

    def ids(self) -> list[str]:
        return [wire.loads(body)["id"] for body in self.bodies]


class Round:
    """A ledger with an outbox, peers, and the courier between them."""

    def __init__(self, desk: Bench) -> None:
        self.desk = desk
        self.peers = {"data_manager": Peer(), "telescope": Peer()}
        self.courier = Courier(desk.ledger, desk.shop.config, lambda name, _instance: self.peers[name])  # type: ignore[arg-type,return-value]

    def cause(self, *orders: WorkOrder) -> str:
        """Put orders into the outbox, as the end of an order does."""
        order = CalibrateFileBatch(file_location="raw:x")
        self.desk.ledger.accept(order).result(5)
        claim = self.desk.ledger.claim("work", "somebody")
        assert claim is not None
        self.desk.ledger.finish(claim, Outcome(orders=orders))
        self.courier.wake()
        return order.id

    def states(self, order_id: str) -> dict[str, str]:
        return {parcel["id"]: parcel["state"] for parcel in self.desk.ledger.status(order_id)["onward"]}

    def all(self, order_id: str, state: str) -> bool:
        return set(self.states(order_id).values()) == {state}

    def reason(self, order_id: str) -> str:
        return str(self.desk.ledger.status(order_id)["onward"][0].get("reason", ""))


@pytest.fixture
def delivery(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Round]:
    monkeypatch.setattr(module, "FIRST", 0.05)
    with bench(tmp_path) as desk:
        made = Round(desk)
        made.courier.start()
        yield made
        made.courier.stop()


def product(number: int = 0) -> IngestDataProduct:
    return IngestDataProduct(
        id=f"product-{number}", file_location="products:x", sha256="0" * 64, size=1, product_type="calibrated",
        batch="b", batch_location="raw:x",
    )  # fmt: skip


def failing(*errors: Exception) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Return an answer that raises these first, and then takes the order."""
    left = list(errors)

    def answer(fields: dict[str, Any]) -> dict[str, Any]:
        if left:
            raise left.pop(0)
        return {"id": fields["id"]}

    return answer


def test_orders_arrive_at_once_and_in_order(delivery: Round, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STRANGER", module.LOOK)  # the bell alone tells it soon
    begun = time.monotonic()
    order = delivery.cause(*(product(number) for number in range(120)))
    eventually(lambda: delivery.all(order, "delivered"), 20)
    peer = delivery.peers["data_manager"]
    assert peer.ids() == [f"product-{number}" for number in range(120)]
    assert peer.times[0] - begun < module.LOOK / 2, "it was not woken"


def test_a_resend_is_byte_identical(delivery: Round) -> None:
    peer = delivery.peers["data_manager"]
    peer.answer = failing(
        Unreachable("hung up"), Refusal(FaultCode.NO_ROOM, "full"), Refusal(FaultCode.STOPPING, "bye")
    )
    order = delivery.cause(product())
    eventually(lambda: delivery.all(order, "delivered"))
    assert len(peer.bodies) == 4
    assert len(set(peer.bodies)) == 1


def test_a_peer_that_fails_is_left_alone_longer_and_longer(delivery: Round) -> None:
    peer = delivery.peers["data_manager"]
    peer.answer = failing(*[Unreachable("nobody listens")] * 5)
    order = delivery.cause(product(0), product(1))
    eventually(lambda: delivery.all(order, "delivered"))
    assert peer.ids() == ["product-0"] * 6 + ["product-1"]
    gaps = [later - earlier for earlier, later in zip(peer.times[:5], peer.times[1:6], strict=True)]
    assert gaps[4] > 3 * gaps[0]


def test_the_longest_pause_is_well_below_half_a_minute() -> None:
    assert max(module._delay(attempts) for attempts in range(200)) <= 15.0
    assert module._delay(0) < 1.0


def test_why_it_waits_is_seen(delivery: Round) -> None:
    delivery.peers["data_manager"].answer = failing(*[Unreachable("nobody listens at …")] * 9)
    order = delivery.cause(product())
    eventually(lambda: delivery.reason(order) == "nobody listens at …")
    assert delivery.states(order) == {"product-0": "waiting"}


@pytest.mark.parametrize("code", [FaultCode.UNKNOWN_FIELD, FaultCode.CONFLICT, FaultCode.EXPIRED, FaultCode.FORBIDDEN])
def test_what_is_refused_for_good_is_parked_and_holds_nobody_up(delivery: Round, code: FaultCode) -> None:
    delivery.peers["data_manager"].answer = failing(Refusal(code, "no such field", field="colour", value="red"))
    order = delivery.cause(product(0), product(1))
    eventually(lambda: delivery.states(order) == {"product-0": "parked", "product-1": "delivered"})
    assert delivery.reason(order) == "no such field; field: colour; value: 'red'"


def test_a_defect_of_the_peer_over_one_order_is_not_tried_for_ever(
    delivery: Round, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "HOPELESS", 3)
    monkeypatch.setattr(module, "LONGEST", 0.05)
    delivery.peers["data_manager"].answer = failing(*[Refusal(FaultCode.INTERNAL, "a defect there")] * 3)
    order = delivery.cause(product(0), product(1))
    eventually(lambda: delivery.states(order) == {"product-0": "parked", "product-1": "delivered"})


def test_a_receipt_for_another_order_is_none(delivery: Round) -> None:
    peer = delivery.peers["data_manager"]
    peer.answer = lambda fields: {"id": "somebody-else"}
    order = delivery.cause(product())
    eventually(lambda: "another order" in delivery.reason(order))
    peer.answer = lambda fields: {"id": fields["id"]}
    eventually(lambda: delivery.all(order, "delivered"))


def test_a_desk_that_nobody_configured_is_a_reason_to_park(delivery: Round) -> None:
    del delivery.peers["data_manager"]
    order = delivery.cause(product())
    eventually(lambda: delivery.all(order, "parked"))
    assert "configuration" in delivery.reason(order)


def test_a_hung_peer_delays_nobody_else(delivery: Round) -> None:
    hang = threading.Event()

    def answer(fields: dict[str, Any]) -> dict[str, Any]:
        hang.wait(10)
        return {"id": fields["id"]}

    delivery.peers["data_manager"].answer = answer
    stuck = delivery.cause(product())
    eventually(lambda: delivery.peers["data_manager"].bodies)
    begun = time.monotonic()
    free = delivery.cause(Observation(ra=1.0, dec=2.0))
    eventually(lambda: delivery.all(free, "delivered"), 2, 0.01)
    assert time.monotonic() - begun < 1.0
    assert delivery.all(stuck, "waiting")
    hang.set()
    eventually(lambda: delivery.all(stuck, "delivered"))


def test_a_new_courier_takes_up_what_waits(delivery: Round) -> None:
    delivery.courier.stop()
    order = delivery.cause(product())
    time.sleep(0.2)
    assert delivery.all(order, "waiting")
    again = Courier(delivery.desk.ledger, delivery.desk.shop.config, lambda name, _instance: delivery.peers[name])  # type: ignore[arg-type,return-value]
    again.start()
    eventually(lambda: delivery.all(order, "delivered"))
    assert again.well()
    again.stop()
