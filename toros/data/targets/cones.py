"""Walking through a cone on the sky, in the order of the pixels, as far as one page needs.

A pixel of the finest order tells a position to half a milliarcsecond, and the index on pixels is all that is read: the
rows themselves lie scattered over the disk. Only of targets on the very edge of the cone are the positions asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, func, select, true

from toros.data.many import CrossJoin, among, is_postgresql, pairs
from toros.data.tables import Target
from toros.errors import DatabaseError

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = ["Centre", "Place", "walk"]

SEVERAL, TOGETHER = 4, 64  # ranges that are always read in one query, and at most
CROWD = 50  # targets of an evenly filled sky in one pixel on the edge
FINER, FINEST = 3, 20  # orders that the edge is cut further by where it is crowded all the same, and at most
MORE = 2.5  # rows read for one that is wanted: the edge's pixels are half outside, and one query is quicker than two
AHEAD = 3  # places read for each that is wanted: that costs less than to ask again
ROUNDING = 1e-12  # degrees; what a pole seen from another right ascension seems to be away from itself
GRAIN = 1e-6  # degrees; farther than a position lies from its pixel's centre, and less than anybody measures
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
        near = (away <= self.radius + ROUNDING).tolist()
        return [has and inside for has, inside in zip(placed, near, strict=True)]


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
        most = AHEAD * page
        places = [(row.healpix, row.number) for row in session.execute(_query(session, batch, after, conditions, most))]
        if places != sorted(places):
            raise DatabaseError("targets do not come in the order of their pixels: a cone cannot be searched")
        reached = places[-1] if len(places) == most else None
        inside = _inside(session, centre, places)
        yield from inside
        if reached is not None and 2 * len(inside) < len(places):
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
    most: int,
) -> Any:
    """Return the query for the first places in these ranges: a walk along the index, from each range to the next.

    Neither database is asked to sort, or it would read all ranges first: a lateral join of PostgreSQL, and a cross join
    of SQLite, go through the ranges in the order given.
    """
    table, first, end = pairs(session, ranges)
    query = select(Target.healpix, Target.number).where(Target.healpix >= first, Target.healpix < end, *conditions)
    if after[0] >= 0:  # no range begins before that pixel: no index is asked for this
        query = query.where((Target.healpix > after[0]) | (Target.number > after[1]))
    if is_postgresql(session):
        part = query.order_by(Target.healpix, Target.number).limit(most).correlate(table).lateral("part")
        return select(part).select_from(table.join(part, true())).limit(most)
    return query.select_from(CrossJoin(table, Target.__table__)).limit(most)


def _inside(session: Session, centre: Centre, places: Sequence[Place]) -> Sequence[Place]:
    """Return those of these targets that lie in a cone."""
    from toros.sky.healpix import ORDER, separations
    from toros.sky.pixels import centres_of

    if not places:
        return places
    away = separations(centre.ra, centre.dec, *centres_of([pixel for pixel, _ in places], ORDER))
    inside = away <= centre.radius
    close = (abs(away - centre.radius) <= GRAIN).nonzero()[0].tolist()
    if close:
        numbers = [places[i][1] for i in close]
        query = select(Target.number, Target.ra, Target.dec).where(among(session, Target.number, numbers))
        rows = session.execute(query).all()
        exact = dict(zip((row.number for row in rows), centre.holds(rows), strict=True))
        inside[close] = [exact.get(number, False) for number in numbers]
    return [place for place, holds in zip(places, inside.tolist(), strict=True) if holds]
