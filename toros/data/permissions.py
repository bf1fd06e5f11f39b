"""Who may see what: a condition that every query on targets, and on what hangs on them, carries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import ColumnElement, Select, or_, select, true

from toros.data.tables import DataProduct, Target, TargetGroup, TargetList

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Viewer", "may_see", "may_see_list", "may_see_product", "visible"]

Query = TypeVar("Query", bound="Select[*tuple[Any, ...]]")


@dataclass(frozen=True)
class Viewer:
    """Who asks.

    Attributes
    ----------
    name : str or None
        The user; None for somebody who did not say.
    groups : frozenset of str
        Groups that the user belongs to.
    everything : bool
        Whether all rows are shown: to daemons, to administrators, and where nobody has to say who they are.
    """

    name: str | None = None
    groups: frozenset[str] = frozenset()
    everything: bool = False

    @classmethod
    def all_seeing(cls) -> Viewer:
        """Return the viewer whom nothing is hidden from."""
        return cls(everything=True)

    @classmethod
    def of(cls, name: str, groups: Iterable[str] = ()) -> Viewer:
        """Return a named user as viewer."""
        return cls(name, frozenset(groups))


def may_see(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition on `target` that leaves what the viewer may see."""
    if viewer.everything:
        return true()
    if viewer.name is None:
        return Target.access == "open"
    mine = Target.owner == viewer.name
    if viewer.groups:
        shared = select(TargetGroup.target).where(
            TargetGroup.target == Target.number, TargetGroup.group_name.in_(sorted(viewer.groups))
        )
        mine = or_(mine, shared.exists())
    return or_(Target.access.in_(("open", "public")), mine)


def may_see_list(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition on `target_list` that leaves the lists that the viewer may see."""
    if viewer.everything:
        return true()
    if viewer.name is None:
        return TargetList.access == "open"
    return or_(TargetList.access.in_(("open", "public")), TargetList.owner == viewer.name)


def may_see_product(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition on `data_product` that leaves the products whose target, if any, the viewer may see."""
    if viewer.everything:
        return true()
    target = select(Target.number).where(Target.number == DataProduct.target_number, may_see(viewer))
    return or_(DataProduct.target_number.is_(None), target.exists())


def visible(query: Query, viewer: Viewer) -> Query:
    """Add to a query that has `target` in it the condition that leaves what the viewer may see."""
    return query if viewer.everything else query.where(may_see(viewer))
