"""What observations have names for: templates and groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from toros.data.observations.facilities import find_facility
from toros.data.permissions import Viewer, visible
from toros.data.tables import Observation, ObservationGroup, ObservationTemplate, Target
from toros.data.targets.names import key_of
from toros.errors import Permanent

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from workorders.observations import SaveTemplate

__all__ = ["find_groups", "find_templates", "group_number", "save_template", "the_group", "the_template"]


def save_template(session: Session, order: SaveTemplate, *, viewer: Viewer, recorded: str) -> dict[str, Any]:
    """Keep or forget a template as an order says; the same again changes nothing.

    Raises
    ------
    Permanent
        It is somebody else's, or the facility's form has no such field.
    """
    found = session.scalar(select(ObservationTemplate).where(ObservationTemplate.key == key_of(order.template)))
    if found is not None and not viewer.everything and found.owner not in (None, viewer.name):
        raise Permanent(f"template: {found.name!r} belongs to {found.owner}, and only they change it")
    if order.delete:
        if found is not None:
            session.delete(found)
        return {"deleted": found is not None}
    fields = find_facility(order.facility).form.model_fields
    strange = sorted(set(order.parameters) - set(fields))
    if strange:
        raise Permanent(f"parameters: the form of {order.facility} has no {strange[0]!r}; allowed: {', '.join(fields)}")
    made = found is None
    if found is None:
        found = ObservationTemplate(key=key_of(order.template), name=order.template, owner=viewer.name,
                                    created=recorded)  # fmt: skip
        session.add(found)
    if (found.facility, found.parameters) != (order.facility, order.parameters):
        found.facility, found.parameters, found.changed = order.facility, order.parameters, recorded
    session.flush()
    return {"template": found.number, "name": found.name, "made": made}


def the_template(session: Session, name: str) -> ObservationTemplate:
    """Return the template of this name; raise Permanent where there is none."""
    found = session.scalar(select(ObservationTemplate).where(ObservationTemplate.key == key_of(name)))
    if found is None:
        raise Permanent(f"template: there is no template {name!r}")
    return found


def find_templates(
    session: Session, *, template: str | None, facility: str | None, limit: int, after: int
) -> dict[str, Any]:
    """Return a page of templates as plain rows."""
    query = select(ObservationTemplate).where(ObservationTemplate.number > after)
    if template is not None:
        query = query.where(ObservationTemplate.key == key_of(template))
    if facility is not None:
        query = query.where(ObservationTemplate.facility == facility)
    found = session.scalars(query.order_by(ObservationTemplate.number).limit(limit + 1)).all()
    shown = ("number", "facility", "parameters", "owner", "created", "changed")
    rows = [{"template": each.name} | _present({name: getattr(each, name) for name in shown}) for each in found]
    return {"templates": rows[:limit], "more": len(found) > limit}


def find_groups(session: Session, *, group: str | None, limit: int, after: int, viewer: Viewer) -> dict[str, Any]:
    """Return a page of groups as plain rows, with how many observations that the viewer sees have which status.

    A group of which the viewer sees no observation is shown to its owner, and to who sees everything.
    """
    query = select(ObservationGroup).where(ObservationGroup.number > after)
    if group is not None:
        query = query.where(ObservationGroup.key == key_of(group))
    if not viewer.everything:
        seen = visible(select(Observation.observation_group).join(Target, Target.number == Observation.target), viewer)
        theirs = ObservationGroup.number.in_(seen.where(Observation.observation_group.is_not(None)))
        query = query.where(theirs | (ObservationGroup.owner == viewer.name))
    found = session.scalars(query.order_by(ObservationGroup.number).limit(limit + 1)).all()
    page = found[:limit]
    counts = _counts(session, [each.number for each in page], viewer)
    rows = [
        _present({"number": each.number, "group": each.name, "owner": each.owner, "created": each.created})
        | {"observations": counts.get(each.number, {})}
        for each in page
    ]
    return {"groups": rows, "more": len(found) > limit}


def the_group(session: Session, name: str) -> int:
    """Return the number of the group of this name; raise Permanent where there is none."""
    found = _find_group(session, name)
    if found is None:
        raise Permanent(f"group: there is no group of observations {name!r}")
    return found


def group_number(session: Session, name: str, *, owner: str | None, recorded: str) -> int:
    """Return the number of the group of this name, made where there is none."""
    found = _find_group(session, name)
    if found is not None:
        return found
    made = ObservationGroup(key=key_of(name), name=name, owner=owner, created=recorded)
    session.add(made)
    session.flush()
    return made.number


def _find_group(session: Session, name: str) -> int | None:
    return session.scalar(select(ObservationGroup.number).where(ObservationGroup.key == key_of(name)))


def _counts(session: Session, groups: list[int], viewer: Viewer) -> dict[int, dict[str, int]]:
    """Return how many observations of each group have which status."""
    query = select(Observation.observation_group, Observation.status, func.count())
    query = visible(query.join(Target, Target.number == Observation.target), viewer)
    query = query.where(Observation.observation_group.in_(groups))
    counts: dict[int, dict[str, int]] = {}
    for number, status, count in session.execute(query.group_by(Observation.observation_group, Observation.status)):
        if number is not None:
            counts.setdefault(number, {})[status] = count
    return counts


def _present(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value is not None}
