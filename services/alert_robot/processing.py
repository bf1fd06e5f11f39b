"""Processing alerts: from what came to orders at every telescope whose rule says so, in one transaction."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from services.alert_robot import intake
from services.alert_robot.life import cancels_of, remembered, standing_plans, told_of
from services.alert_robot.orders import added_targets, digest_of, list_of_targets, telling_of
from toros.alerts.alert import Alert
from toros.alerts.assessment import PASSED_BY, Assessment, FollowUp, assess_file
from toros.alerts.story import Effect, effect_of
from toros.alerts.telescopes import followers_of
from toros.clock import iso
from toros.durable import write_durably
from toros.network.service import Context, Onward, Outcome
from toros.store.alerts import AlertRow, PlanRow, alert_with_hash, alerts_of, plans_of, take_plans_back
from workorders import WorkOrder
from workorders.alerts import ProcessAlert, RetractAlert
from workorders.refusal import FaultCode, Refusal

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from toros.alerts.policy import Rule

__all__ = ["process_alert", "retract_alert"]


@dataclass
class Consequences:
    """What follows from an alert, gathered telescope by telescope."""

    orders: list[WorkOrder | Onward] = field(default_factory=list)
    plans: list[PlanRow] = field(default_factory=list)
    taken_back: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    followed: list[FollowUp] = field(default_factory=list)


def process_alert(order: ProcessAlert, context: Context) -> Outcome:
    """Keep the alert, see what it does to the story of its event, and let every telescope do what its rule says."""
    received = context.clock.now()
    content = intake.content_of(order, context)
    alert = intake.dated(intake.understood(content, order, context), received)
    known = context.read(lambda session: alert_with_hash(session, alert.content_hash))
    if known is not None:
        return Outcome(_repeated(known))
    location = intake.kept(alert, content, context)
    context.progress(0.1, f"{alert.event} {alert.alert_type}: kept")
    earlier = context.read(lambda session: remembered(alerts_of(session, alert.event)))
    effect = effect_of(told_of(alert), earlier)
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
    did = _consequences(order, alert, assessment, effect, rules, context, mock=mock)
    heading = _heading(alert, location, received, effect, context, mock=mock)
    result = heading | assessment.plain() | {
        "credible_level": settings.credible_level, "planned_for": night.isoformat(),
        "ordered": bool(did.plans) and not order.dry_run,
        "cancelled": did.taken_back, "notes": [*alert.notes, *notes, *assessment.notes, *did.notes],
    }  # fmt: skip
    if skymap is not None:
        result["skymap"] = context.files.location(skymap)
    if order.dry_run:
        return Outcome(result)
    if assessment.place is not None:
        result["sky_plot"] = f"alerts:{alert.event}/{alert.content_hash[:12]}-sky.png"
        did.orders += telling_of(order.id, context.config) if did.plans or did.taken_back else []
    return Outcome(result, did.orders, _recorder(order, alert, result, did, received, context))


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
    did = _consequences(order, alert, assessment, effect, rules, context, mock=alert.is_mock)
    result = _heading(alert, location, received, effect, context, mock=alert.is_mock) | assessment.plain() | {
        "ordered": False, "cancelled": did.taken_back, "notes": [*alert.notes, *did.notes],
    }  # fmt: skip
    if order.dry_run or effect is not Effect.RETRACTION:
        return Outcome(result)
    write_durably(context.files.path(location, must_exist=False), text)
    return Outcome(result, did.orders, _recorder(order, alert, result, did, received, context))


def _consequences(
    order: WorkOrder, alert: Alert, assessment: Assessment, effect: Effect, rules: dict[str, Rule], context: Context,
    *, mock: bool,
) -> Consequences:  # fmt: skip
    """Return what every telescope is ordered, and what is taken back of what it was ordered before."""
    now = context.clock.now()
    plans = context.read(lambda session: list(plans_of(session, alert.event)))
    did = Consequences()
    for follow_up in assessment.follow_ups:
        standing = standing_plans(plans, follow_up.telescope, iso(now))
        _one_telescope(did, order, alert, follow_up, standing, rules[follow_up.telescope], context, now, mock=mock)
    if effect is Effect.RETRACTION:
        did.notes.append("the event is retracted" if did.taken_back else "the event is retracted; nothing was ordered")
    if did.followed:
        did.orders += added_targets(alert, did.followed, mock=mock)
    return did


def _one_telescope(
    did: Consequences, order: WorkOrder, alert: Alert, follow_up: FollowUp, standing: Sequence[PlanRow], rule: Rule,
    context: Context, now: datetime, *, mock: bool,
) -> None:  # fmt: skip
    """Add what one telescope does."""
    name, decision = follow_up.telescope, follow_up.decision
    wanted = None
    if decision.observe and follow_up.plan.targets:
        one = context.config.telescopes.get(name)
        instance = name if one is not None and one.http is not None else None
        wanted = list_of_targets(alert, follow_up, rule, instance, now, mock=mock)
        digest = digest_of(wanted)
        same = next((plan for plan in standing if plan.digest == digest), None)
        if same is not None:
            did.notes.append(f"{name}: the same is ordered already, by {same.order_id}")
            return
    if decision.takes_back != "nothing" and standing:
        why = (
            "was retracted"
            if alert.is_retraction
            else f"has an {alert.alert_type.lower()} that asks for something else"
        )
        did.orders += cancels_of(standing, decision, f"{alert.event} {why}, at {iso(now)}")
        did.taken_back += [plan.order_id for plan in standing]
    if wanted is None:
        return
    did.orders.append(wanted)
    did.followed.append(follow_up)
    did.plans.append(
        PlanRow(
            order_id=wanted.id,
            alert=order.id,
            event=alert.event,
            telescope=name,
            instance=wanted.to,
            digest=digest,
            targets=[each.name for each in wanted.targets],
            written=iso(now),
            expires=wanted.expires,
        )  # fmt: skip
    )


def _repeated(known: AlertRow) -> dict[str, Any]:
    """Return the result of an alert that says exactly what an earlier one said."""
    return known.result | {
        "ordered": False,
        "cancelled": [],
        "notes": [f"this very alert was received before, with the order {known.order_id}: nothing is done twice"],
    }


def _heading(
    alert: Alert, location: str, received: datetime, effect: Effect, context: Context, *, mock: bool
) -> dict[str, Any]:
    """Return what every result begins with."""
    assert alert.time_created is not None
    now = context.clock.now()
    values: dict[str, Any] = {
        "event": alert.event,
        "source": alert.source,
        "kind": alert.kind,
        "alert_type": alert.alert_type,
        "effect": str(effect),
        "mock": mock,
        "time_created": iso(alert.time_created),
        "latency_s": round((received - alert.time_created).total_seconds(), 3),
        "ranked_s": round((now - alert.time_created).total_seconds(), 3),
        "location": location,
        "event_time": iso(alert.event_time) if alert.event_time else None,
        "significant": alert.significant,
        "far": alert.far,
    }
    return {name: value for name, value in values.items() if value is not None}


def _recorder(
    order: WorkOrder, alert: Alert, result: dict[str, Any], did: Consequences, received: datetime, context: Context
) -> Any:
    """Return the change that remembers the alert and its plans, in the same transaction as the order's end."""
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
        session.add(AlertRow(**row))
        session.add_all(did.plans)
        take_plans_back(session, did.taken_back, now)

    return record
