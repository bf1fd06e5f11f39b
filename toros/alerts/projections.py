"""Two ways to draw the sky flat: all of it (Mollweide), or a piece of it (gnomonic). East is to the left."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["Gnomonic", "Mollweide"]


@dataclass(frozen=True)
class Mollweide:
    """The whole sky in an ellipse of 4 by 2; equal areas stay equal.

    Attributes
    ----------
    ra : float
        Right ascension in the middle; degrees.
    """

    ra: float = 180.0

    def plane(self, ra: Floats, dec: Floats) -> tuple[Floats, Floats]:
        """Return where positions (ICRS, degrees) are drawn: x in -2 to 2, y in -1 to 1.

        Notes
        -----
        Snyder 1987, Map Projections, USGS 1395, equations 31-1 to 31-3; theta by Newton's method.
        """
        import numpy as np

        latitude = np.radians(np.asarray(dec, dtype=np.float64))
        theta = latitude.copy()
        for _ in range(30):
            slope = np.maximum(2.0 + 2.0 * np.cos(2.0 * theta), 1e-9)
            theta = theta - (2.0 * theta + np.sin(2.0 * theta) - math.pi * np.sin(latitude)) / slope
        theta = np.clip(theta, -math.pi / 2, math.pi / 2)
        turn = (np.asarray(ra) - self.ra + 180.0) % 360.0 - 180.0
        return -turn / 90.0 * np.cos(theta), np.sin(theta)

    def sky(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Return the positions drawn at points of the plane; ICRS, degrees, NaN outside the ellipse."""
        import numpy as np

        with np.errstate(invalid="ignore", divide="ignore"):
            theta = np.arcsin(y)
            turn = -90.0 * x / np.cos(theta)
            dec = np.degrees(np.arcsin((2.0 * theta + np.sin(2.0 * theta)) / math.pi))
        inside = np.abs(turn) <= 180.0
        return np.where(inside, (self.ra + turn) % 360.0, np.nan), np.where(inside, dec, np.nan)


@dataclass(frozen=True)
class Gnomonic:
    """A piece of the sky on the plane that touches it in the middle; degrees there.

    Attributes
    ----------
    ra, dec : float
        The middle; ICRS, degrees.
    """

    ra: float
    dec: float

    def plane(self, ra: Floats, dec: Floats) -> tuple[Floats, Floats]:
        """Return where positions (ICRS, degrees) are drawn; NaN for those half the sky away.

        Notes
        -----
        Snyder 1987, equations 22-4 and 22-5, mirrored so that east is to the left.
        """
        import numpy as np

        turn, latitude, middle = np.radians(np.asarray(ra) - self.ra), np.radians(dec), math.radians(self.dec)
        depth = math.sin(middle) * np.sin(latitude) + math.cos(middle) * np.cos(latitude) * np.cos(turn)
        depth = np.where(depth > 1e-6, depth, np.nan)
        x = -np.cos(latitude) * np.sin(turn) / depth
        y = (math.cos(middle) * np.sin(latitude) - math.sin(middle) * np.cos(latitude) * np.cos(turn)) / depth
        return np.degrees(x), np.degrees(y)

    def sky(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Return the positions drawn at points of the plane; ICRS, degrees."""
        import numpy as np

        east, north, middle = -np.radians(x), np.radians(y), math.radians(self.dec)
        depth = np.sqrt(1.0 + east**2 + north**2)
        dec = np.arcsin(np.clip((math.sin(middle) + north * math.cos(middle)) / depth, -1.0, 1.0))
        ra = np.arctan2(east, math.cos(middle) - north * math.sin(middle))
        return (self.ra + np.degrees(ra)) % 360.0, np.degrees(dec)
