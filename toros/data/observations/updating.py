"""How an observation stands: told by its facility or a person, checked against its life, kept with its history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import func, select, update

from toros.data.observations.cadences import Rule
from toros.data.observations.due import due_of, rule_of
from toros.data.observations.facilities import find_facility
from toros.data.observations.facilities.base import Errand, Report
from toros.data.observations.life import TERMINAL, Status, check_move
from toros.data.observations.moments import text
from toros.data.observations.notices import notices
from toros.data.permissions import Viewer, visible
from toros.data.tables import Cadence, Observation, ObservationEvent, Target
from toros.errors import Permanent, Temporary

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from workorders.observations import CancelObservation, SendNotice, UpdateObservation

__all__ = [
    "Change", "end_cadence", "plan_cancel", "plan_change", "plan_update", "record_change", "standing_rule",
    "the_observation",
]  # fmt: skip


@dataclass(frozen=True)
class Change:
    """What will become of an observation.

    Attributes
    ----------
    number : int
    status, changed : str
        As they were when this was planned; where they are not so any more, it is planned anew.
    report : Report
    who, order_id : str or None
        For the history.
    told : sequence of SendNotice
    errands : sequence of Errand
    cancel_asked : bool
        The facility was asked to take it back.
    ends_cadence : str or None
        Why its cadence ends.
    """

    number: int
    status: str
    changed: str
    report: Report
    who: str | None
    order_id: str | None
    told: Sequence[SendNotice] = ()
    errands: Sequence[Errand] = ()
    cancel_asked: bool = False
    ends_cadence: str | None = None


def the_observation(
    session: Session, viewer: Viewer, *, number: int | None = None, facility_id: str | None = None,
    facility: str | None = None,
) -> Observation | None:  # fmt: skip
    """Return an observation by its number, or by what its facility calls it, where the viewer may see its target.

    Raises
    ------
    Permanent
        There is none of this number, or several facilities call one so.
    """
    query = visible(select(Observation).join(Target, Target.number == Observation.target), viewer)
    if number is not None:
        found = session.scalar(query.where(Observation.number == number))
        if found is None:
            raise Permanent(f"number: there is no observation {number}")
        return found
    query = query.where(Observation.facility_id == facility_id)
    if facility is not None:
        query = query.where(Observation.facility == facility)
    several = session.scalars(query.limit(2)).all()
    if len(several) > 1:
        raise Permanent(f"facility_id: several facilities call an observation {facility_id!r}; give `facility` too")
    return several[0] if several else None


def plan_update(session: Session, order: UpdateObservation, *, viewer: Viewer, now: datetime) -> Change | None:
    """Return what an order says of an observation; None where nobody has asked us for it.

    Raises
    ------
    Permanent
        The viewer may not tell, or it cannot become so.
    """
    observation = the_observation(
        session, viewer, number=order.number, facility_id=order.facility_id, facility=order.facility
    )
    if observation is None:
        return None
    if not viewer.everything and not find_facility(observation.facility).reported_by_people:
        raise Permanent(f"number: {observation.facility} tells by itself how its observations stand")
    report = Report(order.status, order.scheduled_start, order.scheduled_end, order.seconds_used, order.note)
    return plan_change(observation, report, who=viewer.name, order_id=order.id, now=now)


def plan_change(
    observation: Observation, report: Report, *, who: str | None, order_id: str | None, now: datetime
) -> Change:
    """Return what a report makes of an observation; raise Permanent where it cannot become so."""
    check_move(observation.status, report.status or observation.status)
    start = report.scheduled_start or observation.scheduled_start
    end = report.scheduled_end or observation.scheduled_end
    if start is not None and end is not None and end < start:
        raise Permanent(f"scheduled_end: {end} is before the start, {start}")
    told = notices(observation, report, time=text(now) or "")
    return Change(observation.number, observation.status, observation.changed, report, who, order_id, told)


def plan_cancel(session: Session, order: CancelObservation, *, viewer: Viewer, now: datetime) -> Change:
    """Return what must be done to take an observation back.

    Raises
    ------
    Permanent
        It is not the viewer's, or it is over.
    """
    observation = the_observation(session, viewer, number=order.number)
    assert observation is not None
    if not viewer.everything and observation.asked_by != viewer.name:
        raise Permanent(f"number: the observation {order.number} was asked for by {observation.asked_by}, who alone "
                        "takes it back")  # fmt: skip
    if observation.status not in (Status.PENDING, Status.CANCELED):
        raise Permanent(f"number: the observation {order.number} is {observation.status} already")
    reason = order.reason or "taken back"
    facility = find_facility(observation.facility)
    errands: Sequence[Errand] = ()
    if observation.status == Status.PENDING and observation.facility_id is not None:
        form = facility.fill(observation.parameters)
        errands = facility.cancel(form, observation.facility_id, f"observation {order.number}: {reason}"[:500])
    report = Report(None if errands else Status.CANCELED, note=reason)
    change = plan_change(observation, report, who=viewer.name, order_id=order.id, now=now)
    ends = None if order.keep_cadence else f"the observation {order.number} was taken back"
    return Change(**vars(change) | {"errands": errands, "cancel_asked": bool(errands), "ends_cadence": ends})


def record_change(session: Session, change: Change, now: datetime) -> Observation:
    """Make a change as it was planned; the same report again changes nothing.

    Raises
    ------
    Temporary
        The observation has changed since; the order is tried again.
    """
    observation = session.get_one(Observation, change.number, with_for_update=True)
    if (observation.status, observation.changed) != (change.status, change.changed):
        raise Temporary(f"the observation {change.number} has changed meanwhile; this is looked at again")
    if change.ends_cadence is not None:
        end_cadence(session, observation, change.ends_cadence)
    report, recorded = change.report, text(now) or ""
    told = {
        "status": None if report.status is None else str(report.status), "scheduled_start": report.scheduled_start,
        "scheduled_end": report.scheduled_end, "seconds_used": report.seconds_used,
    }  # fmt: skip
    changes = {name: value for name, value in told.items() if value not in (None, getattr(observation, name))}
    if not changes and not change.cancel_asked and (report.note is None or observation.status in TERMINAL):
        return observation
    for name, value in changes.items():
        setattr(observation, name, value)
    observation.changed, observation.silent_since = recorded, None
    if change.cancel_asked:
        observation.cancel_asked = observation.cancel_asked or recorded
    rule, count = standing_rule(session, observation)
    observation.due = due_of(find_facility(observation.facility), observation, now, rule, count=count)
    session.add(ObservationEvent(observation=observation.number, time=recorded, status=observation.status,
                                 who=change.who, order_id=change.order_id, note=report.note))  # fmt: skip
    session.flush()
    return observation


def standing_rule(session: Session, observation: Observation) -> tuple[Rule | None, int]:
    """Return the rule by which something may still follow on an observation, or None, and how many there are of it."""
    if observation.cadence is None:
        return None, 1
    cadence = session.get_one(Cadence, observation.cadence)
    count = session.scalar(select(func.count()).where(Observation.cadence == cadence.number)) or 1
    followed = session.scalar(select(Observation.number).where(Observation.follows == observation.number))
    return (rule_of(cadence) if cadence.active and followed is None else None), count


def end_cadence(session: Session, observation: Observation, reason: str) -> None:
    """End the cadence of an observation, if it has one that still holds."""
    session.execute(
        update(Cadence)
        .where(Cadence.number == observation.cadence, Cadence.active)
        .values(active=False, ended=reason[:500])
    )
