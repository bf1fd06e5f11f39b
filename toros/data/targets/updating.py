"""Changing what is said of a target."""

from __future__ import annotations

from typing import TYPE_CHECKING

from toros.data.permissions import Viewer
from toros.data.tables import Target
from toros.data.targets.fields import COLUMNS, add_tags, forget_extras, places, set_extras, set_groups, untag
from toros.data.targets.names import add_names, forget_names, rename, the_target
from toros.errors import Permanent
from workorders.targets import COMMON_ELEMENTS, SCHEMES

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from workorders.targets import UpdateTarget

__all__ = ["may_change", "update_target"]


def update_target(session: Session, order: UpdateTarget, *, viewer: Viewer, recorded: str) -> Target:
    """Change a target as an order says and return it; what the order leaves open stays.

    Parameters
    ----------
    session : Session
        Inside a transaction.
    viewer : Viewer
        Who changes it.
    recorded : str
        The time now; UTC, ISO 8601.

    Raises
    ------
    Permanent
        There is no such target, it is not the viewer's to change, a name belongs to another one, or what would come
        of it is no target: a position out of half its coordinates, an orbit without an element.
    """
    target = the_target(session, order.target, viewer)
    may_change(target, viewer, order.target)
    for column in COLUMNS:
        value = getattr(order, column)
        if value is not None:
            setattr(target, column, value)
    for column in order.clear:
        setattr(target, column, None)
    _place(target)
    if order.name is not None and order.name != target.name:
        rename(session, target, order.name)
    add_names(session, target.number, {alias.name: alias.source for alias in order.aliases})
    forget_names(session, target.number, order.forget_aliases)
    add_tags(session, target.number, order.tags)
    untag(session, target.number, order.untag)
    set_extras(session, target.number, order.extras)
    forget_extras(session, target.number, order.forget_extras)
    if order.groups is not None:
        set_groups(session, target.number, order.groups)
    target.changed = recorded
    session.flush()
    return target


def may_change(target: Target, viewer: Viewer, name: str) -> None:
    """Raise Permanent where a viewer may see a target but not change it: a private one is its owner's."""
    if target.access == "private" and not viewer.everything and target.owner != viewer.name:
        raise Permanent(f"target: {name!r} is private, and only its owner changes it")


def _place(target: Target) -> None:
    """Let everything that follows from the position or the orbit follow; raise Permanent where neither is whole."""
    if target.scheme is not None:
        missing = [name for name in (*COMMON_ELEMENTS, *SCHEMES[target.scheme]) if getattr(target, name) is None]
        if missing:
            raise Permanent(f"{missing[0]}: the scheme {target.scheme} needs it")
        target.kind, target.healpix = "non_sidereal", None
        target.ra = target.dec = target.galactic_longitude = target.galactic_latitude = target.constellation = None
        return
    if target.ra is None or target.dec is None:
        raise Permanent(f"{'ra' if target.ra is None else 'dec'}: a position needs it")
    for column, value in places([target.ra], [target.dec])[0].items():
        setattr(target, column, value)
