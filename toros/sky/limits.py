"""What must hold for a target to be observed, as distances from each limit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from toros.errors import BadValue
from toros.sky.checks import checked
from toros.sky.span import Span, Where, altitude_of

__all__ = ["TWILIGHTS", "Limits", "margins"]

Array = NDArray[np.float64]

TWILIGHTS = {"civil": -6.0, "nautical": -12.0, "astronomical": -18.0}  # altitude of the sun; degrees
FAR = 1000.0  # degrees from a limit that is not set


@dataclass(frozen=True)
class Limits:
    """When a target may be observed; the site's horizon holds besides.

    Parameters
    ----------
    altitude, highest_altitude : float
        Degrees; a highest one for mounts that cannot follow near the zenith.
    airmass : float, optional
        Most, 1 to 37.
    hour_angle : float
        Most on either side of the meridian; hours.
    declination : (float, float)
        Least and most; degrees.
    sun_altitude : float
        Most; degrees. See `TWILIGHTS`; 90 for observing by day.
    moon_separation : float
        Least; degrees. Holds while the moon is up.

    Raises
    ------
    BadValue
    """

    altitude: float = 0.0
    highest_altitude: float = 90.0
    airmass: float | None = None
    hour_angle: float = 12.0
    declination: tuple[float, float] = (-90.0, 90.0)
    sun_altitude: float = TWILIGHTS["astronomical"]
    moon_separation: float = 0.0

    def __post_init__(self) -> None:
        checked(self.altitude, "lowest altitude", -5.0, 90.0, "degrees")
        checked(self.highest_altitude, "highest altitude", 0.0, 90.0, "degrees")
        checked(self.hour_angle, "hour angle", 0.0, 12.0, "hours")
        checked(self.declination, "declination", -90.0, 90.0, "degrees")
        checked(self.sun_altitude, "sun_altitude", -90.0, 90.0, "degrees")
        checked(self.moon_separation, "moon_separation", 0.0, 180.0, "degrees")
        if self.airmass is not None:
            altitude_of(self.airmass)
        if self.declination[0] > self.declination[1]:
            raise BadValue(f"declination {self.declination[0]:g} to {self.declination[1]:g}; allowed: the lesser first")

    @property
    def lowest(self) -> float:
        """Lowest altitude by `altitude` and `airmass`; degrees."""
        return max(self.altitude, -5.0 if self.airmass is None else altitude_of(self.airmass))


@dataclass(frozen=True, eq=False)
class Margins:
    """How far a target is inside each limit; degrees, negative outside; shape (T,) or (N, T), or such as broadcasts."""

    declination: Array
    darkness: Array
    height: Array
    hour_angle: Array
    moon: Array
    altitude: Array

    @property
    def least(self) -> Array:
        """The tightest of all: where it is not negative, the target may be observed."""
        least = np.minimum(self.height, self.darkness)
        for one in (self.declination, self.hour_angle, self.moon):
            if one.ndim:
                least = np.minimum(least, one)
        return least


def margins(span: Span, where: Where, limits: Limits) -> Margins:
    """Return how far targets are inside the limits at each moment.

    Parameters
    ----------
    span : Span
    where : tuple of array_like, or function
        See `Span`.
    limits : Limits

    Raises
    ------
    BadValue
    """
    where = span.positions(where)
    altitude = span.altitude(where)
    lowest: Array | float = max(limits.lowest, span.site.lowest_horizon)
    if isinstance(span.site.horizon, tuple):
        lowest = np.maximum(limits.lowest, span.site.horizon_at(span.azimuth(where)))
    height = altitude - lowest
    if limits.highest_altitude < 90.0:
        height = np.minimum(height, limits.highest_altitude - altitude)
    unset = np.float64(FAR) * np.ones(())
    declination = hour_angle = moon = unset
    if limits.declination != (-90.0, 90.0):
        dec = np.asarray(where[1], dtype=np.float64)
        dec = dec[..., None] if dec.ndim == 1 else dec
        inside = np.minimum(dec - limits.declination[0], limits.declination[1] - dec)
        declination = np.broadcast_to(inside, altitude.shape)
    if limits.hour_angle < 12.0:
        hour_angle = (limits.hour_angle - np.abs(span.hour_angle(where))) * 15.0
    if limits.moon_separation > 0.0:
        clear = span.moon_separation(where) - limits.moon_separation
        moon = np.maximum(clear, -span.moon_altitude)  # a moon that has set disturbs nobody
    darkness = limits.sun_altitude - span.sun_altitude
    return Margins(declination, darkness, height, hour_angle, moon, altitude)
