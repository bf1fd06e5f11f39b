"""Order, receipt and offset are one change: all of them are there, or none."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from tests.unit.store.desk import Desk
from toros.store.database import Database
from toros.store.receipts import ReceiptRow, keep_offsets, offsets_of, receipt_with_hash, unreadable_alerts
from workorders.alerts import ProcessAlert
from workorders.envelope import new_id

HASH = "a" * 64


@pytest.fixture
def robot(opened: Callable[..., Database]) -> Desk:
    """The alert robot's, in SQLite and in PostgreSQL."""
    return Desk(opened("alert_robot"))


def received(robot: Desk, order: ProcessAlert, fail: bool = False) -> Callable[[Session], None]:
    def change(session: Session) -> None:
        assert receipt_with_hash(session, HASH) is None
        robot.ledger.accept_within(order)
        session.add(
            ReceiptRow(hash=HASH, source="kafka:gcn", topic="t", name="", arrived="2026", size=2, location="alerts:x",
                       order_id=order.id, times=1, last_source="kafka:gcn", last_arrived="2026")
        )  # fmt: skip
        keep_offsets(session, "kafka:gcn", {("t", 0): 7})
        if fail:
            session.flush()
            raise ValueError("cut off")

    return change


def order(robot: Desk) -> ProcessAlert:
    return ProcessAlert(id=new_id(robot.clock.now().timestamp()), file_location="alerts:x", topic="t")


def test_a_change_that_fails_leaves_neither_order_nor_receipt_nor_offset(robot: Desk) -> None:
    with pytest.raises(ValueError, match="cut off"):
        robot.database.write(received(robot, order(robot), fail=True))
    assert robot.ledger.list_orders()["orders"] == []
    assert robot.database.read(lambda s: (receipt_with_hash(s, HASH), offsets_of(s, "kafka:gcn"))) == (None, {})


def test_what_is_kept_is_an_order_like_any_other(robot: Desk) -> None:
    wanted = order(robot)
    robot.database.write(received(robot, wanted))
    assert robot.database.read(lambda s: offsets_of(s, "kafka:gcn")) == {("t", 0): 7}
    assert robot.ledger.accept(wanted).result(5).id == wanted.id
    claim = robot.ledger.claim("work", "desk@host:1")
    assert claim is not None and claim.order == wanted
    assert robot.database.read(lambda s: unreadable_alerts(s, 10)) == []
    robot.ledger.fail(claim, "no alert", permanent=True)
    (row,) = robot.database.read(lambda s: unreadable_alerts(s, 10))
    assert (row["reason"], row["location"], row["size"], "name" in row) == ("no alert", "alerts:x", 2, False)
