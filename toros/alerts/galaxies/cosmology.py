"""Distances from redshifts, and how well they are known."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

__all__ = ["LEAST_REDSHIFT", "PECULIAR", "comoving_distance", "luminosity_distance", "redshift_distance"]

HUBBLE = 70.0  # km/s/Mpc
MATTER = 0.3  # part of the critical density, the rest is dark energy; flat
LIGHT = 299_792.458  # km/s
PECULIAR_VELOCITY = 200.0  # km/s: galaxies' own motions along the line of sight, one standard deviation
PECULIAR = PECULIAR_VELOCITY / HUBBLE  # Mpc: what they do to a distance
LEAST_REDSHIFT = PECULIAR_VELOCITY / LIGHT  # below, the galaxy's own motion is as large as what is measured
MOST_REDSHIFT = 3.0  # beyond, nothing that is called a galaxy in such a catalogue is one


@cache
def _table() -> tuple[Floats, Floats]:
    """Return redshifts and the comoving distances there; Mpc."""
    import numpy as np

    redshift = np.expm1(np.linspace(0.0, np.log1p(8.0), 4001))
    expansion = np.sqrt(MATTER * (1.0 + redshift) ** 3 + 1.0 - MATTER)
    steps = np.diff(redshift) * (1.0 / expansion[1:] + 1.0 / expansion[:-1]) / 2.0
    return redshift, np.concatenate([[0.0], np.cumsum(steps)]) * LIGHT / HUBBLE


def luminosity_distance(redshift: ArrayLike) -> Floats:
    """Return luminosity distances in a flat universe, H0 = 70 km/s/Mpc, matter 0.3 (Hogg 1999); Mpc."""
    import numpy as np

    known, comoving = _table()
    redshift = np.asarray(redshift, dtype=np.float64)
    return np.asarray((1.0 + redshift) * np.interp(redshift, known, comoving))


def comoving_distance(luminosity: ArrayLike) -> Floats:
    """Return the comoving distances of places at luminosity distances; Mpc each."""
    import numpy as np

    known, comoving = _table()
    return np.interp(np.asarray(luminosity, dtype=np.float64), comoving * (1.0 + known), comoving)


def redshift_distance(redshift: ArrayLike, error: ArrayLike = 0.0) -> tuple[Floats, Floats]:
    """Return the distances that redshifts mean and their standard deviations; Mpc.

    Parameters
    ----------
    redshift : array_like
        NaN where not known.
    error : array_like
        Standard deviations; NaN or 0 where not known.

    Returns
    -------
    distance, error : ndarray
        NaN where the redshift says nothing: not positive, smaller than what galaxies' own motions do (0.00067), or
        beyond 3. The errors hold those motions, 200 km/s, in every case.
    """
    import numpy as np

    redshift = np.asarray(redshift, dtype=np.float64)
    usable = (redshift > LEAST_REDSHIFT) & (redshift < MOST_REDSHIFT)
    safe = np.where(usable, redshift, 1.0)
    spread = np.nan_to_num(np.broadcast_to(np.asarray(error, dtype=np.float64), safe.shape), nan=0.0)
    distance = luminosity_distance(safe)
    farther = luminosity_distance(safe + np.clip(spread, 0.0, 1.0)) - distance
    return np.where(usable, distance, np.nan), np.where(usable, np.hypot(farther, PECULIAR), np.nan)
