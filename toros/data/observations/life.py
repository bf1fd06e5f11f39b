"""The life of an observation: which statuses there are, and which may follow which."""

from __future__ import annotations

from enum import StrEnum

from toros.errors import Permanent

__all__ = ["FAILED", "MOVES", "TERMINAL", "Status", "check_move"]


class Status(StrEnum):
    """How an observation stands; the words of the Observatory Control System that many facilities share."""

    PENDING = "PENDING"  # asked for, and not over
    COMPLETED = "COMPLETED"  # observed
    WINDOW_EXPIRED = "WINDOW_EXPIRED"  # nobody could observe it in time
    CANCELED = "CANCELED"  # taken back
    FAILURE_LIMIT_REACHED = "FAILURE_LIMIT_REACHED"  # tried in vain, and given up
    NOT_ATTEMPTED = "NOT_ATTEMPTED"  # the facility never tried


TERMINAL = frozenset(Status) - {Status.PENDING}
FAILED = TERMINAL - {Status.COMPLETED}

# What was taken back, or seemed to be out of time, may have been observed all the same: frames are a fact.
MOVES: dict[Status, frozenset[Status]] = {
    Status.PENDING: TERMINAL,
    Status.WINDOW_EXPIRED: frozenset({Status.COMPLETED}),
    Status.CANCELED: frozenset({Status.COMPLETED}),
    Status.COMPLETED: frozenset(),
    Status.FAILURE_LIMIT_REACHED: frozenset(),
    Status.NOT_ATTEMPTED: frozenset(),
}


def check_move(before: str, after: str) -> bool:
    """Return whether this changes the status; raise Permanent where it may not."""
    if before == after:
        return False
    if after not in MOVES[Status(before)]:
        allowed = ", ".join(sorted(MOVES[Status(before)])) or "nothing: that is how it ended"
        raise Permanent(f"status: the observation is {before} and cannot become {after}; allowed: {allowed}")
    return True
