"""Walking through a cone on the sky, in the order of the pixels, as far as one page needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, func, select, tuple_, union_all

from toros.data.tables import Target

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = ["Centre", "Place", "walk"]

SEVERAL, TOGETHER = 8, 32  # ranges that are always read in one query, and at most
CROWD = 50  # targets of an evenly filled sky in one pixel on the edge
FINER, FINEST = 3, 20  # orders that the edge is cut further by where it is crowded all the same, and at most
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
        batch = _enough(ranges, 1.5 * page * PIXELS / count)
        if not batch:
            return
        found = session.execute(_query(batch, after, conditions, page))
        rows = sorted(found, key=lambda row: (row.healpix, row.number))
        whole, reached = _trusted(rows, batch, page)
        inside = [(row.healpix, row.number) for row, holds in zip(whole, centre.holds(whole), strict=True) if holds]
        yield from inside
        if reached is not None and 2 * len(inside) < len(whole):
            finer = min(finer + FINER, FINEST)
        if reached is None and len(batch) == len(ranges):
            return
        after = reached or (batch[-1][1] - 1, 2**62)


def _enough(ranges: Sequence[tuple[int, int]], pixels: float) -> Sequence[tuple[int, int]]:
    """Return the first ranges that have as many pixels together, and so probably as many targets as are wanted.

    One, two, four, eight and so on of them: a query of each shape is compiled once.
    """
    if len(ranges) <= SEVERAL:
        return ranges
    total, several = 0, 1
    for i, (first, end) in enumerate(ranges[:TOGETHER]):
        total += end - first
        several = several if i < several else 2 * several
        if total >= pixels:
            break
    return ranges[:several]


def _query(
    ranges: Sequence[tuple[int, int]], after: Place, conditions: Sequence[ColumnElement[bool]], page: int
) -> Any:
    """Return the query for the first rows of each range: every part of it is a short walk along the index."""
    parts: list[Any] = []
    for first, end in ranges:
        query = select(Target.number, Target.healpix, Target.ra, Target.dec).where(Target.healpix < end, *conditions)
        if first <= after[0]:
            query = query.where(Target.healpix >= first, tuple_(Target.healpix, Target.number) > tuple_(*after))
        else:
            query = query.where(Target.healpix >= first)
        parts.append(query.order_by(Target.healpix, Target.number).limit(page))
    if len(parts) == 1:
        return parts[0]
    return union_all(*[select(part.subquery()) for part in parts])


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
