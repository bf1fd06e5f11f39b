from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import CheckConstraint, MetaData, UniqueConstraint
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

import workorders
from tests.unit.store.desk import Desk, Made
from toros.store.alerts import (
    METADATA,
    AlertRow,
    PlanRow,
    alert_with_hash,
    alerts_before,
    alerts_of,
    deliveries_of,
    keep_deliveries,
    plans_of,
    take_plans_back,
)
from toros.store.database import Database
from toros.store.receipts import ReceiptRow
from toros.store.upgrade import heads, migrate

Opened = Callable[..., Database]
TARGETS = [{"name": "NGC1", "ra": 1.0, "dec": 2.0, "exposure_time": 60.0}]


@pytest.fixture
def database(opened: Opened) -> Database:
    """The alert robot's, in SQLite and in PostgreSQL."""
    return opened("alert_robot")


def row(number: int, **changes: Any) -> AlertRow:
    fields = {
        "order_id": f"order-{number}",
        "event": "S261120ab",
        "source": "LVK",
        "kind": "gw",
        "format": "gwalert",
        "ivorn": "",
        "cites": [],
        "meaning": f"{number:064d}",
        "alert_type": "PRELIMINARY",
        "time_created": f"2026-11-20T02:{number:02d}:00.000",
        "received": "2026-11-20T02:30:00.000",
        "hash": f"{number:064d}",
        "is_mock": False,
        "location": "alerts:S261120ab/x.json",
        "result": {"notes": []},
    }
    return AlertRow(**(fields | changes))


def facts(metadata: MetaData) -> dict[str, Any]:
    """Return what a schema says: columns, uniqueness, laws, indexes."""
    return {
        table.name: (
            {
                (c.name, c.nullable, c.primary_key, type(c.type.as_generic()).__name__.replace("Double", "Float"))
                for c in table.columns
            },
            {tuple(c.columns.keys()) for c in table.constraints if isinstance(c, UniqueConstraint)},
            {c.name for c in table.constraints if isinstance(c, CheckConstraint)},
            {(i.name, tuple(i.columns.keys())) for i in table.indexes},
        )
        for table in metadata.sorted_tables
    }


def test_the_migrations_make_the_tables_of_the_code(database: Database) -> None:
    found = MetaData()
    database.read(lambda session: found.reflect(session.connection(), only=["alerts", "offsets", "plans", "receipts"]))
    assert facts(found) == facts(METADATA) and ReceiptRow.__tablename__ in METADATA.tables


def test_an_event_is_kept_in_the_order_of_arrival_and_listed_the_latest_first(database: Database) -> None:
    for number in (3, 1, 2):
        database.write(lambda session, number=number: session.add(row(number)))
    story = database.read(lambda session: [each.order_id for each in alerts_of(session, "S261120ab")])
    assert story == ["order-3", "order-1", "order-2"]
    arrivals = database.read(lambda session: [each.order_id for each in alerts_before(session, None, 10)])
    assert arrivals == ["order-2", "order-1", "order-3"]
    assert database.read(lambda session: [e.order_id for e in alerts_before(session, "order-2", 1)]) == ["order-1"]


def test_the_same_content_is_kept_once(database: Database) -> None:
    database.write(lambda session: session.add(row(1)))
    found = database.read(lambda session: alert_with_hash(session, f"{1:064d}"))
    assert found is not None
    assert found.order_id == "order-1"
    with pytest.raises(IntegrityError):
        database.write(lambda session: session.add(row(2, hash=f"{1:064d}")))


@pytest.mark.parametrize("changes", [{"hash": "short"}, {"event": None}])
def test_the_database_states_the_law(database: Database, changes: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError):
        database.write(lambda session: session.add(row(1, **changes)))


def test_a_row_for_the_wire_has_no_empty_fields(database: Database) -> None:
    def plain(session: Session) -> dict[str, Any]:
        return alerts_of(session, "S261120ab")[0].plain()

    database.write(lambda session: session.add(row(1, significant=False)))
    told = database.read(plain)
    assert told["significant"] is False
    assert None not in told.values()
    assert "ranked" not in told


def plan(number: int, **changes: Any) -> PlanRow:
    fields = {
        "order_id": f"list-{number}", "alert": "order-1", "event": "S261120ab", "telescope": "ctmo",
        "targets": ["NGC1"],
        "digest": f"{number:064d}", "written": "2026-11-20T02:31:00.000", "expires": "2026-11-21T02:31:00.000",
    }  # fmt: skip
    return PlanRow(**(fields | changes))


def test_a_plan_is_taken_back_once(database: Database) -> None:
    database.write(lambda session: session.add_all([plan(1), plan(2)]))
    database.write(lambda session: take_plans_back(session, ["list-1"], "2026-11-20T03:00:00.000"))
    database.write(lambda session: take_plans_back(session, ["list-1"], "2026-11-20T04:00:00.000"))
    taken = database.read(lambda session: [each.taken_back for each in plans_of(session, "S261120ab")])
    assert taken == ["2026-11-20T03:00:00.000", None]


def test_what_no_courier_has_is_not_told_of(database: Database) -> None:
    assert database.read(lambda session: deliveries_of(session, ["list-1"])) == {}


def test_when_a_telescope_accepted_outlasts_the_order(opened: Opened) -> None:
    desk = Desk(opened("alert_robot"), forgetting=keep_deliveries)
    order = desk.accept(workorders.parse({"id": desk.id(), "request": "process_alert", "alert": "{}"}))
    accepted, waiting = (
        workorders.parse({"id": desk.id(), "request": "receive_targets", "event": "S261120ab", "targets": TARGETS})
        for _ in range(2)
    )
    plans = [plan(1, order_id=accepted.id, alert=order.id), plan(2, order_id=waiting.id, alert="another")]
    desk.ledger.finish(desk.claim(), Made(orders=[accepted], record=lambda session: session.add_all(plans)))
    (parcel,) = desk.ledger.due()
    desk.ledger.delivered(parcel, {"accepted": "2026-11-20T22:00:01.000"})
    sent = desk.database.read(lambda session: deliveries_of(session, [accepted.id]))
    assert sent == {accepted.id: ("delivered", "2026-11-20T22:00:01.000")}
    desk.clock.sleep(11 * 86400.0)
    desk.ledger.tidy()
    assert desk.database.read(lambda session: deliveries_of(session, [accepted.id])) == {}
    kept = desk.database.read(lambda session: [each.accepted for each in plans_of(session, "S261120ab")])
    assert kept == ["2026-11-20T22:00:01.000", None]


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_what_was_kept_before_plans_had_a_table_is_kept(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = f"sqlite:///{tmp_path}/robot.sqlite" if kind == "sqlite" else request.getfixturevalue("postgres").url()
    database = Database(url, service="alert_robot")
    migrate(database, {"ledger": heads("alert_robot")["ledger"], "alert_robot": 2})
    older = MetaData()
    database.read(lambda session: older.reflect(session.connection(), only=["alerts"]))
    insert = older.tables["alerts"].insert().values([before(1, "order-o1"), before(2, None)])
    try:
        database.write(lambda session: session.execute(insert) and None)
        database.prepare(METADATA)
        found = database.read(lambda session: [told(each) for each in alerts_of(session, "S230520ae")])
        assert found == [(f"order-{n}", "LVK", "gw", [], {"galaxy": f"NGC{n}"}) for n in (1, 2)]
        ordered = database.read(lambda session: [each.order_id for each in plans_of(session, "S230520ae")])
        assert ordered == ["order-o1"]
        database.write(lambda session: session.add(row(3, event="S230520ae")))
        assert len(database.read(lambda session: alerts_of(session, "S230520ae"))) == 3
    finally:
        database.close()


def before(number: int, observation: str | None) -> dict[str, Any]:
    """Return a row as it was in the first version."""
    return {
        "order_id": f"order-{number}", "event": "S230520ae", "alert_type": "PRELIMINARY",
        "time_created": "2023-05-20T22:49:11.000", "received": "2023-05-20T22:49:12.000", "hash": f"{number:064d}",
        "is_mock": False, "location": "alerts:S230520ae/x.json", "observation": observation,
        "ra": 1.0, "dec": 2.0, "result": {"galaxy": f"NGC{number}"},
    }  # fmt: skip


def told(each: AlertRow) -> tuple[Any, ...]:
    return each.order_id, each.source, each.kind, each.cites, each.result
