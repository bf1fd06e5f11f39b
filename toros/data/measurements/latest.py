"""The latest brightness of a target, kept beside it so that targets can be found and sorted by it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, update
from sqlalchemy.orm import aliased

from toros.data.processors.reading import MICROSECONDS_A_DAY
from toros.data.tables import Measurement, Series, Target

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = ["update_latest"]

POINT = aliased(Measurement)


def update_latest(session: Session, target: int) -> None:
    """Bring `last_mjd` and `last_magnitude` up to date.

    Counted are magnitudes that are active, no limits and not instrumental; each series is asked for its last one only.
    """
    last = (
        select(POINT.time)
        .where(POINT.series == Series.number, POINT.active, ~POINT.upper_limit)
        .order_by(POINT.time.desc())
        .limit(1)
    )  # of one series: one step along its key, whatever a database believes of a table that grows
    times, values = last.scalar_subquery(), last.with_only_columns(POINT.value).scalar_subquery()
    query = select(times.label("time"), values.label("value")).where(
        Series.target == target, Series.kind == "magnitude", Series.system != "instrumental"
    )
    rows = [row for row in session.execute(query) if row.time is not None]
    row = max(rows, key=lambda row: row.time, default=None)
    mjd, magnitude = (row.time / MICROSECONDS_A_DAY, row.value) if row else (None, None)
    session.execute(update(Target).where(Target.number == target).values(last_mjd=mjd, last_magnitude=magnitude))
