"""The latest brightness of a target, kept beside it so that targets can be found and sorted by it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, update

from toros.data.processors.reading import MICROSECONDS_A_DAY
from toros.data.tables import Measurement, Series, Target

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = ["update_latest"]


def update_latest(session: Session, target: int) -> None:
    """Bring `last_mjd` and `last_magnitude` up to date.

    Counted are magnitudes that are active, no limits and not instrumental; each series is asked for its last one only.
    """
    of_target = select(Series.number).where(
        Series.target == target, Series.kind == "magnitude", Series.system != "instrumental"
    )
    latest: tuple[int, float] | None = None
    for series in session.scalars(of_target).all():
        row = session.execute(
            select(Measurement.time, Measurement.value)
            .where(Measurement.series == series, Measurement.active, ~Measurement.upper_limit)
            .order_by(Measurement.time.desc())
            .limit(1)
        ).first()
        if row is not None and (latest is None or row.time > latest[0]):
            latest = row.time, row.value
    mjd, magnitude = (latest[0] / MICROSECONDS_A_DAY, latest[1]) if latest else (None, None)
    session.execute(update(Target).where(Target.number == target).values(last_mjd=mjd, last_magnitude=magnitude))
