"""The targets nearest to a position, each brought to the epoch of the position by its proper motion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, func, or_, select

from toros.data.permissions import Viewer, visible
from toros.data.tables import Target

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray
    from sqlalchemy.orm import Session

    from workorders.targets import AddTarget

    Array = NDArray[np.float64]

__all__ = ["Place", "nearest", "separation_from"]

FASTEST = 10.4 / 3600  # of a star's proper motion (Barnard's); degrees a year
YEARS = 50.0  # between two epochs that are brought together, at most


@dataclass(frozen=True)
class Place:
    """A position as a catalogue gives it.

    Attributes
    ----------
    ra, dec : float
        ICRS at the epoch; degrees.
    epoch : float
        Julian year.
    pm_ra, pm_dec : float or None
        Proper motion, cos(dec) included; mas a year.
    """

    ra: float
    dec: float
    epoch: float = 2000.0
    pm_ra: float | None = None
    pm_dec: float | None = None

    @classmethod
    def of(cls, order: AddTarget) -> Place | None:
        """Return where an order says that its target is; None where it moves on an orbit."""
        if order.ra is None or order.dec is None:
            return None
        return cls(order.ra, order.dec, 2000.0 if order.epoch is None else order.epoch, order.pm_ra, order.pm_dec)

    @property
    def motion(self) -> float | None:
        """Degrees a year, at most; None where it is not known."""
        if self.pm_ra is None and self.pm_dec is None:
            return None
        return (abs(self.pm_ra or 0.0) + abs(self.pm_dec or 0.0)) / 3.6e6

    def away(self, rows: Sequence[Any]) -> Array:
        """Return how far targets are from here, in degrees: at this epoch where their motion is known, else at theirs.

        Parameters
        ----------
        rows : sequence
            With `ra`, `dec`, `epoch`, `pm_ra` and `pm_dec`.
        """
        import numpy as np

        from toros.sky.vectors import angle_between, unit_vectors

        def column(name: str) -> Array:
            return np.array([getattr(row, name) for row in rows], dtype=np.float64)

        ra, dec, pm_ra, pm_dec = (column(name) for name in ("ra", "dec", "pm_ra", "pm_dec"))
        years = self.epoch - np.nan_to_num(column("epoch"), nan=self.epoch)
        known = np.isfinite(pm_ra) | np.isfinite(pm_dec)
        theirs = unit_vectors(*_moved(ra, dec, pm_ra, pm_dec, np.where(known, years, 0.0)))
        if self.motion is None:
            return angle_between(theirs, unit_vectors(self.ra, self.dec))
        back = np.where(known, 0.0, -years)
        ours = _moved(
            np.full_like(ra, self.ra), np.full_like(ra, self.dec), self.pm_ra or 0.0, self.pm_dec or 0.0, back
        )
        return angle_between(theirs, unit_vectors(*ours))


def nearest(session: Session, place: Place, radius: float, viewer: Viewer) -> tuple[int, float] | None:
    """Return the number of the target nearest to a place and how far it is; None where there is none.

    Parameters
    ----------
    place : Place
        Targets whose proper motion is known are compared at its epoch, at most 50 years from theirs; a place whose own
        motion is known goes to the epoch of the others.
    radius : float
        Degrees; a small one: all targets within are read.
    """
    reach = radius if place.motion is None else radius + place.motion * YEARS
    swift = func.abs(func.coalesce(Target.pm_ra, 0.0)) + func.abs(func.coalesce(Target.pm_dec, 0.0))
    inside = or_(
        _within(place, reach + radius),
        _within(place, reach + FASTEST * YEARS) & (swift > radius / YEARS * 3.6e6),
    )
    columns = (Target.number, Target.ra, Target.dec, Target.epoch, Target.pm_ra, Target.pm_dec)
    rows = session.execute(visible(select(*columns).where(inside), viewer)).all()
    if not rows:
        return None
    found = min((float(away), row.number) for away, row in zip(place.away(rows), rows, strict=True))
    return (found[1], found[0]) if found[0] <= radius else None


def separation_from(target: Target, order: AddTarget) -> float | None:
    """Return how far a target is from where an order places it, in degrees; None where one of the two has no place.

    Two orbits of one name are the same thing: nobody calls two asteroids alike.
    """
    if target.kind == "non_sidereal" and order.scheme is not None:
        return 0.0
    place = Place.of(order)
    return None if place is None or target.ra is None else float(place.away([target])[0])


def _within(place: Place, radius: float) -> ColumnElement[bool]:
    """Return the condition that a target's position, at its epoch, is in a circle, or a little outside."""
    from toros.sky.healpix import cone_ranges

    ranges = cone_ranges(place.ra, place.dec, radius)
    return or_(*[(Target.healpix >= first) & (Target.healpix < end) for first, end in ranges])


def _moved(ra: Array, dec: Array, pm_ra: ArrayLike, pm_dec: ArrayLike, years: Array) -> tuple[Array, Array]:
    """Return positions after so many years; those of no year exactly as they are."""
    import numpy as np

    from toros.sky.coordinates import moved

    still = years == 0.0
    if still.all():
        return ra, dec
    there = moved(ra, dec, pm_ra, pm_dec, years)
    return np.where(still, ra, there[0]), np.where(still, dec, there[1])
