"""Proposals: time that was granted, what of it is asked for and used, and what is left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import case, func, select

from toros.data.observations.life import Status
from toros.data.permissions import Viewer, may_see_proposal
from toros.data.tables import Observation, Proposal
from toros.data.targets.names import key_of
from toros.errors import Permanent

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from workorders.observations import SaveProposal

__all__ = ["Balance", "balances", "check_time", "find_proposals", "save_proposal", "the_proposal"]

HOUR = 3600.0  # seconds
GRAIN = 1e-3  # seconds that rounding may cost


@dataclass(frozen=True)
class Balance:
    """Time of a proposal; seconds.

    Attributes
    ----------
    granted : float
    asked : float
        By observations that are not over.
    used : float
        What observations took, in vain or not; where it was not told, what a completed one had asked for.
    """

    granted: float
    asked: float = 0.0
    used: float = 0.0

    @property
    def left(self) -> float:
        """What may still be asked for; negative where more was used than granted."""
        return self.granted - self.asked - self.used


def save_proposal(session: Session, order: SaveProposal, *, viewer: Viewer, recorded: str) -> dict[str, Any]:
    """Make or change a proposal as an order says; the same again changes nothing.

    Raises
    ------
    Permanent
        The viewer may not, a new one is granted no time, or it would end before it begins.
    """
    if not viewer.everything:
        raise Permanent("proposal: only administrators grant time")
    found = session.scalar(select(Proposal).where(Proposal.key == key_of(order.proposal)))
    made = found is None
    if found is None:
        if order.hours is None:
            raise Permanent(f"hours: {order.proposal!r} is a new proposal and needs them; allowed: 0 to 1000000")
        found = Proposal(key=key_of(order.proposal), name=order.proposal, hours=order.hours, members=[], closed=False,
                         created=recorded, changed=recorded)  # fmt: skip
        session.add(found)
    told = {
        "hours": order.hours, "title": order.title, "investigator": order.investigator, "members": order.members,
        "facility": order.facility, "valid_from": order.start, "valid_to": order.end, "closed": order.closed,
    }  # fmt: skip
    changes = {name: value for name, value in told.items() if value is not None and getattr(found, name) != value}
    for name, value in changes.items():
        setattr(found, name, value)
    if found.valid_from is not None and found.valid_to is not None and found.valid_to <= found.valid_from:
        raise Permanent(f"end: {found.valid_to} is not after the proposal's start, {found.valid_from}")
    if changes:
        found.changed = recorded
    session.flush()
    return {"proposal": found.number, "name": found.name, "made": made}


def the_proposal(session: Session, name: str, viewer: Viewer) -> Proposal:
    """Return the proposal of this name; raise Permanent where there is none, or none that the viewer may see."""
    found = session.scalar(select(Proposal).where(Proposal.key == key_of(name), may_see_proposal(viewer)))
    if found is None:
        raise Permanent(f"proposal: there is no proposal {name!r}")
    return found


def balances(session: Session, proposals: Sequence[Proposal]) -> dict[int, Balance]:
    """Return the time of proposals, by number."""
    spent = Observation.seconds_used
    used = case((Observation.status == Status.COMPLETED, func.coalesce(spent, Observation.seconds)),
                else_=func.coalesce(spent, 0.0))  # fmt: skip
    open_ = case((Observation.status == Status.PENDING, Observation.seconds), else_=0.0)
    over = case((Observation.status == Status.PENDING, 0.0), else_=used)
    query = (
        select(Observation.proposal, func.sum(open_), func.sum(over))
        .where(Observation.proposal.in_([each.number for each in proposals]))
        .group_by(Observation.proposal)
    )
    sums = {number: (asked, used) for number, asked, used in session.execute(query)}
    return {each.number: Balance(each.hours * HOUR, *sums.get(each.number, ())) for each in proposals}


def check_time(
    session: Session, proposal: Proposal, *, facility: str, seconds: float, start: str, end: str | None,
    user: str | None, everything: bool,
) -> None:  # fmt: skip
    """Raise Permanent where a proposal has no time for an observation.

    Parameters
    ----------
    seconds : float
        That the observation takes.
    start, end : str
        Its window, or the time now; UTC, ISO 8601.
    user : str or None
        Who asks.
    everything : bool
        Whether the one who asks may spend anybody's time.
    """
    name = f"proposal: {proposal.name!r}"
    mine = {proposal.investigator, *proposal.members} - {None}
    if mine and user not in mine and not everything:
        raise Permanent(f"{name} is not yours to spend; allowed: {', '.join(sorted(str(each) for each in mine))}")
    if proposal.closed:
        raise Permanent(f"{name} is closed")
    if proposal.facility not in (None, facility):
        raise Permanent(f"{name} is for {proposal.facility}, not for {facility}")
    if proposal.valid_from is not None and start < proposal.valid_from:
        raise Permanent(f"{name} begins at {proposal.valid_from}, the observation at {start}")
    last = end or start
    if proposal.valid_to is not None and last > proposal.valid_to:
        raise Permanent(f"{name} ends at {proposal.valid_to}, the observation at {last}")
    left = balances(session, [proposal])[proposal.number].left
    if seconds > left + GRAIN:
        raise Permanent(f"{name} has {_hours(max(0.0, left))} left of {_hours(proposal.hours * HOUR)}, "
                        f"and the observation takes {_hours(seconds)}")  # fmt: skip


def find_proposals(session: Session, *, viewer: Viewer, proposal: str | None, limit: int, after: int) -> dict[str, Any]:
    """Return a page of the proposals that the viewer may see as plain rows with their time in hours."""
    query = select(Proposal).where(Proposal.number > after, may_see_proposal(viewer))
    query = query.order_by(Proposal.number).limit(limit + 1)
    if proposal is not None:
        query = query.where(Proposal.key == key_of(proposal))
    found = session.scalars(query).all()
    page = found[:limit]
    times = balances(session, page)
    return {"proposals": [_row(each, times[each.number]) for each in page], "more": len(found) > limit}


def _row(proposal: Proposal, time: Balance) -> dict[str, Any]:
    row: dict[str, Any] = {
        "number": proposal.number, "proposal": proposal.name, "title": proposal.title,
        "investigator": proposal.investigator, "members": proposal.members, "facility": proposal.facility,
        "start": proposal.valid_from, "end": proposal.valid_to, "closed": proposal.closed,
        "hours": proposal.hours, "asked": round(time.asked / HOUR, 6), "used": round(time.used / HOUR, 6),
        "left": round(time.left / HOUR, 6), "created": proposal.created, "changed": proposal.changed,
    }  # fmt: skip
    return {name: value for name, value in row.items() if value is not None}


def _hours(seconds: float) -> str:
    return f"{seconds / HOUR:.4g} h"
