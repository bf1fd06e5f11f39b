"""Positions on the sky: how they are written, how far apart they are, how high they stand."""

from __future__ import annotations

import math
from datetime import UTC, datetime

__all__ = ["airmass", "altitude", "declination_text", "right_ascension_text", "separation"]

J2000 = datetime(2000, 1, 1, 12, tzinfo=UTC)


def right_ascension_text(degrees: float) -> str:
    """Return a right ascension as `HH MM SS.sss`."""
    return _sexagesimal(degrees % 360.0 / 15.0, digits=3, wrap=24)


def declination_text(degrees: float) -> str:
    """Return a declination as `+DD MM SS.ss`."""
    return ("-" if degrees < 0 else "+") + _sexagesimal(abs(degrees), digits=2)


def separation(ra: float, dec: float, other_ra: float, other_dec: float) -> float:
    """Return the angle between two positions, all in degrees, by Vincenty's formula: right for every angle."""
    a, b = math.radians(dec), math.radians(other_dec)
    turn = math.radians(other_ra - ra)
    x = math.cos(a) * math.sin(b) - math.sin(a) * math.cos(b) * math.cos(turn)
    y = math.cos(b) * math.sin(turn)
    z = math.sin(a) * math.sin(b) + math.cos(a) * math.cos(b) * math.cos(turn)
    return math.degrees(math.atan2(math.hypot(x, y), z))


def altitude(ra: float, dec: float, moment: datetime, longitude: float, latitude: float) -> float:
    """Return how high a position stands, good to half a degree: refraction and precession are left out.

    Parameters
    ----------
    ra, dec : float
        ICRS; degrees.
    moment : datetime
        Timezone-aware.
    longitude, latitude : float
        Of the site; degrees east and north.

    Returns
    -------
    float
        Degrees above the horizon.

    Notes
    -----
    Greenwich mean sidereal time as in Meeus, Astronomical Algorithms, 2nd ed., equation 12.4, linear terms.
    """
    days = (moment - J2000).total_seconds() / 86400.0
    hour_angle = math.radians((280.46061837 + 360.98564736629 * days + longitude - ra) % 360.0)
    declination, north = math.radians(dec), math.radians(latitude)
    sine = math.sin(north) * math.sin(declination) + math.cos(north) * math.cos(declination) * math.cos(hour_angle)
    return math.degrees(math.asin(max(-1.0, min(1.0, sine))))


def airmass(height: float) -> float | None:
    """Return the airmass at an altitude in degrees; None at and below the horizon.

    Notes
    -----
    Kasten and Young 1989, Applied Optics 28, 4735, equation 3.
    """
    if height <= 0:
        return None
    return 1.0 / (math.sin(math.radians(height)) + 0.50572 * math.pow(height + 6.07995, -1.6364))


def _sexagesimal(value: float, *, digits: int, wrap: int | None = None) -> str:
    """Return `WW MM SS.sss`, rounded once, so that no second ever reads 60."""
    unit: int = 10**digits
    ticks = round(value * 3600 * unit)
    whole, rest = divmod(ticks, 3600 * unit)
    minutes, ticks = divmod(rest, 60 * unit)
    seconds, part = divmod(ticks, unit)
    return f"{whole % wrap if wrap else whole:02d} {minutes:02d} {seconds:02d}.{part:0{digits}d}"
