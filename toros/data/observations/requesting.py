"""Asking for an observation: planned first, so that what must be sent is known, then recorded in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from toros.data.observations.due import due_of
from toros.data.observations.facilities import find_facility
from toros.data.observations.facilities.base import Asked, Errand, Facility, Form, Submission
from toros.data.observations.filling import filled
from toros.data.observations.life import Status
from toros.data.observations.moments import moment, text
from toros.data.observations.naming import group_number, the_template
from toros.data.observations.proposals import check_time, the_proposal
from toros.data.observations.updating import standing_rule
from toros.data.permissions import Viewer
from toros.data.tables import Cadence, Observation, ObservationEvent, Proposal, Target
from toros.data.targets.names import the_target
from toros.errors import Permanent

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from toros.sky.site import Site
    from workorders.observations import CadenceRule, RequestObservation

__all__ = ["Plan", "hand_over", "plan_request", "record_plan"]

DEFAULT = "own_telescope"


@dataclass(frozen=True)
class Plan:
    """An observation that will be: its row, and what is sent for it.

    Attributes
    ----------
    values : dict
        Columns of the row.
    errands : sequence of Errand
    group : str or None
        Name of its group.
    rule : CadenceRule or None
        A cadence that begins with it.
    note : str or None
        For its history.
    everything : bool
        Whether the one who asks may spend anybody's time.
    """

    values: dict[str, Any]
    errands: Sequence[Errand] = ()
    group: str | None = None
    rule: CadenceRule | None = None
    note: str | None = None
    everything: bool = False
    told: dict[str, Any] = field(default_factory=dict)


def plan_request(
    session: Session, order: RequestObservation, *, viewer: Viewer, now: datetime, site: Site | None
) -> Plan:
    """Return the observation that an order asks for; nothing is changed.

    Raises
    ------
    Permanent
        There is no such target, template, facility or proposal, the form cannot be filled in, the window is over, or
        the proposal has no time for it.
    """
    target = the_target(session, order.target, viewer)
    facility, template = _whose(session, order)
    if order.end is not None and moment(order.end) <= now:
        raise Permanent(f"end: {order.end} is over; allowed: a time after {text(now)}")
    start = max(now, moment(order.start)) if order.start else now
    form = filled(facility, target, start, site, template, order.parameters)
    seconds = facility.seconds(form)
    proposal = the_proposal(session, order.proposal, viewer) if order.proposal is not None else None
    if proposal is not None:
        check_time(session, proposal, facility=facility.name, seconds=seconds, start=text(start) or "", end=order.end,
                   user=viewer.name, everything=viewer.everything)  # fmt: skip
    if order.facility_id is not None:
        handed = Submission(order.facility_id)
    else:
        asked: Asked[Any] = Asked(form, target.name, order.start, order.end, order.priority)
        handed = hand_over(facility, asked, now)
    values = _values(target, facility, form, handed, proposal, seconds) | {
        "order_id": order.id, "window_start": order.start, "window_end": order.end, "priority": order.priority,
        "tell": list(order.tell), "asked_by": viewer.name,
    }  # fmt: skip
    told = {"target": target.number, "name": target.name, "facility": facility.name, "parameters": values["parameters"],
            "seconds": seconds}  # fmt: skip
    return Plan(values, handed.errands, order.group, order.cadence, everything=viewer.everything, told=told)


def hand_over(facility: Facility[Any], asked: Asked[Any], now: datetime) -> Submission:
    """Hand an observation over where its time has come, or where the facility keeps it until then.

    Raises
    ------
    Permanent
        The facility takes it without a name: nobody could tell later that it has it.
    """
    if facility.keeps_windows:
        return facility.submit(asked)
    if asked.start is not None and moment(asked.start) > now:
        return Submission(None)
    handed = facility.submit(asked)
    if handed.facility_id is None:
        raise Permanent(f"facility: {facility.name} gave the observation no name")
    return handed


def record_plan(session: Session, plan: Plan, now: datetime) -> Observation:
    """Make the observation, with its group, its cadence and the first line of its history.

    Raises
    ------
    Permanent
        Its proposal has no time for it any more, or the facility's name for it is known already.
    """
    recorded, values = text(now) or "", plan.values
    if values["facility_id"] is not None:
        known = session.query(Observation.number).filter_by(
            facility=values["facility"], facility_id=values["facility_id"]
        ).scalar()  # fmt: skip
        if known is not None:
            raise Permanent(f"facility_id: {values['facility_id']!r} is the observation {known} already")
    if values["proposal"] is not None:
        # Another observation may have been recorded since this one was planned; on PostgreSQL the row is held.
        proposal = session.get_one(Proposal, values["proposal"], with_for_update=True)
        check_time(session, proposal, facility=values["facility"], seconds=values["seconds"],
                   start=values["window_start"] or recorded, end=values["window_end"], user=values["asked_by"],
                   everything=plan.everything)  # fmt: skip
    observation = Observation(**values, created=recorded, changed=recorded)
    if plan.group is not None:
        observation.observation_group = group_number(session, plan.group, owner=values["asked_by"], recorded=recorded)
    if plan.rule is not None:
        observation.cadence = _begun(session, plan.rule, values["asked_by"], recorded)
    session.add(observation)
    session.flush()
    rule, count = standing_rule(session, observation)
    observation.due = due_of(find_facility(observation.facility), observation, now, rule, count=count)
    session.add(ObservationEvent(observation=observation.number, time=recorded, status=observation.status,
                                 who=observation.asked_by, order_id=observation.order_id, note=plan.note))  # fmt: skip
    session.flush()
    return observation


def _whose(session: Session, order: RequestObservation) -> tuple[Facility[Any], dict[str, Any]]:
    """Return the facility that is meant, and the parameters of the template."""
    if order.template is None:
        return find_facility(order.facility or DEFAULT), {}
    template = the_template(session, order.template)
    if order.facility not in (None, template.facility):
        raise Permanent(f"template: {template.name!r} is for {template.facility}, not for {order.facility}")
    return find_facility(template.facility), template.parameters


def _values(
    target: Target, facility: Facility[Any], form: Form, handed: Submission, proposal: Proposal | None, seconds: float
) -> dict[str, Any]:
    return {
        "target": target.number, "facility": facility.name,
        "parameters": form.model_dump(mode="json", exclude_none=True), "facility_id": handed.facility_id,
        "status": Status.PENDING.value, "seconds": seconds, "proposal": None if proposal is None else proposal.number,
    }  # fmt: skip


def _begun(session: Session, rule: CadenceRule, asked_by: str | None, recorded: str) -> int:
    cadence = Cadence(strategy=rule.strategy, hours=rule.hours, until=rule.until, most=rule.most, active=True,
                      asked_by=asked_by, created=recorded)  # fmt: skip
    session.add(cadence)
    session.flush()
    return cadence.number
