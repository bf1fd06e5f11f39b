"""Observations as plain rows, for answers."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import joinedload

from toros.data.observations.facilities import known_facilities
from toros.data.observations.naming import the_group
from toros.data.observations.proposals import the_proposal
from toros.data.observations.updating import the_observation
from toros.data.permissions import Viewer, may_see_product, may_see_proposal, visible
from toros.data.tables import DataProduct, Observation, ObservationEvent, Proposal, Target
from toros.data.targets.names import the_target

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from workorders.observations import FindObservations

__all__ = ["find_observations", "show_observation"]

COLUMNS = (
    "number", "facility", "parameters", "facility_id", "order_id", "status", "scheduled_start", "scheduled_end",
    "priority", "seconds", "seconds_used", "follows", "tell", "asked_by", "cancel_asked", "silent_since",
    "due", "created", "changed",
)  # fmt: skip
SAME = ("facility", "status", "asked_by", "order_id", "facility_id")


def find_observations(session: Session, asked: FindObservations, *, viewer: Viewer) -> dict[str, Any]:
    """Return a page of observations, the first asked for first, or the latest first with `before`.

    Raises
    ------
    Permanent
        There is no such target, group or proposal.
    """
    query = select(Observation).join(Target, Target.number == Observation.target)
    query = visible(query, viewer).where(Observation.number > asked.after)
    for name in SAME:
        if getattr(asked, name) is not None:
            query = query.where(getattr(Observation, name) == getattr(asked, name))
    if asked.target is not None:
        query = query.where(Observation.target == the_target(session, asked.target, viewer).number)
    if asked.proposal is not None:
        query = query.where(Observation.proposal == the_proposal(session, asked.proposal, viewer).number)
    if asked.group is not None:
        query = query.where(Observation.observation_group == the_group(session, asked.group))
    order = Observation.number.asc()
    if asked.before is not None:
        query, order = query.where(Observation.number < asked.before), Observation.number.desc()
    query = query.order_by(order).limit(asked.limit + 1)
    links = (Observation.of_target, Observation.of_group, Observation.of_proposal, Observation.of_cadence)
    found = session.scalars(query.options(*[joinedload(link) for link in links])).all()
    page = found[: asked.limit]
    counts, hidden = _products_of(session, page, viewer), _hidden(session, page, viewer)
    rows = [_row(each, viewer, hidden) | {"products": counts[each.number]} for each in page]
    return {"observations": rows, "more": len(found) > len(page)}


def show_observation(session: Session, number: int, *, viewer: Viewer) -> dict[str, Any]:
    """Return all that is known of one observation; raise Permanent where the viewer sees none of this number."""
    observation = the_observation(session, viewer, number=number)
    assert observation is not None
    events = session.scalars(
        select(ObservationEvent).where(ObservationEvent.observation == number).order_by(ObservationEvent.number)
    )
    shown = ("time", "status", "who", "order_id", "note")
    history = [_present({name: getattr(event, name) for name in shown}) for event in events]
    products = session.execute(
        select(DataProduct.number, DataProduct.product_type, DataProduct.location)
        .where(_came_of(observation), may_see_product(viewer))
        .order_by(DataProduct.number)
        .limit(1000)
    )
    follower = session.scalar(select(Observation.number).where(Observation.follows == number))
    return _row(observation, viewer, _hidden(session, [observation], viewer)) | _present({"followed_by": follower}) | {
        "history": history,
        "products": [{"product": product, "product_type": kind, "file_location": location}
                     for product, kind, location in products],
    }  # fmt: skip


def _hidden(session: Session, page: Sequence[Observation], viewer: Viewer) -> set[int]:
    """Return the proposals of these observations that the viewer may not see."""
    spent = {each.proposal for each in page if each.proposal is not None}
    if viewer.everything or not spent:
        return set()
    query = select(Proposal.number).where(Proposal.number.in_(sorted(spent)), may_see_proposal(viewer))
    return spent - set(session.scalars(query))


def _row(observation: Observation, viewer: Viewer, hidden: Container[int]) -> dict[str, Any]:
    """Return an observation; whom it tells is for who asked, its proposal for who may see that."""
    row = {name: getattr(observation, name) for name in COLUMNS}
    if not viewer.everything and (viewer.name is None or viewer.name != observation.asked_by):
        del row["tell"]
    row |= {"target": observation.of_target.name, "start": observation.window_start, "end": observation.window_end}
    if observation.of_group is not None:
        row["group"] = observation.of_group.name
    if observation.of_proposal is not None and observation.of_proposal.number not in hidden:
        row["proposal"] = observation.of_proposal.name
    if observation.of_cadence is not None:
        rule = observation.of_cadence
        row["cadence"] = _present(
            {name: getattr(rule, name) for name in ("number", "strategy", "hours", "until", "most", "active", "ended")}
        )
    return _present(row)


def _products_of(session: Session, page: Sequence[Observation], viewer: Viewer) -> dict[int, int]:
    """Return how many products of each observation the viewer may see: by its facility's name for it, or its order."""
    wanted = {each.number: set(_names(each)) for each in page}
    names = sorted(set().union(*wanted.values())) if wanted else []
    query = select(DataProduct.observation, func.count()).where(
        DataProduct.observation.in_(names), may_see_product(viewer)
    )
    counts = {row[0]: row[1] for row in session.execute(query.group_by(DataProduct.observation))}
    return {number: sum(counts.get(name, 0) for name in names) for number, names in wanted.items()}


def _came_of(observation: Observation) -> ColumnElement[bool]:
    return or_(*[DataProduct.observation == name for name in _names(observation)])


def _names(observation: Observation) -> list[str]:
    name = observation.facility_id or observation.order_id
    facility = known_facilities().get(observation.facility)
    return [facility.products(name) if facility is not None else name]


def _present(row: dict[str, Any]) -> dict[str, Any]:
    """Leave out what is not known: absent fields are absent on the wire."""
    return {name: value for name, value in row.items() if value is not None}
