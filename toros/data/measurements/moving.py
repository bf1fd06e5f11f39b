"""Moving the measurements of one target to another, when the two are found to be the same thing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Table, and_, delete, exists, insert, literal, select, update

from toros.data.measurements.chunk import find_series
from toros.data.measurements.latest import update_latest
from toros.data.measurements.lightcurve import Selection, series_of_target
from toros.data.permissions import Viewer
from toros.data.tables import Measurement, MeasurementHistory, Series, Spectrum

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = ["move_measurements"]

POINTS, HISTORY, SPECTRA = (each.__table__ for each in (Measurement, MeasurementHistory, Spectrum))


def move_measurements(session: Session, kept: int, gone: int) -> None:
    """Give the series and spectra of one target to another; what that has already stays as it has it."""
    for number, about in series_of_target(session, gone, Selection(), Viewer.all_seeing()).items():
        twin = find_series(session, kept, about)
        if twin is None:
            session.execute(update(Series).where(Series.number == number).values(target=kept))
        else:
            _pour(session, number, twin)
    twice = SPECTRA.alias()
    same = [twice.c[name] == SPECTRA.c[name] for name in ("time", "facility", "observer", "grid")]
    known = exists().where(twice.c.target == kept, *same)
    session.execute(delete(SPECTRA).where(SPECTRA.c.target == gone, known))  # type: ignore[arg-type]
    session.execute(update(SPECTRA).where(SPECTRA.c.target == gone).values(target=kept))  # type: ignore[arg-type]
    update_latest(session, kept)


def _pour(session: Session, source: int, into: int) -> None:
    """Move the points of one series, with their history, into another, and remove it."""
    there = POINTS.alias()
    fresh = ~exists().where(there.c.series == into, there.c.time == POINTS.c.time)
    moved = list(session.scalars(select(POINTS.c.time).where(POINTS.c.series == source, fresh)))
    for start in range(0, len(moved), 5000):
        times = moved[start : start + 5000]
        for table in (POINTS, HISTORY):
            assert isinstance(table, Table)
            others = [column for column in table.c if column.name != "series"]
            chosen = select(literal(into), *others).where(and_(table.c.series == source, table.c.time.in_(times)))
            session.execute(insert(table).from_select(["series", *[column.name for column in others]], chosen))
    for table in (HISTORY, POINTS):
        session.execute(delete(table).where(table.c.series == source))  # type: ignore[arg-type]
    session.execute(delete(Series).where(Series.number == source))
