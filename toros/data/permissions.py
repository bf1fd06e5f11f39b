"""Who may see what: a condition that every query on targets, and on what hangs on them, carries."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import ColumnElement, Select, String, cast, func, or_, select, true

from toros.data.tables import DataProduct, DataProductGroup, Proposal, Target, TargetGroup, TargetList

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.orm import Session

__all__ = [
    "Viewer", "may_read_file", "may_see", "may_see_list", "may_see_product", "may_see_proposal", "visible",
]  # fmt: skip

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
    """Return the condition on `data_product` that leaves what the viewer may see: the product, and its target too."""
    if viewer.everything:
        return true()
    target = select(Target.number).where(Target.number == DataProduct.target_number, may_see(viewer)).exists()
    seen = or_(DataProduct.target_number.is_(None), target)
    if viewer.name is None:
        return seen & (DataProduct.access == "open")
    mine = DataProduct.owner == viewer.name
    if viewer.groups:
        shared = select(DataProductGroup.product).where(
            DataProductGroup.product == DataProduct.number, DataProductGroup.group_name.in_(sorted(viewer.groups))
        )
        mine = or_(mine, shared.exists())
    return seen & or_(DataProduct.access.in_(("open", "public")), mine)


def may_see_proposal(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition on `proposal` that leaves what the viewer may see: theirs, and those that all may spend."""
    if viewer.everything:
        return true()
    if viewer.name is None:
        return Proposal.number.is_(None)
    members = cast(Proposal.members, String)
    member = members.contains(json.dumps(viewer.name), autoescape=True)
    for_all = Proposal.investigator.is_(None) & (members == "[]")
    return or_(Proposal.investigator == viewer.name, member, for_all)


def may_read_file(session: Session, locations: Iterable[str], viewer: Viewer) -> bool | None:
    """Return whether the products at these locations let a viewer read the file; None where there are none.

    One product that the viewer may not see is enough to close it.
    """
    here = DataProduct.location.in_(sorted(locations))
    total = session.scalar(select(func.count()).where(here)) or 0
    seen = session.scalar(select(func.count()).where(here, may_see_product(viewer))) or 0
    return None if total == 0 else seen == total


def visible(query: Query, viewer: Viewer) -> Query:
    """Add to a query that has `target` in it the condition that leaves what the viewer may see."""
    return query if viewer.everything else query.where(may_see(viewer))
