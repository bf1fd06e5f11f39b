"""What a finder asks of targets, as conditions of the database."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import InstrumentedAttribute

from toros.data.permissions import Viewer, may_see
from toros.data.tables import Target, TargetExtra, TargetListMember, TargetName, TargetTag
from toros.data.targets.lists import the_list
from toros.data.targets.names import key_of, the_target
from toros.errors import Permanent

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from workorders.finding import Cone, TargetFilter

__all__ = ["Conditions", "Membership", "centre_of", "conditions_of"]

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d.*", re.ASCII)
LAST = "\U0010ffff"  # sorts behind every name


@dataclass(frozen=True)
class Membership:
    """That a target has a row in another table: a name, a tag, an extra, a place in a list."""

    target: InstrumentedAttribute[int]
    conditions: tuple[ColumnElement[bool], ...]

    def holds(self) -> ColumnElement[bool]:
        """Return it as a condition on `target`."""
        return select(1).where(self.target == Target.number, *self.conditions).exists()

    def few(self, session: Session, most: int) -> list[int] | None:
        """Return the numbers of the targets where they are not more than this; None where they are many."""
        found = session.scalars(select(self.target).where(*self.conditions).limit(most + 1)).all()
        return sorted(set(found)) if len(found) <= most else None


@dataclass(frozen=True)
class Conditions:
    """All that is asked, but for the cone.

    Attributes
    ----------
    own : sequence of conditions
        On the target's own row, and on who may see it.
    memberships : sequence of Membership
        On rows that hang on it.
    """

    own: Sequence[ColumnElement[bool]]
    memberships: Sequence[Membership]

    def all(self) -> list[ColumnElement[bool]]:
        """Return everything as conditions on `target`."""
        return [*self.own, *[each.holds() for each in self.memberships]]

    def few(self, session: Session, most: int) -> list[int] | None:
        """Return the numbers of few targets among which all lie that fit; None where no condition leaves few."""
        for membership in self.memberships:
            found = membership.few(session, most)
            if found is not None:
                return found
        return None


def conditions_of(session: Session, asked: TargetFilter, viewer: Viewer) -> Conditions:
    """Return what a filter asks; raise Permanent where it names a list that is not there."""
    own = [] if viewer.everything else [may_see(viewer)]
    for field, value in asked.where.items():
        own += _compared(getattr(Target, field), value)
    memberships = [Membership(TargetTag.target, (TargetTag.tag == tag,)) for tag in dict.fromkeys(asked.tags)]
    if asked.name is not None:
        memberships.insert(0, _named(asked.name))
    if asked.target_list is not None:
        number = the_list(session, asked.target_list, viewer).number
        memberships.append(Membership(TargetListMember.target, (TargetListMember.list == number,)))
    for name, value in asked.extras.items():
        column = getattr(TargetExtra, _kind(name, value))
        memberships.append(Membership(TargetExtra.target, (TargetExtra.name == name, *_compared(column, value))))
    return Conditions(own, memberships)


def centre_of(session: Session, cone: Cone, viewer: Viewer) -> tuple[float, float]:
    """Return the centre of a cone: ICRS, degrees; raise Permanent where it is a target without a position."""
    if cone.target is None:
        assert cone.ra is not None and cone.dec is not None
        return cone.ra, cone.dec
    target = the_target(session, cone.target, viewer, field="cone")
    if target.ra is None or target.dec is None:
        raise Permanent(f"cone: {cone.target!r} moves on an orbit and has no position of its own")
    return target.ra, target.dec


def _named(name: str) -> Membership:
    key = key_of(name.removesuffix("*"))
    if name.endswith("*"):
        return Membership(TargetName.target, (TargetName.key >= key, TargetName.key < key + LAST))
    return Membership(TargetName.target, (TargetName.key == key,))


def _compared(column: Any, value: Any) -> list[ColumnElement[bool]]:
    """Return conditions: equal to a value, or from `min` to `max`, both included."""
    if not isinstance(value, dict):
        return [column == value]
    lower = [column >= value["min"]] if "min" in value else []
    return lower + ([column <= value["max"]] if "max" in value else [])


def _kind(name: str, value: Any) -> str:
    """Return the column that an extra of this kind is kept in; raise Permanent where the bounds are of two kinds."""
    bounds = list(value.values()) if isinstance(value, dict) else [value]
    kinds = {
        "truth" if isinstance(bound, bool)
        else "number" if not isinstance(bound, str)
        else "time" if TIME.fullmatch(bound)
        else "text"
        for bound in bounds
    }  # fmt: skip
    if len(kinds) != 1:
        raise Permanent(f"extras: the bounds of {name!r} are of two kinds: {', '.join(sorted(kinds))}")
    return kinds.pop()
