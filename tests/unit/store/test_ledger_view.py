"""What is shown of orders: plain values, the latest first, in pages, as trees."""

from __future__ import annotations

import json
import re
import xmlrpc.client
from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from tests.support.plans import plans
from tests.unit.store.desk import Desk, Made
from workorders import Refusal
from workorders.envelope import State
from workorders.refusal import FaultCode


def test_a_row_holds_what_the_network_agreed_on(desk: Desk) -> None:
    order = desk.accept(target="M31", priority=3.0, user="anna", parent="P-1")
    row = desk.ledger.status(order.id)
    assert {name: row[name] for name in row if name != "history"} == {
        "id": order.id, "request": "calibrate_file_batch", "desk": "preprocessor", "instance": "one",
        "state": "queued", "parent": "P-1", "user": "anna", "priority": 3.0, "accepted": desk.clock.text(),
        "attempts": 0, "result": {}, "onward": [],
        "fields": {"file_location": "raw:night/batch", "target": "M31"},
    }  # fmt: skip


def test_everything_shown_can_travel_by_xml_rpc(desk: Desk) -> None:
    desk.accept()
    desk.ledger.finish(desk.claim(), Made({"lights": 1, "marks": ["no flat"]}, [desk.product()]))
    for answer in (desk.ledger.list_orders(), desk.ledger.figures()):
        assert xmlrpc.client.loads(xmlrpc.client.dumps((answer,)))[0][0] == json.loads(json.dumps(answer))


def test_the_latest_come_first_in_pages(desk: Desk) -> None:
    ids = [desk.accept().id for _ in range(7)]
    seen: list[str] = []
    before = None
    while True:
        page = desk.ledger.list_orders(limit=3, before=before)
        seen += [row["id"] for row in page["orders"]]
        if not page["more"]:
            break
        before = seen[-1]
    assert seen == ids[::-1]


def test_orders_are_found_by_state_and_request(desk: Desk) -> None:
    first, second = desk.accept(), desk.accept()
    desk.claim()
    assert [row["id"] for row in desk.ledger.list_orders(state="running")["orders"]] == [first.id]
    assert [row["id"] for row in desk.ledger.list_orders(state="queued")["orders"]] == [second.id]
    assert len(desk.ledger.list_orders(named="calibrate_file_batch")["orders"]) == 2
    assert desk.ledger.list_orders(named="cancel")["orders"] == []


def test_a_tree_is_found_by_its_root_here_or_elsewhere(desk: Desk) -> None:
    child = desk.accept(parent="ALERT-1")
    grandchild = desk.accept(parent=child.id)
    desk.accept(parent="ALERT-2")
    for root, expected in (("ALERT-1", {child.id, grandchild.id}), (child.id, {child.id, grandchild.id})):
        assert {row["id"] for row in desk.ledger.list_orders(root=root)["orders"]} == expected


def test_figures_count_by_state_and_tell_how_long_orders_wait(desk: Desk) -> None:
    desk.accept()
    desk.accept()
    desk.clock.sleep(30)
    desk.claim()
    figures = desk.ledger.figures()
    assert figures["counts"] == {
        "queued": 1, "running": 1, "done": 0, "buried": 0, "cancelled": 0, "expired": 0,
    }  # fmt: skip
    assert figures["oldest_queued"] == pytest.approx(30)


def test_what_is_looked_at_every_second_is_found_by_an_index(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Callable[[Session], object]] = []
    read = desk.database.read
    monkeypatch.setattr(desk.database, "read", lambda query: (asked.append(query), read(query))[1])
    desk.ledger.figures()
    desk.ledger.tidy()
    desk.ledger.wait("reduction", 0)
    for state in State:
        desk.ledger.list_orders(state=state.value)
    monkeypatch.undo()
    found = {statement: plan for query in asked for statement, plan in plans(desk.database, query).items()}
    slow = re.compile(r"Seq Scan on orders\b|(?:SCAN|SEARCH) orders$", re.MULTILINE)
    assert [statement for statement, plan in found.items() if slow.search(plan)] == []
    assert all(any(index in plan for plan in found.values()) for index in ("orders_by_state", "orders_claim"))


def test_an_unknown_order_is_refused_as_such(desk: Desk) -> None:
    with pytest.raises(Refusal) as error:
        desk.ledger.status("m31-0001")
    assert error.value.code is FaultCode.UNKNOWN_ORDER
