"""What observations have names for: templates and groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from toros.data.observations.facilities import find_facility
from toros.data.permissions import Viewer
from toros.data.tables import ObservationGroup, ObservationTemplate
from toros.data.targets.names import key_of
from toros.errors import Permanent

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from workorders.observations import SaveTemplate

__all__ = ["group_number", "save_template", "the_group", "the_template"]


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
