"""Places on the earth from which one looks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from toros.errors import BadValue
from toros.sky.checks import checked

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Site"]

WGS84 = 1


@dataclass(frozen=True)
class Site:
    """A place on the earth; fields as in the settings of an observatory.

    Parameters
    ----------
    longitude, latitude : float
        WGS 84; degrees, east and north positive, -180 to 360 and -90 to 90.
    elevation : float
        Above the ellipsoid, or the sea, which is within 110 m of it; metres.
    horizon : float or tuple of (azimuth, altitude)
        Lowest altitude to observe at, degrees: one number, or a profile of two pairs or more, azimuths from north
        through east, 0 to 360, rising, joined by straight lines all the way round.
    name : str
        For sentences.

    Raises
    ------
    BadValue
    """

    longitude: float
    latitude: float
    elevation: float = 0.0
    horizon: float | tuple[tuple[float, float], ...] = 0.0
    name: str = ""

    def __post_init__(self) -> None:
        checked(self.longitude, "longitude of the site", -180.0, 360.0, "degrees east")
        checked(self.latitude, "latitude of the site", -90.0, 90.0, "degrees north")
        checked(self.elevation, "elevation of the site", -500.0, 9000.0, "metres")
        if not isinstance(self.horizon, tuple):
            checked(self.horizon, "horizon of the site", -5.0, 89.0, "degrees")
            return
        azimuths = checked(
            [pair[0] for pair in self.horizon], "azimuth in the horizon's profile", 0.0, 360.0, "degrees"
        )
        checked([pair[1] for pair in self.horizon], "altitude in the horizon's profile", -5.0, 89.0, "degrees")
        if len(azimuths) < 2 or any(a >= b for a, b in zip(azimuths[:-1], azimuths[1:], strict=True)):
            raise BadValue(
                "horizon of the site: a profile needs two pairs (azimuth, altitude) or more, azimuths rising"
            )

    @property
    def lowest_horizon(self) -> float:
        """Lowest altitude at which anything may be observed; degrees."""
        return min(pair[1] for pair in self.horizon) if isinstance(self.horizon, tuple) else float(self.horizon)

    @property
    def words(self) -> str:
        """What the site is called in a sentence."""
        return self.name or "this site"

    def horizon_at(self, azimuth: ArrayLike) -> NDArray[np.float64]:
        """Return the lowest altitude to observe at; degrees.

        Parameters
        ----------
        azimuth : array_like
            From north through east; degrees.
        """
        import numpy as np

        angles = np.asarray(azimuth, dtype=np.float64)
        if not isinstance(self.horizon, tuple):
            return np.full(angles.shape, float(self.horizon))
        profile = np.array(self.horizon)
        return np.asarray(np.interp(angles, profile[:, 0], profile[:, 1], period=360.0))

    def geocentric(self) -> NDArray[np.float64]:
        """Return the place in the frame that turns with the earth (ITRS): x, y, z; metres."""
        import erfa
        import numpy as np

        longitude, latitude = math.radians(self.longitude), math.radians(self.latitude)
        return np.asarray(erfa.gd2gc(WGS84, longitude, latitude, self.elevation), dtype=np.float64)
