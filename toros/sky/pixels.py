"""HEALPix in the nested order: the pixel of a position, and the centre of a pixel.

astropy-healpix does the same and takes 30 MB of a daemon's memory with it, for good; this needs numpy alone.
Formulas: Górski et al. 2005, ApJ 622, 759, section 4 and 5; near the poles in the form that loses no digits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

__all__ = ["centres_of", "pixels_of"]

FINEST = 29  # order; what 64 bits hold
# Of each of the twelve faces: how many sides its southern corner lies south of the pole, and its longitude, in eighths.
SOUTH = (2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4)
EAST = (1, 3, 5, 7, 0, 2, 4, 6, 1, 3, 5, 7)
# How the bits of a number move apart, to every second place: so many places, and what is kept then.
SPREAD = (
    (16, 0x0000FFFF0000FFFF), (8, 0x00FF00FF00FF00FF), (4, 0x0F0F0F0F0F0F0F0F), (2, 0x3333333333333333),
    (1, 0x5555555555555555),
)  # fmt: skip


def pixels_of(ra: ArrayLike, dec: ArrayLike, order: int) -> NDArray[np.int64]:
    """Return the pixel that each position lies in.

    Parameters
    ----------
    ra, dec : array-like of float
        Degrees; shapes that broadcast.
    order : int
        0 to 29.

    Returns
    -------
    ndarray of int64
        0 to 12 * 4**order - 1.
    """
    import numpy as np

    side = 2**order
    turn, delta = np.broadcast_arrays(np.asarray(ra, dtype=np.float64) / 90.0 % 4.0, np.radians(dec))
    turn = np.where(turn < 4.0, turn, 0.0)  # the remainder of what is hardly below 0 is rounded up
    z = np.sin(delta)
    cap = np.abs(z) > 2.0 / 3.0
    face, x, y = _in_cap(turn, z, np.cos(delta), side)
    belt = _in_belt(turn, z, side, order)
    face, x, y = (np.where(cap, one, other) for one, other in zip((face, x, y), belt, strict=True))
    return np.asarray((face << (2 * order)) + _spread(x) + (_spread(y) << 1))


def centres_of(pixels: ArrayLike, order: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the centres of pixels: right ascension, 0 to 360, and declination; degrees."""
    import numpy as np

    side = 2**order
    numbers = np.asarray(pixels, dtype=np.int64)
    face, inner = numbers >> (2 * order), numbers & (side * side - 1)
    x, y = _gathered(inner), _gathered(inner >> 1)
    ring = np.array(SOUTH)[face] * side - x - y - 1
    around = np.minimum(side, np.minimum(ring, 4 * side - ring))  # pixels of an eighth of this ring
    rise = around * (around / side) / (3.0 * side)  # 1 - |z|, in a cap
    z = np.where(around < side, 1.0 - rise, (2 * side - ring) / (1.5 * side))
    z = np.where(ring > 3 * side, -z, z)
    across = np.where(around < side, np.sqrt(rise * (2.0 - rise)), np.sqrt(1.0 - np.minimum(z * z, 1.0)))
    eighths = (np.array(EAST)[face] * around + x - y) % (8 * around)
    return eighths / around * 45.0, np.degrees(np.arctan2(z, across))


def _in_belt(turn: Any, z: Any, side: int, order: int) -> tuple[Any, Any, Any]:
    """Return face, x and y of positions between the caps: pixels lie along two slanted families of lines."""
    import numpy as np

    middle, slope = side * (0.5 + turn), side * z * 0.75
    up, down = (np.floor(each).astype(np.int64) for each in (middle - slope, middle + slope))
    here, there = up >> order, down >> order
    face = np.where(here == there, here & 3 | 4, np.where(here < there, here, there + 8))
    return face, down & (side - 1), side - (up & (side - 1)) - 1


def _in_cap(turn: Any, z: Any, across: Any, side: int) -> tuple[Any, Any, Any]:
    """Return face, x and y of positions about a pole; `across` is the cosine of the declination."""
    import numpy as np

    quarter = np.minimum(3, turn.astype(np.int64))
    part = turn - quarter
    reach = side * across / np.sqrt((1.0 + np.abs(z)) / 3.0)
    up, down = (np.minimum(side - 1, (each * reach).astype(np.int64)) for each in (part, 1.0 - part))
    north = z >= 0
    return (
        np.where(north, quarter, quarter + 8),
        np.where(north, side - down - 1, up),
        np.where(north, side - up - 1, down),
    )


def _spread(numbers: Any) -> Any:
    """Return numbers with their bits at every second place."""
    import numpy as np

    numbers = numbers.astype(np.int64)
    for places, kept in SPREAD:
        numbers = (numbers | (numbers << places)) & kept
    return numbers


def _gathered(numbers: Any) -> Any:
    """Return numbers of every second bit."""
    numbers = numbers & SPREAD[-1][1]
    for (places, _), (_, kept) in zip(SPREAD[::-1], [*SPREAD[-2::-1], (0, 0x00000000FFFFFFFF)], strict=True):
        numbers = (numbers | (numbers >> places)) & kept
    return numbers
