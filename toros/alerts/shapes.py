"""Maps of error circles and ellipses, such as bursts and neutrinos come with."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from toros.alerts.skymap.cells import Skymap, solid_angles
from toros.errors import BadValue
from toros.sky.checks import checked
from toros.sky.healpix import ORDER, circumradius, separations

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from toros.alerts.alert import Place

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]
    Depth = Callable[[Floats, Floats, float], Floats]

__all__ = ["circle_map", "ellipse_map", "place_map"]

SMALLEST = 0.01 / 3600  # degrees
WIDEST = 45.0  # semi-major axis of an ellipse; degrees
MOST_ROUND, LONGEST = 1.0, 200.0  # ratio of axes
FINE = 6.0  # cells to a standard deviation, where it matters
POINT = 1.0 / 3600  # degrees: how well a position without an error is taken to be known
FAR = 5.0  # standard deviations, beyond which cells are not cut


def circle_map(ra: float, dec: float, radius: float, containment: float = 0.9) -> Skymap:
    """Return the map of an event that lies in a circle with a stated probability.

    Parameters
    ----------
    ra, dec : float
        Centre; ICRS, degrees.
    radius : float
        0.00001 to 180; degrees.
    containment : float
        Probability that the event lies inside, between 0 and 1: 0.9 in GCN's notices where they do not say, 0.393 for
        a radius of one standard deviation in each of two directions.

    Raises
    ------
    BadValue

    Notes
    -----
    The density is Fisher's (1953, Proc. R. Soc. A 217, 295), exp(kappa cos(theta)): a normal distribution where the
    circle is small, and right where it is not. A circle that an even sky fills better gives an even sky.
    """
    import numpy as np

    _check(ra, dec, containment)
    checked(radius, "radius of the error circle", SMALLEST, 180.0, "degrees")
    kappa = _concentration(2.0 * math.sin(math.radians(radius) / 2.0) ** 2, containment)
    sigma = 1.0 / math.sqrt(kappa) if kappa else math.inf

    def depth(lon: Floats, lat: Floats, reach: float) -> Floats:
        theta = np.radians(separations(ra, dec, lon, lat))
        return np.asarray(2.0 * np.sin(np.maximum(theta - reach, 0.0) / 2.0) * math.sqrt(kappa))

    return _mapped(depth, sigma)


def ellipse_map(
    ra: float, dec: float, semi_major: float, semi_minor: float, position_angle: float, containment: float = 0.9
) -> Skymap:
    """Return the map of an event that lies in an ellipse with a stated probability.

    Parameters
    ----------
    ra, dec : float
        Centre; ICRS, degrees.
    semi_major, semi_minor : float
        Degrees; the longer at most 45, and at most 200 times the other.
    position_angle : float
        Of the long axis, from north through east; degrees.
    containment : float
        As in `circle_map`.

    Raises
    ------
    BadValue

    Notes
    -----
    A normal distribution in angle from the centre and direction (azimuthal equidistant).
    """
    import numpy as np

    _check(ra, dec, containment)
    checked([semi_major, semi_minor], "axis of the error ellipse", SMALLEST, WIDEST, "degrees")
    checked(position_angle, "position angle of the error ellipse", -360.0, 360.0, "degrees")
    if not MOST_ROUND <= semi_major / semi_minor <= LONGEST:
        raise BadValue(
            f"error ellipse of {semi_major:g} by {semi_minor:g} degrees; allowed: the longer axis first, at most "
            f"{LONGEST:g} times the other"
        )
    scale = math.radians(1.0) / math.sqrt(-2.0 * math.log1p(-containment))
    longer, shorter = semi_major * scale, semi_minor * scale
    turn = math.radians(position_angle)

    def depth(lon: Floats, lat: Floats, reach: float) -> Floats:
        theta, bearing = np.radians(separations(ra, dec, lon, lat)), _bearings(ra, dec, lon, lat) - turn
        along = np.maximum(np.abs(theta * np.cos(bearing)) - reach, 0.0)
        across = np.maximum(np.abs(theta * np.sin(bearing)) - reach, 0.0)
        return np.asarray(np.hypot(along / longer, across / shorter))

    return _mapped(depth, shorter)


def place_map(place: Place) -> Skymap:
    """Return the map of the place that an alert names: of its circle or ellipse, or of one arcsecond without an error.

    Parameters
    ----------
    place : Place

    Raises
    ------
    BadValue
    """
    if place.radius is None or place.minor is None or place.minor <= 0.0:
        return circle_map(place.ra, place.dec, max(place.radius or POINT, SMALLEST), place.containment)
    return ellipse_map(place.ra, place.dec, place.radius, place.minor, place.angle or 0.0, place.containment)


def _check(ra: float, dec: float, containment: float) -> None:
    checked(ra, "ra", -360.0, 360.0, "degrees")
    checked(dec, "dec", -90.0, 90.0, "degrees")
    if not 0.0 < containment < 1.0:
        raise BadValue(f"containment = {containment}; allowed: between 0 and 1")


def _concentration(versine: float, containment: float) -> float:
    """Return kappa with which a circle, given by 1 - cos(radius), holds this probability; 0 if an even sky does."""
    if versine / 2.0 >= containment:
        return 0.0
    low, high = 0.0, -2.0 * math.log1p(-containment) / versine + 10.0
    for _ in range(200):
        kappa = (low + high) / 2.0
        held = math.expm1(-kappa * versine) / math.expm1(-2.0 * kappa)
        low, high = (kappa, high) if held < containment else (low, kappa)
    return high


def _bearings(ra: float, dec: float, lon: Floats, lat: Floats) -> Floats:
    """Return directions of places as seen from one, from north through east; radians."""
    import numpy as np

    turn, there, here = np.radians(lon - ra), np.radians(lat), math.radians(dec)
    north = math.cos(here) * np.sin(there) - math.sin(here) * np.cos(there) * np.cos(turn)
    return np.asarray(np.arctan2(np.cos(there) * np.sin(turn), north))


def _mapped(depth: Depth, sigma: float) -> Skymap:
    """Return the map of exp(-depth²/2), its cells fine where it is dense.

    Parameters
    ----------
    depth : function
        Of places in degrees and a distance in radians: the least depth within that distance, standard deviations.
    sigma : float
        The scale that cells must resolve; radians.
    """
    import numpy as np

    cell, kept = np.arange(12, dtype=np.int64), []
    for order in range(ORDER + 1):
        lon, lat = _centres(cell, order)
        nearest = depth(lon, lat, circumradius(order))
        size = math.sqrt(math.pi / 3.0) / 2**order
        cut = (nearest < FAR) & (size * FINE > sigma * (1.0 + nearest**2 / 4.0)) & (order < ORDER)
        middle = depth(lon[~cut], lat[~cut], 0.0)
        kept.append((cell[~cut] << 2 * (ORDER - order), np.full(middle.size, order), np.exp(-(middle**2) / 2.0)))
        cell = (4 * cell[cut, None] + np.arange(4)).ravel()
    start, orders, density = (np.concatenate(column) for column in zip(*kept, strict=True))
    by_place = np.argsort(start)
    start, orders, density = start[by_place], orders[by_place], density[by_place]
    return Skymap(start, orders, density / (density * solid_angles(orders)).sum())


def _centres(cell: Integers, order: int) -> tuple[Floats, Floats]:
    from astropy_healpix import healpix_to_lonlat

    lon, lat = healpix_to_lonlat(cell, 2**order, order="nested")
    return lon.deg, lat.deg
