"""Processing alerts: from what came to orders at every telescope whose rule says so, in one transaction."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from services.alert_robot import intake
from services.alert_robot.consequences import Arrived, Consequences, consequences_of, telling_of
from services.alert_robot.life import remembered, tells_more, told_of, twin_row, where_of
from toros.alerts.alert import Alert
from toros.alerts.assessment import PASSED_BY, Assessment, FollowUp, assess_file
from toros.alerts.story import Effect, effect_of
from toros.alerts.telescopes import followers_of
from toros.clock import iso
from toros.durable import write_durably
from toros.errors import Temporary
from toros.network.service import Context, Outcome
from toros.store.alerts import AlertRow, alert_with_hash, alerts_of, take_plans_back
from workorders.alerts import ProcessAlert, RetractAlert
from workorders.refusal import FaultCode, Refusal

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = ["process_alert", "retract_alert"]


def process_alert(order: ProcessAlert, context: Context) -> Outcome:
    """Keep the alert, see what it does to the story of its event, and let every telescope do what its rule says."""
    received = intake.received_at(order, context)
    content = intake.content_of(order, context)
    alert = intake.dated(intake.understood(content, order, context), received)
    known = context.read(lambda session: alert_with_hash(session, alert.content_hash))
    if known is not None:
        return Outcome(_repeated(known))
    location = intake.kept(alert, content, context)
    context.progress(0.1, f"{alert.event} {alert.alert_type}: kept")
    earlier = context.read(lambda session: list(alerts_of(session, alert.event)))
    effect, twin = _effect(alert, earlier)
    skymap, notes = (None, []) if effect in PASSED_BY else intake.fetched_map(alert, context)
    settings = context.config.alerts
    followers = followers_of(context.config)
    night, mock = context.observatory_clock.now(), alert.is_mock or alert.is_test or order.test
    assessment = context.engine.run(
        assess_file, context.files.path(location), followers, effect, night,
        topic=order.topic or "", mock=mock, skymap=skymap, level=settings.credible_level,
        max_distance=settings.max_distance, galaxies=context.config.galaxy_store(settings.catalogue),
    )  # fmt: skip
    context.progress(0.9, f"{alert.event} {alert.alert_type}: assessed")
    rules = {observatory.name: rule for observatory, rule in followers}
    where = None if effect in PASSED_BY else where_of(alert, skymap)
    arrived = Arrived(order, alert, effect, where, mock, frozenset(each.order_id for each in earlier))
    did = consequences_of(arrived, assessment, rules, context)
    result = _heading(arrived, location, received, context) | assessment.plain() | {
        "credible_level": settings.credible_level, "planned_for": night.isoformat(),
        "ordered": bool(did.plans) and not order.dry_run,
        "cancelled": did.taken_back, "notes": [*alert.notes, *notes, *assessment.notes, *did.notes],
    }  # fmt: skip
    if skymap is not None:
        result["skymap"] = context.files.location(skymap)
    if twin is not None:
        result["same_as"] = twin.order_id
        result["notes"].append(f"it said the same before as {twin.format}, by {twin.order_id}: nothing is done twice")
    if order.dry_run:
        return Outcome(result)
    if assessment.place is not None:
        result["sky_plot"] = f"alerts:{alert.event}/{alert.content_hash[:12]}-sky.png"
    did.orders += telling_of(arrived, did, context.config, picture="sky_plot" in result)
    return Outcome(result, did.orders, _recorder(arrived, result, did, received, context))


def retract_alert(order: RetractAlert, context: Context) -> Outcome:
    """Take an event back by hand, as an alert of its sender would."""
    received = context.clock.now()
    rows = context.read(lambda session: list(alerts_of(session, order.event)))
    if not rows:
        raise Refusal(FaultCode.BAD_VALUE, "no alert about this event was received", field="event", value=order.event,
                      allowed="an event that list_alerts names")  # fmt: skip
    text = json.dumps({"retracted_by": order.user, "order": order.id, "reason": order.reason}).encode()
    last = max([received, *(datetime.fromisoformat(row.time_created).replace(tzinfo=UTC) for row in rows)])
    alert = Alert(
        rows[-1].source, rows[-1].kind, order.event, "RETRACTION", hashlib.sha256(order.id.encode()).hexdigest(),
        time_created=last, is_mock=rows[-1].is_mock, format="by_hand",
        notes=(f"retracted by hand: {order.reason}" if order.reason else "retracted by hand",),
    )  # fmt: skip
    location = f"alerts:{alert.event}/{alert.content_hash}.json"
    effect = effect_of(told_of(alert), remembered(rows))
    followers = followers_of(context.config)
    follow_ups = tuple(FollowUp(one.name, rule.decide(alert, Assessment().facts, effect)) for one, rule in followers)
    assessment = Assessment(follow_ups=follow_ups)
    rules = {observatory.name: rule for observatory, rule in followers}
    arrived = Arrived(order, alert, effect, None, alert.is_mock, frozenset(row.order_id for row in rows))
    did = consequences_of(arrived, assessment, rules, context)
    result = _heading(arrived, location, received, context) | assessment.plain() | {
        "ordered": False, "cancelled": did.taken_back, "notes": [*alert.notes, *did.notes],
    }  # fmt: skip
    if order.dry_run or effect is not Effect.RETRACTION:
        return Outcome(result)
    write_durably(context.files.path(location, must_exist=False), text)
    did.orders += telling_of(arrived, did, context.config, picture=False)
    return Outcome(result, did.orders, _recorder(arrived, result, did, received, context))


def _repeated(known: AlertRow) -> dict[str, Any]:
    """Return the result of an alert that says exactly what an earlier one said."""
    return known.result | {
        "ordered": False,
        "cancelled": [],
        "notes": [f"this very alert was received before, with the order {known.order_id}: nothing is done twice"],
    }


def _effect(alert: Alert, earlier: Sequence[AlertRow]) -> tuple[Effect, AlertRow | None]:
    """Return what an alert does to the story of its event, and the one that said the same in another format."""
    twin = twin_row(alert, earlier)
    if twin is not None and not tells_more(alert, twin):
        return Effect.DUPLICATE, twin
    return effect_of(told_of(alert), remembered(row for row in earlier if row is not twin)), None


def _heading(arrived: Arrived, location: str, received: datetime, context: Context) -> dict[str, Any]:
    """Return what every result begins with."""
    alert = arrived.alert
    assert alert.time_created is not None
    now = context.clock.now()
    values: dict[str, Any] = {
        "event": alert.event,
        "source": alert.source,
        "kind": alert.kind,
        "alert_type": alert.alert_type,
        "effect": str(arrived.effect),
        "mock": arrived.mock,
        "time_created": iso(alert.time_created),
        "latency_s": round((received - alert.time_created).total_seconds(), 3),
        "ranked_s": round((now - alert.time_created).total_seconds(), 3),
        "location": location,
        "event_time": iso(alert.event_time) if alert.event_time else None,
        "significant": alert.significant,
        "far": alert.far,
        "coincidence": (alert.coincidence.observatory or "another observatory") if alert.coincidence else None,
        "where_sha256": arrived.where,
    }
    return {name: value for name, value in values.items() if value is not None}


def _recorder(
    arrived: Arrived, result: dict[str, Any], did: Consequences, received: datetime, context: Context
) -> Any:  # fmt: skip
    """Return the change that remembers the alert and its plans, in the same transaction as the order's end."""
    order, alert = arrived.order, arrived.alert
    assert alert.time_created is not None
    now = iso(context.clock.now())
    row = {
        "order_id": order.id, "event": alert.event, "source": alert.source[:64], "kind": alert.kind,
        "format": alert.format, "ivorn": alert.ivorn[:512], "serial": alert.serial, "cites": list(alert.cites),
        "meaning": alert.meaning, "alert_type": alert.alert_type, "time_created": iso(alert.time_created),
        "event_time": iso(alert.event_time) if alert.event_time else None, "received": iso(received), "ranked": now,
        "hash": alert.content_hash, "significant": alert.significant, "far": alert.far, "is_mock": result["mock"],
        "location": result["location"], "result": result,
    }  # fmt: skip

    def record(session: Session) -> None:
        if {each.order_id for each in alerts_of(session, alert.event)} != arrived.known:
            raise Temporary(f"another alert of {alert.event} was processed meanwhile: what this one means may differ")
        session.add(AlertRow(**row))
        session.add_all(did.plans)
        take_plans_back(session, did.taken_back, now)

    return record
