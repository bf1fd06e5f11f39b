"""Answers about measurements: pages of points, in the order of their series and times."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, tuple_

from toros.data.measurements.lightcurve import COLUMNS, Selection, series_of_target
from toros.data.permissions import Viewer
from toros.data.processors.reading import MICROSECONDS_A_DAY
from toros.data.tables import Measurement
from toros.data.targets.names import the_target
from toros.errors import Permanent

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = ["find_measurements"]

TOKEN = re.compile(r"(\d{1,18})\.(-?\d{1,18})", re.ASCII)
_ROW = Measurement.__table__.c


def find_measurements(
    session: Session, name: str, *, viewer: Viewer, selection: Selection, limit: int = 1000, after: str | None = None
) -> dict[str, Any]:
    """Return a page of a target's points, the series that they are of, and where to page on.

    Parameters
    ----------
    session : Session
    name : str
        Any name of the target.
    viewer : Viewer
        Who asks.
    selection : Selection
    limit : int
        Most points of the page.
    after : str, optional
        The `after` of the page before.

    Raises
    ------
    Permanent
        There is no such target, or `after` is not one of ours.
    """
    target = the_target(session, name, viewer)
    about = series_of_target(session, target.number, selection, viewer)
    rows: list[Any] = []
    if about:
        query = select(*COLUMNS, _ROW.product, _ROW.revision).where(
            _ROW.series.in_(list(about)), *selection.of_points()
        )
        if after is not None:
            query = query.where(tuple_(_ROW.series, _ROW.time) > tuple_(*_read(after)))
        rows = list(session.execute(query.order_by(_ROW.series, _ROW.time).limit(limit + 1)))
    page = rows[:limit]
    answer = {
        "target": target.name,
        "series": [{"number": number, **_said(about[number])} for number in sorted({row.series for row in page})],
        "points": [_point(row) for row in page],
        "more": len(rows) > limit,
    }
    return {**answer, "after": f"{page[-1].series}.{page[-1].time}"} if page else answer


def _read(token: str) -> tuple[int, int]:
    found = TOKEN.fullmatch(token)
    if found is None:
        raise Permanent(f"after: {token[:60]!r} is not the end of a page; allowed: the `after` of the page before")
    return int(found[1]), int(found[2])


def _said(about: Any) -> dict[str, str]:
    """Return what is known of a series; what is not is left out."""
    return {name: value for name, value in vars(about).items() if value}


def _point(row: Any) -> dict[str, Any]:
    """Return a point as plain values; what is not known is left out."""
    day, rest = divmod(row.time, MICROSECONDS_A_DAY)
    point = {"series": row.series, "mjd": day + rest / MICROSECONDS_A_DAY, "value": row.value,
             "upper_limit": bool(row.upper_limit), "active": bool(row.active), "revision": row.revision}  # fmt: skip
    more = {"error": row.error, "bjd_tdb": row.bjd, "flags": _wire(row.flags) or None, "product": row.product}
    return {**point, **{name: value for name, value in more.items() if value is not None}}


def _wire(flags: int) -> int | str:
    """Return a whole number as XML-RPC carries it: beyond 32 bits as text."""
    return flags if flags < 2**31 else str(flags)
