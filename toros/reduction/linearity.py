"""Whether twice the light makes twice the counts: flats of a steady lamp, of several exposure times."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from toros.reduction.photon_transfer import Measured

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Linearity", "linearity_of"]

TIMES = 3  # different exposure times for one coefficient
MORE_TIMES = 5  # for two
CLEAR = 3.0  # standard deviations that the second coefficient must have
STEADY = 0.03  # part by which a flat may be off the curve; more is a lamp that changes, or twilight
SAME = 0.01  # part within which exposure times are one


@dataclass(frozen=True)
class Linearity:
    """How counts follow light.

    Attributes
    ----------
    coefficients : tuple of Measured
        c1, c2: true counts are counts * (1 + c1 * counts + c2 * counts ** 2), above the bias.
    rate : float
        True counts per second, of the mean pixel.
    times, counts, residuals : float64 array, shape (flats,)
        Exposure time in seconds, mean counts above the bias, and by which part the corrected counts per second differ
        from the rate.
    plain : float64 array, shape (flats,)
        The same before the correction.
    """

    coefficients: tuple[Measured, ...]
    rate: float
    times: NDArray[np.float64]
    counts: NDArray[np.float64]
    residuals: NDArray[np.float64]
    plain: NDArray[np.float64]

    @property
    def significant(self) -> bool:
        """Whether the coefficients are more than their errors, and change a count by more than a thousandth."""
        top = float(self.counts.max())
        size = abs(sum(c.value * top ** (n + 1) for n, c in enumerate(self.coefficients)))
        return size > 1e-3 and any(abs(c.value) > CLEAR * c.error for c in self.coefficients)


def linearity_of(times: Sequence[float], flats: NDArray[np.float64]) -> Linearity | str:
    """Return how counts follow exposure time, or the reason why that cannot be told.

    Parameters
    ----------
    times : sequence of float
        Exposure time of each flat; seconds. One lamp and one filter.
    flats : float64 array, shape (flats, patches)
        Mean counts above the bias of each patch.
    """
    import numpy as np

    t = np.asarray(times, dtype=np.float64)
    different = _different(t)
    if different < TIMES:
        return (
            f"linearity needs flats of {TIMES} exposure times, of one lamp through one filter; these have {different}"
        )
    # the mean over patches of their powers, so that an uneven lamp does no harm
    powers = np.stack([np.mean(flats**n, axis=1) for n in (1, 2, 3)], axis=1)
    fit = _fit(t, powers[:, :2])
    if different >= MORE_TIMES:
        more = _fit(t, powers)
        if abs(more[0][2]) > CLEAR * more[1][2]:
            fit = more
    found, errors, rest = fit
    if np.sqrt(np.mean(rest**2)) > STEADY:
        return f"the counts per second differ by {np.std(rest):.1%}: the light was not steady, and linearity not told"
    # t = x / R + c1 x**2 / R + c2 x**3 / R
    relative = errors[0] / abs(found[0])
    coefficients = tuple(
        Measured(float(c / found[0]), float(math.hypot(e / found[0], c / found[0] * relative)))
        for c, e in zip(found[1:], errors[1:], strict=True)
    )
    rate = float(1 / found[0])
    return Linearity(coefficients, rate, t, powers[:, 0], rest, powers[:, 0] / (t * rate) - 1)


def _different(times: NDArray[np.float64]) -> int:
    """Return how many exposure times differ."""
    last, number = -math.inf, 0
    for time in sorted(times.tolist()):
        if time > last * (1 + SAME) or number == 0:
            last, number = time, number + 1
    return number


def _fit(
    times: NDArray[np.float64], powers: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return coefficients, errors from the scatter, and by which part each flat is off; each flat weighs the same."""
    import numpy as np

    scale = powers.max(axis=0)
    matrix = powers / scale / times[:, None]
    found = np.linalg.lstsq(matrix, np.ones(len(times)), rcond=None)[0]
    rest = matrix @ found - 1
    free = max(1, len(times) - powers.shape[1])
    spread = math.sqrt(float(rest @ rest) / free)
    errors = spread * np.sqrt(np.diag(np.linalg.pinv(matrix.T @ matrix)))
    return found / scale, errors / scale, rest
