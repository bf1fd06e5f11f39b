"""The alert robot: reads alerts, ranks what they may be, orders observations, and takes them back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from toros.alerts.alert import Alert
from toros.alerts.assessment import Assessment, assess_alert
from toros.alerts.fields import LONGEST
from toros.alerts.listeners.configured import configured_listeners
from toros.alerts.reading import read_alert
from toros.clock import iso
from toros.durable import write_durably
from toros.errors import Unreadable
from toros.network.service import Context, Handler, Onward, Outcome, Service
from toros.store.alerts import METADATA, AlertRow, alert_with_hash, alerts_before, alerts_of
from toros.store.receipts import unreadable_alerts
from workorders.alerts import ListAlerts, ProcessAlert, ShowAlert
from workorders.desk import Cancel
from workorders.observing import Observation
from workorders.refusal import FaultCode, Refusal

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = ["SERVICE", "list_alerts", "process_alert", "show_alert"]

SIGNIFICANT, OTHER = 9.0, 5.0  # priorities of follow-up observations
SAME_PLACE = 1e-4  # degrees: an update that points here again asks for nothing new


def process_alert(order: ProcessAlert, context: Context) -> Outcome:
    """Keep the alert, assess it in a child process, and order the observation of what it most probably is."""
    content = order.alert.encode("utf-8") if order.alert is not None else _content_of(order, context)
    alert = _dated(_understood(content, order, context), context.clock.now())
    known = context.read(lambda session: alert_with_hash(session, alert.content_hash))
    if known is not None:
        return Outcome(_repeated(known))
    location = f"alerts:{alert.event}/{alert.content_hash}.json"
    write_durably(context.files.path(location, must_exist=False), content)
    context.progress(0.1, f"{alert.event} {alert.alert_type}: kept")
    earlier = context.read(lambda session: list(alerts_of(session, alert.event)))
    if alert.is_retraction:
        return _retracted(alert, earlier, location, order, context)
    return _assessed(alert, earlier, location, order, context)


def list_alerts(question: ListAlerts, context: Context) -> Mapping[str, Any]:
    """Return the alerts that were received, the latest first; or those that could not be understood."""
    if question.unreadable:
        kept = context.read(lambda session: unreadable_alerts(session, question.limit + 1))
        return {"alerts": list(kept[: question.limit]), "more": len(kept) > question.limit}
    rows = context.read(lambda session: alerts_before(session, question.before, question.limit + 1))
    return {"alerts": [row.plain() for row in rows[: question.limit]], "more": len(rows) > question.limit}


def show_alert(question: ShowAlert, context: Context) -> Mapping[str, Any]:
    """Return an event's story: its alerts in the order in which they were written, each with what it meant."""
    rows = context.read(lambda session: alerts_of(session, question.event))
    if not rows:
        raise Refusal(FaultCode.BAD_VALUE, "no alert about this event was received", field="event",
                      value=question.event, allowed="an event that list_alerts names")  # fmt: skip
    return {
        "event": question.event,
        "mock": rows[-1].is_mock,
        "retracted": rows[-1].is_retraction,
        "alerts": [row.plain() | {"result": row.result} for row in rows],
    }


def _content_of(order: ProcessAlert, context: Context) -> bytes:
    """Return the alert that the order names by its location."""
    with context.files.path(order.file_location or "").open("rb") as file:
        return file.read(4 * LONGEST + 1)


def _understood(content: bytes, order: ProcessAlert, context: Context) -> Alert:
    """Return the alert; one that cannot be understood is reported, and its order buried with the reason."""
    try:
        return read_alert(content, topic=order.topic or "")
    except Unreadable as error:
        context.log.error("this alert cannot be understood: %s; list_alerts with unreadable: true has it", error)
        raise


def _repeated(known: AlertRow) -> dict[str, Any]:
    """Return the result of an alert that says exactly what an earlier one said."""
    return known.result | {
        "ordered": False,
        "notes": [f"this very alert was received before, with the order {known.order_id}: nothing is done twice"],
    }


def _retracted(
    alert: Alert, earlier: Sequence[AlertRow], location: str, order: ProcessAlert, context: Context
) -> Outcome:
    """Take back every observation that the event's alerts until then have caused, with all that followed from them."""
    created = _written(alert)
    observations = [row.observation for row in earlier if row.observation and row.time_created <= created]
    result = _heading(alert, order, location, context) | {
        "ordered": False,
        "cancelled": observations,
        "notes": ["the event is retracted"] + ([] if observations else ["no observation had been ordered"]),
    }
    if order.dry_run:
        return Outcome(result)
    received, reason = iso(context.clock.now()), f"{alert.event} was retracted at {created}"
    cancels = [Onward(Cancel(order_id=name, reason=reason, priority=10.0), "telescope") for name in observations]
    return Outcome(result, cancels, record=_recorder(alert, order, result, None, received))


def _assessed(
    alert: Alert, earlier: Sequence[AlertRow], location: str, order: ProcessAlert, context: Context
) -> Outcome:
    """Find what to observe, and order it unless it is ordered already or the event is off."""
    plot = f"alerts:{alert.event}/{alert.content_hash[:12]}-sky.png"
    settings = context.config.alerts
    assessment = context.engine.run(
        assess_alert,
        context.files.path(location),
        context.files.path(plot, must_exist=False),
        level=settings.credible_level,
        max_distance=settings.max_distance,
        galaxies=context.config.galaxy_store(settings.catalogue),
    )
    context.progress(0.9, f"{alert.event} {alert.alert_type}: assessed")
    objection = _objection(alert, assessment, earlier)
    observation = None if objection or assessment.place is None else _observation(alert, assessment, context)
    result = (
        _heading(alert, order, location, context)
        | assessment.plain()
        | {
            "credible_level": settings.credible_level,
            "ordered": observation is not None and not order.dry_run,
            "notes": [*assessment.notes, *objection],
        }
    )
    if assessment.plotted:
        result["sky_plot"] = plot
    if order.dry_run:
        return Outcome(result)
    record = _recorder(alert, order, result, observation, received=iso(context.clock.now()))
    return Outcome(result, [observation] if observation else [], record)


def _objection(alert: Alert, assessment: Assessment, earlier: Sequence[AlertRow]) -> list[str]:
    """Return why nothing new is observed; empty where nothing speaks against it."""
    created = _written(alert)
    retractions = [row.time_created for row in earlier if row.is_retraction]
    if any(moment >= created for moment in retractions):
        return [f"the event was retracted at {max(retractions)}, after this alert was written: nothing is observed"]
    standing = [row for row in earlier if row.observation and row.time_created > max(retractions, default="")]
    if assessment.place is not None and standing and _same_place(assessment.place, standing[-1]):
        return [f"the same place is observed already, by the order {standing[-1].observation}"]
    return []


def _same_place(place: tuple[float, float], row: AlertRow) -> bool:
    from toros.sky.coordinates import separation

    return row.ra is not None and row.dec is not None and separation(*place, row.ra, row.dec) < SAME_PLACE


def _observation(alert: Alert, assessment: Assessment, context: Context) -> Observation:
    """Return the order for the follow-up."""
    settings = context.config.alerts
    assert assessment.place is not None
    ra, dec = assessment.place
    return Observation(
        priority=SIGNIFICANT if alert.significant else OTHER,
        expires=iso(context.clock.now() + timedelta(hours=settings.expires)),
        ra=ra,
        dec=dec,
        exposure_time=settings.exposure_time,
        exposures=settings.exposures,
        filter=settings.filter,
        target=assessment.galaxy.name if assessment.galaxy else f"{alert.event} most probable place",
        event=alert.event,
    )


def _heading(alert: Alert, order: ProcessAlert, location: str, context: Context) -> dict[str, Any]:
    """Return what every result begins with."""
    heading: dict[str, Any] = {
        "event": alert.event,
        "alert_type": alert.alert_type,
        "mock": alert.is_mock or order.test,
        "time_created": _written(alert),
        "latency_s": round((context.clock.now() - _moment(alert)).total_seconds(), 3),
        "location": location,
    }
    optional = {"event_time": _text(alert.event_time), "significant": alert.significant, "far": alert.far}
    return heading | {name: value for name, value in optional.items() if value is not None}


def _recorder(
    alert: Alert, order: ProcessAlert, result: dict[str, Any], observation: Observation | None, received: str
) -> Callable[[Session], None]:
    """Return the change that remembers the alert, in the same transaction as the order's end."""
    values = {
        "order_id": order.id,
        "event": alert.event,
        "alert_type": alert.alert_type,
        "time_created": _written(alert),
        "event_time": _text(alert.event_time),
        "received": received,
        "hash": alert.content_hash,
        "significant": alert.significant,
        "far": alert.far,
        "is_mock": result["mock"],
        "location": result["location"],
        "observation": observation.id if observation else None,
        "ra": observation.ra if observation else None,
        "dec": observation.dec if observation else None,
        "result": result,
    }

    def record(session: Session) -> None:
        session.add(AlertRow(**values))

    return record


def _dated(alert: Alert, arrived: datetime) -> Alert:
    """Return the alert with a time: one that does not say when it was written counts from its arrival."""
    return alert if alert.time_created else replace(alert, time_created=arrived)


def _moment(alert: Alert) -> datetime:
    assert alert.time_created is not None
    return alert.time_created


def _written(alert: Alert) -> str:
    return iso(_moment(alert))


def _text(moment: datetime | None) -> str | None:
    return iso(moment) if moment else None


SERVICE = Service(
    name="alert_robot",
    handlers={
        "process_alert": Handler(process_alert),
        "list_alerts": Handler(list_alerts),
        "show_alert": Handler(show_alert),
    },
    tables=METADATA,
    listeners=configured_listeners,
    lanes={"work": 1},
)
