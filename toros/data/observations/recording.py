"""Observations that nobody has asked us for: a facility tells of them, and they are kept like the others."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from toros.data.observations.facilities import find_facility
from toros.data.observations.life import Status
from toros.data.observations.moments import text
from toros.data.tables import Observation, ObservationEvent
from toros.data.targets.observed import target_of

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from workorders.observations import UpdateObservation

__all__ = ["record_unasked"]

DEFAULT = "own_telescope"


def record_unasked(session: Session, *, order: UpdateObservation, now: datetime, match_radius: float) -> dict[str, Any]:
    """Record an observation that a facility tells of, with its target where we have none of that name.

    Returns
    -------
    dict
        `observation`, its number; nothing but `known`, false, where the order says neither target nor place.

    Raises
    ------
    Permanent
        What is told of it does not fit the facility's form.
    """
    recorded = text(now) or ""
    known = session.query(Observation.number).filter_by(
        facility=order.facility or DEFAULT, facility_id=order.facility_id
    ).scalar()  # fmt: skip
    if known is not None:
        return {"observation": known}
    target = target_of(session, order, recorded=recorded, match_radius=match_radius)
    if target is None:
        return {"known": False}
    facility = find_facility(order.facility or DEFAULT)
    place = {"ra": order.ra, "dec": order.dec} if order.ra is not None and order.dec is not None else {}
    form = facility.fill({**place, **order.parameters})
    observation = Observation(
        target=target, facility=facility.name, parameters=form.model_dump(mode="json", exclude_none=True),
        facility_id=order.facility_id, order_id=order.parent or order.id, status=order.status or Status.PENDING.value,
        scheduled_start=order.scheduled_start, scheduled_end=order.scheduled_end, priority=order.priority,
        seconds=facility.seconds(form), seconds_used=order.seconds_used, tell=[], asked_by=order.asked_by,
        created=recorded, changed=recorded,
    )  # fmt: skip
    session.add(observation)
    session.flush()
    session.add(ObservationEvent(observation=observation.number, time=recorded, status=observation.status,
                                 who=order.user, order_id=order.id, note=order.note))  # fmt: skip
    session.flush()
    return {"observation": observation.number, "status": observation.status}
