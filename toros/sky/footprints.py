"""What a camera sees: circles and rectangles on the sky."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from toros.sky.checks import checked
from toros.sky.healpix import separations

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

__all__ = ["Circle", "Footprint", "Rectangle"]


class Footprint(Protocol):
    """A piece of the sky around a place."""

    @property
    def ra(self) -> float:
        """Of the middle; ICRS, degrees."""

    @property
    def dec(self) -> float:
        """Of the middle; ICRS, degrees."""

    @property
    def reach(self) -> float:
        """Radius of the smallest circle around the middle that holds it; degrees."""

    def depth(self, ra: ArrayLike, dec: ArrayLike) -> Floats:
        """Return how far inside places lie, or negative how far outside at least; radians."""


@dataclass(frozen=True)
class Circle:
    """All within an angle of a place.

    Parameters
    ----------
    ra, dec : float
        Middle; ICRS, degrees.
    radius : float
        Up to 180; degrees.
    """

    ra: float
    dec: float
    radius: float

    def __post_init__(self) -> None:
        checked(self.radius, "radius of the field", 1e-6, 180.0, "degrees")

    @property
    def reach(self) -> float:
        """Its radius; degrees."""
        return self.radius

    def depth(self, ra: ArrayLike, dec: ArrayLike) -> Floats:
        """Return how far inside places lie; radians."""
        import numpy as np

        return np.radians(self.radius - separations(self.ra, self.dec, ra, dec))


@dataclass(frozen=True)
class Rectangle:
    """A field between four great circles, as a camera sees it.

    Parameters
    ----------
    ra, dec : float
        Middle; ICRS, degrees.
    width, height : float
        Through the middle, east to west and north to south before it is turned; below 120 degrees.
    position_angle : float
        Of the side that points north, through east; degrees.
    """

    ra: float
    dec: float
    width: float
    height: float
    position_angle: float = 0.0

    def __post_init__(self) -> None:
        checked([self.width, self.height], "side of the field", 1e-6, 120.0, "degrees")

    @property
    def reach(self) -> float:
        """Angle of a corner from the middle; degrees."""
        x, y = (math.tan(math.radians(side) / 2.0) for side in (self.width, self.height))
        return math.degrees(math.atan(math.hypot(x, y)))

    def depth(self, ra: ArrayLike, dec: ArrayLike) -> Floats:
        """Return how far inside places lie, the least angle from an edge; radians."""
        import numpy as np

        from toros.sky.vectors import unit_vectors

        return np.asarray(np.arcsin(np.clip(unit_vectors(ra, dec) @ self._edges().T, -1.0, 1.0)).min(axis=-1))

    def _edges(self) -> Floats:
        """Return the poles of the four great circles, each on the field's side; (4, 3)."""
        import numpy as np

        a, d, turn = (math.radians(angle) for angle in (self.ra, self.dec, self.position_angle))
        middle = np.array([math.cos(d) * math.cos(a), math.cos(d) * math.sin(a), math.sin(d)])
        east = np.array([-math.sin(a), math.cos(a), 0.0])
        north = np.cross(middle, east)
        up = math.cos(turn) * north + math.sin(turn) * east
        side = math.cos(turn) * east - math.sin(turn) * north
        x, y = math.radians(self.width) / 2.0, math.radians(self.height) / 2.0
        return np.stack([math.sin(x) * middle + sign * math.cos(x) * side for sign in (1, -1)]
                        + [math.sin(y) * middle + sign * math.cos(y) * up for sign in (1, -1)])  # fmt: skip
