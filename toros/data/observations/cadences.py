"""Cadences: whether one more observation follows on the last of a chain, and when.

Pure functions of what has happened and of the clock. Only the last observation of a chain is looked at, and one may
have one follower at most: looking twice does nothing twice.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from toros.data.observations.life import FAILED, TERMINAL

__all__ = ["Last", "Rule", "Window", "next_look", "next_window"]

Window = tuple[datetime, datetime | None]


@dataclass(frozen=True)
class Rule:
    """What shall follow.

    Attributes
    ----------
    strategy : {"retry_failed", "resume_after_failure", "repeat"}
        Once more after each failure; go on after a success and begin anew after a failure; every so many hours.
    hours : float
        Between the beginnings of two observations.
    until : datetime, optional
        None begins after this; UTC.
    most : int, optional
        Observations in all.
    """

    strategy: str
    hours: float
    until: datetime | None = None
    most: int | None = None


@dataclass(frozen=True)
class Last:
    """The last observation of a chain.

    Attributes
    ----------
    status : str
    start : datetime
        Beginning of its window, or when it was asked for where it has none; UTC.
    end : datetime or None
        End of its window.
    count : int
        Observations of the chain until now.
    """

    status: str
    start: datetime
    end: datetime | None
    count: int


def next_window(rule: Rule, last: Last, now: datetime) -> Window | None:
    """Return the window of the observation that follows; None where none does, or none yet.

    Parameters
    ----------
    now : datetime
        The time; UTC.
    """
    if rule.most is not None and last.count >= rule.most:
        return None
    start = _next_start(rule, last, now)
    if start is None or (rule.until is not None and start > rule.until):
        return None
    return start, None if last.end is None else start + (last.end - last.start)


def next_look(rule: Rule, last: Last, now: datetime) -> datetime | None:
    """Return when `next_window` may have another answer though nothing else happens; None where it never has."""
    if rule.strategy != "repeat" or last.status in TERMINAL:
        return None
    moment = last.start + timedelta(hours=rule.hours)
    over = (rule.most is not None and last.count >= rule.most) or (rule.until is not None and moment > rule.until)
    return None if over else max(moment, now)


def _next_start(rule: Rule, last: Last, now: datetime) -> datetime | None:
    step = timedelta(hours=rule.hours)
    over, failed = last.status in TERMINAL, last.status in FAILED
    if rule.strategy == "retry_failed":
        return max(last.start + step, now) if failed else None
    if rule.strategy == "resume_after_failure":
        return (now if failed else max(last.start + step, now)) if over else None
    if not over and now < last.start + step:
        return None
    # Times keep to the grid of the first: after a pause nothing is caught up, the latest that has begun is taken.
    return last.start + max(1, math.floor((now - last.start) / step)) * step
