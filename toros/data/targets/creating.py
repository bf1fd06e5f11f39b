"""Making targets: each thing in the sky once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import insert

from toros.data.permissions import Viewer, may_see
from toros.data.tables import Target, TargetName
from toros.data.targets.fields import COLUMNS, add_tags, places, set_extras, set_groups
from toros.data.targets.names import add_names, key_of, known_names
from toros.data.targets.nearby import Place, nearest, separation_from
from toros.errors import Permanent

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from workorders.targets import AddTarget

__all__ = ["Added", "add_target"]

DEFAULT_ACCESS = "public"


@dataclass(frozen=True)
class Added:
    """What came of adding a target.

    Attributes
    ----------
    number, name
        Of the target: the new one, or the one that we had.
    made : bool
        Whether it is new.
    separation : float or None
        How far the one that we had is from the place that was given; arcseconds.
    """

    number: int
    name: str
    made: bool
    separation: float | None = None


def add_target(session: Session, order: AddTarget, *, viewer: Viewer, recorded: str, match_radius: float) -> Added:
    """Make a target, or find that we have it; the same again changes nothing.

    Parameters
    ----------
    session : Session
        Inside a transaction.
    order : AddTarget
        What is said of it.
    viewer : Viewer
        Who makes it, and owns it; what they may not see is not matched.
    recorded : str
        The time now; UTC, ISO 8601.
    match_radius : float
        A target within this distance is the same one; arcseconds.

    Raises
    ------
    Permanent
        A name belongs to another target.
    """
    names = {order.name: None} | {alias.name: alias.source for alias in order.aliases}
    known = _by_name(session, order, viewer, match_radius)
    separation = None
    place = Place.of(order)
    if known is None and order.on_match == "existing" and place is not None:
        near = nearest(session, place, match_radius / 3600, viewer)
        if near is not None:
            known, separation = session.get_one(Target, near[0]), near[1] * 3600
    if known is None:
        return _make(session, order, names, viewer, recorded)
    new = add_names(session, known.number, names)
    if new or order.tags:
        add_tags(session, known.number, order.tags)
        known.changed = recorded if new else known.changed
    return Added(known.number, known.name, made=False, separation=separation)


def _by_name(session: Session, order: AddTarget, viewer: Viewer, match_radius: float) -> Target | None:
    """Return the target that has the order's name already; raise Permanent where it is another thing."""
    number = known_names(session, [order.name]).get(key_of(order.name))
    if number is None:
        return None
    seen = session.query(Target).filter(Target.number == number, may_see(viewer)).one_or_none()
    if seen is None:
        raise Permanent(f"name: {order.name!r} is taken")
    away = separation_from(seen, order)
    if away is None or away * 3600 > match_radius:
        how_far = "which moves on an orbit" if away is None else f"{away:.6g} degrees from there"
        raise Permanent(f"name: {order.name!r} is a name of the target {seen.name!r}, {how_far}; choose another")
    return seen


def _make(session: Session, order: AddTarget, names: dict[str, str | None], viewer: Viewer, recorded: str) -> Added:
    values = {column: getattr(order, column) for column in COLUMNS}
    values["access"] = order.access or DEFAULT_ACCESS
    if order.scheme is None:
        assert order.ra is not None and order.dec is not None
        values |= places([order.ra], [order.dec])[0]
        values["epoch"] = order.epoch if order.epoch is not None else 2000.0
    kind = "sidereal" if order.scheme is None else "non_sidereal"
    target = Target(name=order.name, kind=kind, owner=viewer.name, created=recorded, changed=recorded, **values)
    session.add(target)
    session.flush()
    main = {"key": key_of(order.name), "name": order.name, "target": target.number, "source": None, "main": True}
    session.execute(insert(TargetName), [main])
    add_names(session, target.number, {name: source for name, source in names.items() if name != order.name})
    add_tags(session, target.number, order.tags)
    set_extras(session, target.number, order.extras)
    set_groups(session, target.number, order.groups or ())
    return Added(target.number, target.name, made=True)
