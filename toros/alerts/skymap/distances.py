"""How far away: integrals of Normal(r; mu, sigma) * r**2, the shape of a distance's distribution in one direction.

The shape is that of Singer et al. 2016, ApJL 829, L15, equation 2; the integrals are by parts.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["mean_and_std", "volume_between"]

ROOT_TWO_PI = math.sqrt(2.0 * math.pi)


def volume_between(near: float, far: float, mu: Floats, sigma: Floats) -> Floats:
    """Return the integral of Normal(r; mu, sigma) * r**2 from `near` to `far`, in Mpc each; Mpc**2."""
    return _antiderivative(far, mu, sigma) - _antiderivative(near, mu, sigma)


def _antiderivative(r: float, mu: Floats, sigma: Floats) -> Floats:
    import numpy as np
    from scipy.special import ndtr  # type: ignore[import-untyped]

    x = (r - mu) / sigma
    bell = np.exp(-(x**2) / 2.0) / ROOT_TWO_PI
    return np.asarray((mu**2 + sigma**2) * ndtr(x) - sigma * (r + mu) * bell)


def mean_and_std(weight: Floats, mu: Floats, sigma: Floats) -> tuple[float, float] | None:
    """Return mean and standard deviation of r over several directions together; None where no weight is.

    Parameters
    ----------
    weight : ndarray of float64, shape (cells,)
        Probability times norm of each direction.
    mu, sigma : ndarray of float64, shape (cells,)
        Mpc.

    Notes
    -----
    The moments m of Normal(r; mu, sigma) over r > 0 follow from m[k] = mu m[k-1] + (k-1) sigma² m[k-2] for k > 1.
    """
    import numpy as np
    from scipy.special import ndtr

    x = mu / sigma
    lower, upper = ndtr(x), mu * ndtr(x) + sigma * np.exp(-(x**2) / 2.0) / ROOT_TWO_PI
    sums = []
    for k in (2, 3, 4):
        lower, upper = upper, mu * upper + (k - 1) * sigma**2 * lower
        sums.append(float((weight * upper).sum()))
    if not sums[0] > 0.0:
        return None
    mean, square = sums[1] / sums[0], sums[2] / sums[0]
    return mean, math.sqrt(max(square - mean**2, 0.0))
