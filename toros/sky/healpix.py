"""Cones on the sky as ranges of HEALPix pixels, so that an index finds what lies in them: at poles and RA 0 too.

Pixels are those of nested order 29, the finest that 64 bits hold (0.4 milliarcseconds): a pixel of any coarser order
is one range of them.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

__all__ = ["ORDER", "PIXELS", "circumradius", "cone_ranges", "finer_than_usual", "pixel_of", "separations"]

ORDER = 29
STEP = 3  # orders from one cut to the next: 64 pixels out of one
PIXELS = 12 * 4**ORDER
MARGIN = math.radians(0.1 / 3600)  # added to a cone: far above what rounding moves, far below what a search asks


def pixel_of(ra: ArrayLike, dec: ArrayLike) -> NDArray[np.int64]:
    """Return the pixel of nested order 29 that each position lies in.

    Parameters
    ----------
    ra, dec : array-like of float
        ICRS, degrees.

    Returns
    -------
    ndarray of int64
        Of the shape of `ra`; 0 to 12 * 4**29 - 1.
    """
    from toros.sky.pixels import pixels_of

    return pixels_of(ra, dec, ORDER)


def separations(ra: float, dec: float, others_ra: ArrayLike, others_dec: ArrayLike) -> NDArray[np.float64]:
    """Return the angles between one position and others, all in degrees, by Vincenty's formula: right for every angle.

    Parameters
    ----------
    ra, dec : float
        Degrees.
    others_ra, others_dec : array-like of float
        Degrees.
    """
    import numpy as np

    a, b = math.radians(dec), np.radians(np.asarray(others_dec, dtype=float))
    turn = np.radians(np.asarray(others_ra, dtype=float) - ra)
    x = math.cos(a) * np.sin(b) - math.sin(a) * np.cos(b) * np.cos(turn)
    z = math.sin(a) * np.sin(b) + math.cos(a) * np.cos(b) * np.cos(turn)
    return np.asarray(np.degrees(np.arctan2(np.hypot(x, np.cos(b) * np.sin(turn)), z)))


def cone_ranges(
    ra: float, dec: float, radius: float, *, start: int = 0, most: int = 16, finer: int = 0
) -> list[tuple[int, int]]:
    """Return ranges of pixels that surely hold every position within `radius`; some around it too.

    Pixels that the cone's edge crosses are cut again and again, those that come first in the nested order
    first: the ranges fit closely where a reader begins, and the later ones become fine when it has come there.

    Parameters
    ----------
    ra, dec : float
        Centre; ICRS, degrees.
    radius : float
        Degrees, 0 to 180.
    start : int
        Leave out the pixels before this one.
    most : int
        How many pixels on the edge are cut further each time.
    finer : int
        Orders beyond the usual, whose pixels measure about the radius; each halves the pixels on the edge.

    Returns
    -------
    list of tuple of int
        Half-open ranges of pixels of nested order 29, sorted, disjoint, never touching one another.
    """
    import numpy as np

    reach = math.radians(radius) + MARGIN
    edge: NDArray[np.int64] = np.arange(12, dtype=np.int64)
    found: list[NDArray[np.int64]] = []  # first pixels and ends, two columns
    finest = min(ORDER, _usual(radius) + finer)
    for order in [*range(0, finest, STEP), finest]:
        width = 4 ** (ORDER - order)
        edge = edge[(edge + 1) * width > start]
        away, size = _distances(ra, dec, edge, order), circumradius(order)
        found.append(_ranges(edge[away + size <= reach], width))
        edge = edge[(away + size > reach) & (away - size <= reach)]
        if order == finest:
            found.append(_ranges(edge, width))
            break
        found.append(_ranges(edge[most:], width))
        parts = 4 ** (min(order + STEP, finest) - order)
        edge = (edge[:most, None] * parts + np.arange(parts)).ravel()
    return _joined(np.concatenate(found), start)


def finer_than_usual(radius: float, pixels: float) -> int:
    """Return by how many orders a cone is to be cut finer, so that the sky would have at least so many pixels."""
    return max(0, math.ceil(math.log(max(1.0, pixels / 12), 4)) - _usual(radius))


def _usual(radius: float) -> int:
    """Return the order whose pixels are not larger than a cone's radius."""
    size = math.radians(radius) + MARGIN
    return max(0, math.ceil(math.log2(math.sqrt(math.pi / 3) / size)))


def circumradius(order: int) -> float:
    """Return a radius that no pixel of this order reaches beyond, from its centre; radians.

    Notes
    -----
    The pixel that reaches farthest touches the edge of the polar cap: `max_pixrad` of HEALPix C++ (Górski et al. 2005).
    """
    sides = 2**order
    z, across = 2.0 / 3.0, math.pi / (4 * sides)
    cap = 1 - (1 - 1 / sides) ** 2 / 3
    low, high = math.sqrt(1 - z * z), math.sqrt(max(0.0, 1 - cap * cap))
    x, y, up = low * math.cos(across) - high, low * math.sin(across), z - cap
    return 2 * math.asin(min(1.0, math.sqrt(x * x + y * y + up * up) / 2)) * (1 + 1e-9)


def _distances(ra: float, dec: float, pixels: NDArray[np.int64], order: int) -> NDArray[np.float64]:
    """Return the angles from a position to the centres of pixels; radians."""
    import numpy as np

    from toros.sky.pixels import centres_of

    return np.radians(separations(ra, dec, *centres_of(pixels, order)))


def _ranges(pixels: NDArray[np.int64], width: int) -> NDArray[np.int64]:
    import numpy as np

    return np.stack([pixels * width, (pixels + 1) * width], axis=1)


def _joined(ranges: NDArray[Any], start: int) -> list[tuple[int, int]]:
    """Return disjoint ranges sorted, those that touch made one, cut off before `start`."""
    import numpy as np

    if not len(ranges):
        return []
    firsts, ends = ranges[np.argsort(ranges[:, 0])].T
    apart = firsts[1:] > ends[:-1]
    firsts, ends = firsts[np.r_[True, apart]], ends[np.r_[apart, True]]
    return list(zip(np.maximum(firsts, start).tolist(), ends.tolist(), strict=True))
