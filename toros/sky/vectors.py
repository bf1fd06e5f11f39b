"""Directions as vectors: what makes poles and RA 0 like any other place."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toros.sky.checks import checked

__all__ = ["angle_between", "position_of", "unit_vectors"]


def unit_vectors(ra: ArrayLike, dec: ArrayLike) -> NDArray[np.float64]:
    """Return directions of length 1, shape (..., 3).

    Parameters
    ----------
    ra, dec : array_like
        Degrees; shapes that broadcast.

    Raises
    ------
    BadValue
    """
    alpha = np.radians(checked(ra, "ra", -360.0, 360.0, "degrees"))
    delta = np.radians(checked(dec, "dec", -90.0, 90.0, "degrees"))
    x, y, z = np.broadcast_arrays(np.cos(delta) * np.cos(alpha), np.cos(delta) * np.sin(alpha), np.sin(delta))
    return np.stack([x, y, z], axis=-1)


def position_of(vectors: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return right ascension, 0 to 360, and declination of vectors of any length, shape (..., 3); degrees."""
    x, y, z = np.moveaxis(vectors, -1, 0)
    return np.degrees(np.arctan2(y, x)) % 360.0, np.degrees(np.arctan2(z, np.hypot(x, y)))


def angle_between(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return angles between vectors of any length, shapes (..., 3) that broadcast; degrees, exact also where tiny."""
    across = np.linalg.norm(np.cross(a, b), axis=-1)
    return np.asarray(np.degrees(np.arctan2(across, np.sum(a * b, axis=-1))))
