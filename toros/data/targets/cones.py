"""Walking through a cone on the sky, in the order of the pixels, as far as one page needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, func, select, true
from sqlalchemy.orm import aliased

from toros.data.many import is_postgresql, pairs
from toros.data.tables import Target

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = ["Centre", "Place", "walk"]

SEVERAL, TOGETHER = 4, 64  # ranges that are always read in one query, and at most
CROWD = 50  # targets of an evenly filled sky in one pixel on the edge
FINER, FINEST = 3, 20  # orders that the edge is cut further by where it is crowded all the same, and at most
MORE = 2.5  # rows read for one that is wanted: the edge's pixels are half outside, and one query is quicker than two
ROW = aliased(Target)  # made once: it copies every column
Place = tuple[int, int]  # pixel, number: the natural order of a cone


@dataclass(frozen=True)
class Centre:
    """A circle on the sky: ICRS and radius, degrees."""

    ra: float
    dec: float
    radius: float

    def holds(self, rows: Sequence[Any]) -> list[bool]:
        """Say of each row, which has `ra` and `dec`, whether it lies inside, exactly."""
        from toros.sky.healpix import separations

        if not rows:
            return []
        placed = [row.ra is not None for row in rows]
        away = separations(self.ra, self.dec, [row.ra or 0.0 for row in rows], [row.dec or 0.0 for row in rows])
        return [has and inside for has, inside in zip(placed, (away <= self.radius).tolist(), strict=True)]


def walk(
    session: Session, centre: Centre, conditions: Sequence[ColumnElement[bool]], *, after: Place, page: int
) -> Iterator[Place]:
    """Yield the targets in a cone, by pixel and number; only as much is read as is asked for.

    Parameters
    ----------
    session : Session
    centre : Centre
        Of any radius.
    conditions : sequence
        On the row of `target`.
    after : tuple of int
        Leave out what comes up to this pixel and number; (-1, 0) begins.
    page : int
        How many are probably wanted.
    """
    from toros.sky.healpix import PIXELS, cone_ranges, finer_than_usual

    count = 1 + (session.scalar(select(func.max(Target.number))) or 0)
    finer = finer_than_usual(centre.radius, count / CROWD)
    while True:
        ranges = cone_ranges(centre.ra, centre.dec, centre.radius, start=max(0, after[0]), finer=finer)
        batch = _enough(ranges, MORE * page * PIXELS / count)
        if not batch:
            return
        found = session.execute(_query(session, batch, after, conditions, page))
        rows = sorted(found, key=lambda row: (row.healpix, row.number))
        whole, reached = _trusted(rows, batch, page)
        inside = [(row.healpix, row.number) for row, holds in zip(whole, centre.holds(whole), strict=True) if holds]
        yield from inside
        if reached is not None and 2 * len(inside) < len(whole):
            finer = min(finer + FINER, FINEST)
        if reached is None and len(batch) == len(ranges):
            return
        after = reached or (batch[-1][1], 0)


def _enough(ranges: Sequence[tuple[int, int]], pixels: float) -> Sequence[tuple[int, int]]:
    """Return the first ranges that have as many pixels together, and so probably as many targets as are wanted."""
    total = 0
    for several, (first, end) in enumerate(ranges, 1):
        total += end - first
        if several == TOGETHER or (several >= SEVERAL and total >= pixels):
            return ranges[:several]
    return ranges


def _query(
    session: Session,
    ranges: Sequence[tuple[int, int]],
    after: Place,
    conditions: Sequence[ColumnElement[bool]],
    page: int,
) -> Any:
    """Return the query for the first rows of each range: every part of it is a short walk along the index."""
    table, first, end = pairs(session, ranges)
    columns = (Target.number, Target.healpix, Target.ra, Target.dec)
    query = select(*columns).where(Target.healpix >= first, Target.healpix < end, *conditions)
    if after[0] >= 0:  # no range begins before that pixel: no index is asked for this
        query = query.where((Target.healpix > after[0]) | (Target.number > after[1]))
    query = query.order_by(Target.healpix, Target.number).limit(page).correlate(table)
    if is_postgresql(session):
        part = query.lateral("part")
        return select(part).select_from(table.join(part, true()))
    numbers = query.with_only_columns(Target.number)
    return select(ROW.number, ROW.healpix, ROW.ra, ROW.dec).select_from(table.join(ROW, ROW.number.in_(numbers)))


def _trusted(rows: Sequence[Any], ranges: Sequence[tuple[int, int]], page: int) -> tuple[Sequence[Any], Place | None]:
    """Return the rows before the first range that had more than were read, and how far that is; None: all."""
    start = 0
    for _, end in ranges:
        stop = start
        while stop < len(rows) and rows[stop].healpix < end:
            stop += 1
        if stop - start >= page:
            return rows[:stop], (rows[stop - 1].healpix, rows[stop - 1].number)
        start = stop
    return rows, None
