"""The pixels that hold all that lies near to each of many positions: how a whole file is matched at once."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from toros.sky.healpix import ORDER

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Vicinity", "vicinities"]

MARGIN = math.radians(0.1 / 3600)  # far above what rounding moves, far below what a search asks
WIDEST = math.radians(10.0)  # what the eight neighbours of a coarse pixel surely cover


@dataclass(frozen=True, slots=True)
class Vicinity:
    """Where something is, and which pixels hold all that is near to it.

    Attributes
    ----------
    pixel : int
        Its own pixel, of the common order.
    around : tuple of int
        Pixels of that order; every position within the radius lies in one of them.
    """

    pixel: int
    around: tuple[int, ...]


def vicinities(ra: ArrayLike, dec: ArrayLike, radius: float) -> tuple[int, list[Vicinity]]:
    """Return, for each position, the pixels that hold every position within a radius; and the order of these pixels.

    Parameters
    ----------
    ra, dec : array-like of float
        ICRS, degrees; one dimension.
    radius : float
        Degrees, up to 10.

    Notes
    -----
    A pixel's sides are four radii long or more, so that what is near lies in the pixel or in one of its neighbours.
    """
    import numpy as np
    from astropy import units
    from astropy_healpix import healpix_to_lonlat, lonlat_to_healpix, neighbours

    reach = math.radians(radius) + MARGIN
    if reach > WIDEST + MARGIN:
        raise ValueError("a vicinity has a radius of up to 10 degrees")
    order = max(0, min(ORDER, math.floor(math.log2(_side(0) / (4 * reach)))))
    longitude, latitude = np.asarray(ra, dtype=float), np.asarray(dec, dtype=float)
    if not longitude.size:
        return order, []
    own = lonlat_to_healpix(longitude * units.deg, latitude * units.deg, 2**order, order="nested")
    pixels = np.concatenate([own[None, :], neighbours(own, 2**order, order="nested")])  # -1 where there is none
    centre_ra, centre_dec = healpix_to_lonlat(np.maximum(pixels, 0), 2**order, order="nested")
    away = _distances(np.radians(longitude), np.radians(latitude), centre_ra.value, centre_dec.value)
    near = away <= reach + _side(order)  # no pixel reaches farther from its centre than the side of a square like it
    near = (near & (pixels >= 0)).T
    near[:, 0] = True
    ends = np.cumsum(near.sum(axis=1)).tolist()
    inside = pixels.T[near].tolist()
    return order, [
        Vicinity(pixel, tuple(inside[start:end]))
        for pixel, start, end in zip(own.tolist(), [0, *ends], ends, strict=False)
    ]


def _side(order: int) -> float:
    """Return the side of a square as large as a pixel; radians."""
    return math.sqrt(math.pi / 3) / float(2**order)


def _distances(
    ra: NDArray[np.float64], dec: NDArray[np.float64], others_ra: NDArray[np.float64], others_dec: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the angles between positions by the haversine formula, which is exact for small ones; all in radians."""
    import numpy as np

    square = np.sin((others_dec - dec) / 2) ** 2 + np.cos(dec) * np.cos(others_dec) * np.sin((others_ra - ra) / 2) ** 2
    return np.asarray(2 * np.arcsin(np.sqrt(np.clip(square, 0, 1))))
