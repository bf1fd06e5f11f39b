"""The computed priority: how long ago a target was measured, against how often it should be."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, and_, func, or_, select

from toros.data.tables import Target

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = ["by_priority", "priority"]

SLACK = 1e-6  # days; far more than rounding, less than a second


def priority(now: float, last_mjd: float | None, rate: float | None) -> float | None:
    """Return (now - last_mjd) / cadence * importance, as BHTOM computes it; None where one of them is not known.

    Parameters
    ----------
    now, last_mjd : float
        MJD.
    rate : float
        importance / cadence; a day.
    """
    return None if last_mjd is None or rate is None else (now - last_mjd) * rate


def by_priority(
    session: Session,
    conditions: Sequence[ColumnElement[bool]],
    *,
    now: float,
    after: tuple[float, int] | None,
    page: int,
) -> Iterator[Any]:
    """Yield rows (number, value, ra, dec), the highest priority first; targets without one are left out.

    Among targets of one rate the one measured longest ago has the highest priority, and the index has these in order.
    So the rates are gone through from the fastest, and not beyond the one that could still bring a better target.
    """
    oldest = session.scalar(select(func.min(Target.last_mjd)))
    if oldest is None:
        return
    waiting: list[tuple[float, int, Any, Iterator[Any]]] = []
    rates = _rates(session)
    rate = next(rates, None)
    while rate is not None or waiting:
        # A rate not looked at yet brings at most what the target measured longest ago of all would have.
        while rate is not None and (not waiting or max(0.0, (now - oldest) * rate) >= -waiting[0][0]):
            _next(waiting, _of_rate(session, rate, conditions, now, after, page))
            rate = next(rates, None)
        if waiting:
            _, _, row, more = heapq.heappop(waiting)
            yield row
            _next(waiting, more)


def _next(waiting: list[tuple[float, int, Any, Iterator[Any]]], rows: Iterator[Any]) -> None:
    row = next(rows, None)
    if row is not None:
        heapq.heappush(waiting, (-row.value, row.number, row, rows))


def _rates(session: Session) -> Iterator[float]:
    """Yield the different rates, the fastest first, each found by one step in the index."""
    fastest = select(func.max(Target.rate))
    rate = session.scalar(fastest)
    while rate is not None and rate > 0:
        yield rate
        rate = session.scalar(fastest.where(Target.rate < rate))


def _of_rate(
    session: Session,
    rate: float,
    conditions: Sequence[ColumnElement[bool]],
    now: float,
    after: tuple[float, int] | None,
    page: int,
) -> Iterator[Any]:
    value = (now - Target.last_mjd) * Target.rate
    query = select(Target.number, value.label("value"), Target.last_mjd, Target.ra, Target.dec)
    query = query.where(Target.rate == rate, Target.last_mjd.is_not(None), *conditions)
    if after is not None:
        begin = now - after[0] / rate - SLACK
        query = query.where(
            Target.last_mjd >= begin, or_(value < after[0], and_(value == after[0], Target.number > after[1]))
        )
    reached: Any = None
    while True:
        more = query
        if reached is not None:
            more = query.where(
                or_(
                    Target.last_mjd > reached.last_mjd,
                    and_(Target.last_mjd == reached.last_mjd, Target.number > reached.number),
                ),
                Target.last_mjd >= reached.last_mjd,
            )
        found = session.execute(more.order_by(Target.last_mjd, Target.number).limit(page)).all()
        yield from found
        if len(found) < page:
            return
        reached = found[-1]
