"""What can be asked of the alert robot without ordering anything."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from services.alert_robot.life import remembered
from toros.alerts.alert import Place
from toros.alerts.assessment import assess_place, assess_spooled
from toros.alerts.story import tell_story
from toros.alerts.telescopes import followers_of
from toros.network.service import Context
from toros.store.alerts import AlertRow, PlanRow, alerts_before, alerts_of, deliveries_of, plans_of
from toros.store.receipts import unreadable_alerts
from workorders.alerts import ListAlerts, RankGalaxies, ShowAlert
from workorders.refusal import FaultCode, Refusal

__all__ = ["list_alerts", "rank_galaxies", "show_alert"]


def list_alerts(question: ListAlerts, context: Context) -> Mapping[str, Any]:
    """Return the alerts that were received, the latest first; or those that could not be understood."""
    if question.unreadable:
        kept = context.read(lambda session: unreadable_alerts(session, question.limit + 1))
        return {"alerts": list(kept[: question.limit]), "more": len(kept) > question.limit}
    rows = context.read(lambda session: alerts_before(session, question.before, question.limit + 1))
    return {"alerts": [_listed(row) for row in rows[: question.limit]], "more": len(rows) > question.limit}


def show_alert(question: ShowAlert, context: Context) -> Mapping[str, Any]:
    """Return an event's story: its alerts in the order of writing, what each meant, what became of its orders."""
    rows = _rows(question.event, context)
    plans = context.read(lambda session: list(plans_of(session, question.event)))
    sent = context.read(lambda session: deliveries_of(session, [plan.order_id for plan in plans]))
    story = tell_story(remembered(rows))
    by_order = {row.order_id: row for row in rows}
    return {
        "event": question.event,
        "mock": rows[-1].is_mock,
        "retracted": story.retracted,
        "expires_by_itself": story.expires_by_itself,
        "alerts": [_alert(by_order[each.order_id], plans, sent) | _again(each.order_id, rows) for each in story.alerts],
    }


def rank_galaxies(question: RankGalaxies, context: Context) -> Mapping[str, Any]:
    """Return what each telescope could observe of an event or of a place, and why not the rest."""
    followers = [each for each in followers_of(context.config) if question.telescope in (None, each[0].name)]
    if not followers:
        names = ", ".join(each[0].name for each in followers_of(context.config))
        raise Refusal(FaultCode.BAD_VALUE, "this node knows no such telescope", field="telescope",
                      value=question.telescope, allowed=names)  # fmt: skip
    settings = context.config.alerts
    how: dict[str, Any] = {
        "level": settings.credible_level, "max_distance": settings.max_distance, "most": question.limit,
        "galaxies": context.config.galaxy_store(settings.catalogue),
    }  # fmt: skip
    now = context.observatory_clock.now()
    if question.event is None:
        place = Place(question.ra or 0.0, question.dec or 0.0, question.radius, containment=question.containment)
        return context.engine.run(assess_place, place, followers, now, **how).plain()
    rows = [row for row in _rows(question.event, context) if not row.is_retraction]
    if not rows:
        raise Refusal(FaultCode.BAD_VALUE, "of this event only its retraction was received", field="event",
                      value=question.event, allowed="an event with an alert that has a map or a place")  # fmt: skip
    skymap = rows[-1].result.get("skymap")
    how["skymap"] = context.files.path(skymap) if skymap else None
    found = context.engine.run(assess_spooled, context.files.path(rows[-1].location), followers, now, **how)
    return found.plain() | {"event": question.event}


def _rows(event: str, context: Context) -> list[AlertRow]:
    """Return what was received of an event; raise Refusal where that is nothing."""
    rows = context.read(lambda session: list(alerts_of(session, event)))
    if not rows:
        raise Refusal(FaultCode.BAD_VALUE, "no alert about this event was received", field="event", value=event,
                      allowed="an event that list_alerts names")  # fmt: skip
    return rows


def _listed(row: AlertRow) -> dict[str, Any]:
    """Return an alert on one line: what it did, and who observes it for that."""
    observing = [name for name, one in row.result.get("telescopes", {}).items() if one["observe"]]
    told = {"effect": row.result.get("effect"), "observed_by": observing}
    return row.plain() | {name: value for name, value in told.items() if value}


def _alert(row: AlertRow, plans: list[PlanRow], sent: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
    """Return an alert with what it meant, and with its orders: accepted when, how long after it was written."""
    told = [_plan(plan, row, sent) for plan in plans if plan.alert == row.order_id]
    return row.plain() | {"result": row.result, "plans": told}


def _again(order_id: str, rows: list[AlertRow]) -> dict[str, Any]:
    """Return how the same alert came once more in other formats; nothing where it did not."""
    again = [row.plain() | {"format": row.format} for row in rows if row.result.get("same_as") == order_id]
    return {"again": again} if again else {}


def _plan(plan: PlanRow, row: AlertRow, sent: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
    forgotten = ("delivered", plan.accepted) if plan.accepted else ("forgotten", "")
    state, when = sent.get(plan.order_id, forgotten)
    values: dict[str, Any] = {
        "telescope": plan.telescope, "order_id": plan.order_id, "targets": plan.targets, "written": plan.written,
        "expires": plan.expires, "taken_back": plan.taken_back, "delivery": state,
    }  # fmt: skip
    if state == "delivered":
        values |= {"accepted": when, "accepted_s": _seconds(row.time_created, when)}
    elif when:
        values["reason"] = when
    return {name: value for name, value in values.items() if value is not None}


def _seconds(earlier: str, later: str) -> float:
    first, last = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (earlier, later))
    return round((last - first).total_seconds(), 3)
