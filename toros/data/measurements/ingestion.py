"""Taking a file's points into the database: in short transactions that resume, each point once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from toros.data.measurements.chunk import CHUNK, Taken, compare_points, find_series, record_points, record_series
from toros.data.measurements.latest import update_latest
from toros.data.processors.reading import MICROSECONDS_A_DAY, About, Points, Problems, Reading
from toros.errors import Permanent

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from sqlalchemy.orm import Session

__all__ = ["Ingestion", "Run", "ingest_reading", "preview_reading", "settled"]

T = TypeVar("T")
Run = Callable[[Callable[["Session"], T]], T]
Barycentric = Callable[[About, "NDArray[np.float64]"], "NDArray[np.float64] | None"]


@dataclass(frozen=True)
class Ingestion:
    """What became of a file.

    Attributes
    ----------
    taken : Taken
        How many points were new, known already, or revised.
    problems : Problems
        The rows that were refused.
    layout : str
    remarks : tuple of str
    """

    taken: Taken
    problems: Problems
    layout: str
    remarks: tuple[str, ...] = ()

    def summary(self, most: int = 20) -> dict[str, Any]:
        """Return it as plain values, with the first problems in full."""
        return {
            "new": self.taken.new, "same": self.taken.same, "revised": self.taken.revised,
            "refused": len(self.problems), "layout": self.layout, "remarks": list(self.remarks),
            **self.problems.summary(most),
        }  # fmt: skip


def settled(points: Points, problems: Problems) -> tuple[Points, int]:
    """Return points of which no two are of one series and one time, and how many were repeated word for word.

    Where a file says two things of one moment, the first is kept and the other is a problem.
    """
    import numpy as np

    order = np.lexsort((points.line, points.time, points.series))
    points = points.take(order)
    if len(points) < 2:
        return points, 0
    begins = np.ones(len(points), bool)
    begins[1:] = (np.diff(points.time) != 0) | (np.diff(points.series) != 0)
    first = np.flatnonzero(begins)[np.cumsum(begins) - 1]  # of each point, the first at its time
    agrees = points.value == points.value[first]
    agrees &= (points.error == points.error[first]) | (np.isnan(points.error) & np.isnan(points.error[first]))
    agrees &= points.upper_limit == points.upper_limit[first]
    for i in np.flatnonzero(~agrees):
        value = f"{points.value[i]:.6g} of MJD {points.time[i] / MICROSECONDS_A_DAY:.6f}"
        reason = "is another value at a time and in a series that the file has already"
        problems.add(int(points.line[i]), "value", value, reason)
    return points.take(np.flatnonzero(begins)), int((agrees & ~begins).sum())


def ingest_reading(
    write: Run[Any],
    target: int,
    reading: Reading,
    *,
    recorded: str,
    product: int | None = None,
    atomic: bool = False,
    barycentric: Barycentric | None = None,
    progress: Callable[[float], None] | None = None,
) -> Ingestion:
    """Take a file's points in; the same file again changes nothing.

    Parameters
    ----------
    write : callable
        Runs a change in a transaction of its own; one that was interrupted is simply run again.
    target : int
        Whose points they are.
    reading : Reading
    recorded : str
        The time now; UTC, ISO 8601.
    product : int, optional
        The file's number.
    atomic : bool
        Take nothing where any row is refused.
    barycentric : callable, optional
        `(about, mjd) -> BJD_TDB or None`; of points whose series says from where they were seen.
    progress : callable, optional
        Told the part that is done, 0 to 1.

    Raises
    ------
    Permanent
        `atomic`, and a row was refused: with the first reason.
    """
    points, repeated = settled(reading.points, reading.problems)
    if atomic and len(reading.problems):
        first = min(reading.problems.first, key=lambda problem: problem.line)
        count = len(reading.problems)
        raise Permanent(f"nothing was taken: {count} row{'s' * (count > 1)} cannot be; the first: {first}")
    taken, done = Taken(same=repeated), 0
    for about, part in _chunks(points):
        bjd = barycentric(about, part.time / MICROSECONDS_A_DAY) if barycentric else None
        taken += write(partial(_record, target=target, about=about, points=part, bjd=bjd, product=product,
                               recorded=recorded))  # fmt: skip
        done += len(part)
        if progress is not None:
            progress(done / len(points))
    return Ingestion(taken, reading.problems, reading.layout, reading.remarks)


def preview_reading(read: Run[Any], target: int, reading: Reading) -> Ingestion:
    """Return what `ingest_reading` would do, without doing it."""
    points, repeated = settled(reading.points, reading.problems)
    taken = Taken(same=repeated)
    for about, part in _chunks(points):
        taken += read(partial(_compare, target=target, about=about, points=part))
    return Ingestion(taken, reading.problems, reading.layout, (*reading.remarks, "dry run: nothing was recorded"))


def _chunks(points: Points) -> Iterator[tuple[About, Points]]:
    """Yield settled points series by series, in transactions' worth."""
    import numpy as np

    bounds = np.searchsorted(points.series, np.arange(len(points.about) + 1))
    for position, about in enumerate(points.about):
        for start in range(int(bounds[position]), int(bounds[position + 1]), CHUNK):
            stop = min(start + CHUNK, int(bounds[position + 1]))
            yield about, replace(points.take(slice(start, stop)), about=(about,))


def _record(session: Session, *, target: int, about: About, points: Points, **more: Any) -> Taken:
    taken = record_points(session, record_series(session, target, about), points, **more)
    if taken.new or taken.revised:  # in the same transaction: a crash leaves no target behind its points
        update_latest(session, target)
    return taken


def _compare(session: Session, *, target: int, about: About, points: Points) -> Taken:
    series = find_series(session, target, about)
    return Taken(new=len(points)) if series is None else compare_points(session, series, points)
