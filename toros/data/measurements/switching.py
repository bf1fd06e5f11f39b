"""Switching points off and on again: nothing is lost, and a later ingestion leaves the switch as it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, func, or_, select, update

from toros.data.measurements.latest import update_latest
from toros.data.measurements.lightcurve import Selection
from toros.data.processors.reading import MICROSECONDS_A_DAY
from toros.data.tables import Measurement

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = ["count_points", "switch_series"]

_ROW = Measurement.__table__.c


def switch_series(
    session: Session,
    series: int,
    target: int,
    *,
    active: bool,
    selection: Selection,
    times: Sequence[float] = (),
    tolerance: float = 1e-6,
) -> int:
    """Switch the selected points of one series, and return how many were switched; again changes nothing.

    Parameters
    ----------
    session : Session
        Inside a transaction.
    series, target : int
    active : bool
    selection : Selection
    times : sequence of float
        MJD of the points that are meant; all of the selection where empty.
    tolerance : float
        By which a time may differ; days.
    """
    meant = _meant(series, selection, times, tolerance)
    statement = update(Measurement.__table__).where(*meant, _ROW.active != active).values(active=active)  # type: ignore[arg-type]
    switched = int(session.execute(statement).rowcount)  # type: ignore[attr-defined]
    if switched:
        update_latest(session, target)
    return switched


def count_points(
    session: Session,
    series: int,
    *,
    active: bool,
    selection: Selection,
    times: Sequence[float] = (),
    tolerance: float = 1e-6,
) -> int:
    """Return how many of the selected points of one series are switched on, or off; see `switch_series`."""
    meant = _meant(series, selection, times, tolerance)
    return session.scalar(select(func.count()).where(*meant, _ROW.active == active)) or 0


def _meant(series: int, selection: Selection, times: Sequence[float], tolerance: float) -> list[ColumnElement[bool]]:
    conditions = [_ROW.series == series, *selection.of_points()]
    if times:
        margin = round(tolerance * MICROSECONDS_A_DAY)
        moments = [round(mjd * MICROSECONDS_A_DAY) for mjd in times]
        conditions.append(or_(*[_ROW.time.between(each - margin, each + margin) for each in moments]))
    return conditions
