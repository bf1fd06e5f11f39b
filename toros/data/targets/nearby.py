"""The targets nearest to a position."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import or_, select

from toros.data.permissions import Viewer, visible
from toros.data.tables import Target

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from workorders.targets import AddTarget

__all__ = ["nearest", "separation_from"]


def nearest(session: Session, ra: float, dec: float, radius: float, viewer: Viewer) -> tuple[int, float] | None:
    """Return the number of the target nearest to a position and how far it is; None where there is none.

    Parameters
    ----------
    ra, dec : float
        ICRS, degrees.
    radius : float
        Degrees; a small one: all targets within are read.
    """
    from toros.sky.healpix import cone_ranges, separations

    ranges = cone_ranges(ra, dec, radius)
    inside = or_(*[(Target.healpix >= first) & (Target.healpix < end) for first, end in ranges])
    query = select(Target.number, Target.ra, Target.dec).where(inside)
    rows = session.execute(visible(query, viewer)).all()
    if not rows:
        return None
    away = separations(ra, dec, [row.ra for row in rows], [row.dec for row in rows])
    found = min((float(how_far), row.number) for how_far, row in zip(away, rows, strict=True))
    return (found[1], found[0]) if found[0] <= radius else None


def separation_from(target: Target, order: AddTarget) -> float | None:
    """Return how far a target is from where an order places it, in degrees; None where one of the two has no place.

    Two orbits of one name are the same thing: nobody calls two asteroids alike.
    """
    from toros.sky.coordinates import separation

    if target.kind == "non_sidereal" and order.scheme is not None:
        return 0.0
    if target.ra is None or target.dec is None or order.ra is None or order.dec is None:
        return None
    return separation(target.ra, target.dec, order.ra, order.dec)
