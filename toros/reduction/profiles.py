"""The shape of stars: one elliptical profile fitted to all of them at once."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Profiles", "fit_profiles"]

BETAS = (3.5, 2.5, 5.0, math.inf)  # exponents of Moffat's profile that are tried; the last is a Gaussian
FIRST_STEPS, MORE_STEPS = 12, 4
SHARP = 0.9  # pixels; a pixel is one wide, so that what is narrower did not come through the telescope
SOME = 60  # stars, the first, that tell the exponent
LIKE_GAUSS = 50.0  # exponents above it make the same profile
PARAMETERS = 7  # height, level, column, row, and the ellipse of half height: xx, yy, xy


@dataclass(frozen=True)
class Profiles:
    """Fitted profiles, one element a star; NaN where the fit came to nothing.

    Attributes
    ----------
    x, y : float64 array
        Centre; pixels from the stamp's centre, along columns and rows.
    height : float64 array
        Above the sky; unit of the stamps.
    major, minor : float64 array
        Full width at half maximum along the long and the short axis; pixels, the pixel's own width among them.
    angle : float64 array
        Of the long axis, from the direction of the columns' numbers (x) towards that of the rows' (y); degrees,
        -90 to 90.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    height: NDArray[np.float64]
    major: NDArray[np.float64]
    minor: NDArray[np.float64]
    angle: NDArray[np.float64]


def fit_profiles(stamps: NDArray[np.float64], weights: NDArray[np.float64], fwhm: float) -> Profiles:
    """Fit an elliptical Moffat profile (Moffat 1969, A&A 3, 455) with a level to each stamp.

    Its exponent is the one that fits the stars best as a whole: alone, a star does not tell it from its width.

    Parameters
    ----------
    stamps : float64 array, shape (stars, side, side)
        Pixels around each star, the brightest first; side odd.
    weights : float64 array of the same shape
        0 for a pixel that is not to be looked at, else 1.
    fwhm : float
        Where the fit begins; pixels.
    """
    import numpy as np

    half = stamps.shape[1] // 2
    y, x = (axis.ravel() for axis in np.mgrid[-half : half + 1, -half : half + 1].astype(np.float64))
    fit = _Fit(x, y, stamps.reshape(len(stamps), -1), weights.reshape(len(stamps), -1))
    start, first_rest = fit.improved(fit.begin(fwhm), BETAS[0], FIRST_STEPS)
    few = np.flatnonzero(np.isfinite(_shapes(start, half).major))[:SOME]
    if not len(few):
        return _shapes(start, half)
    part = _Fit(x, y, fit.pixels[few], fit.weights[few])
    tried = (part.improved(start[few], beta, MORE_STEPS)[1] / first_rest[few] for beta in BETAS[1:])
    rests = [1.0, *(float(np.median(rest)) for rest in tried)]
    return _shapes(fit.improved(start, _best(rests), MORE_STEPS)[0], half)


def _best(rests: list[float]) -> float:
    """Return the exponent that leaves least: the lowest point of a parabola through what those near the best leave."""
    import numpy as np

    inverse = 1 / np.array(BETAS)
    order = np.argsort(inverse)
    x, y = inverse[order], np.array(rests)[order]
    middle = int(np.clip(np.argmin(y), 1, len(y) - 2))
    bend, slope, _ = np.polyfit(x[middle - 1 : middle + 2], y[middle - 1 : middle + 2], 2)
    lowest = -slope / (2 * bend) if bend > 0 else x[np.argmin(y)]
    return float(1 / max(1e-3, min(lowest, x[-1])))


@dataclass(frozen=True)
class _Fit:
    """Pixels of all stamps, and where in the stamp they are."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    pixels: NDArray[np.float64]
    weights: NDArray[np.float64]

    def begin(self, fwhm: float) -> NDArray[np.float64]:
        """Return round stars in the middle of their stamps, as high as the brightest of their inner pixels."""
        import numpy as np

        start = np.zeros((len(self.pixels), PARAMETERS))
        inner = self.x**2 + self.y**2 <= max(2.0, fwhm**2 / 4)
        start[:, 0] = np.maximum((self.pixels * self.weights)[:, inner].max(axis=1), 1e-6)
        start[:, 4:6] = 4.0 / fwhm**2
        return start

    def improved(
        self, start: NDArray[np.float64], beta: float, steps: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return better parameters and what is left over (Levenberg and Marquardt, all stars side by side)."""
        import numpy as np

        now, damping = start.copy(), np.full(len(start), 1e-3)
        slopes, left = self._compare(now, beta)
        rest = np.einsum("np,np->n", left, left)
        for _ in range(steps):
            tried = now + _step(slopes, left, damping)
            with np.errstate(over="ignore", invalid="ignore"):  # a step that runs away leaves more, and is not taken
                new_slopes, new_left = self._compare(tried, beta)
                new_rest = np.einsum("np,np->n", new_left, new_left)
            better = new_rest < rest
            now[better], rest[better] = tried[better], new_rest[better]
            slopes[better], left[better] = new_slopes[better], new_left[better]
            damping = np.where(better, damping / 10, damping * 10)
        return now, np.maximum(rest, 1e-300)

    def _compare(self, parameters: NDArray[np.float64], beta: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the profile's derivatives, shape (stars, parameters, pixels), and the pixels minus the profile."""
        import numpy as np

        height, level, x, y, xx, yy, xy = parameters.T[:, :, None]
        u, v = self.x - x, self.y - y
        square = np.maximum(xx * u * u + yy * v * v + 2 * xy * u * v, 0.0)  # 1 at half height
        if beta > LIKE_GAUSS:
            shape = np.exp2(-square)
            fall = -math.log(2) * shape
        else:
            width = 2 ** (1 / beta) - 1
            base = 1 + width * square
            shape = base**-beta
            fall = -beta * width * shape / base
        fall *= height
        slopes = np.stack([
            shape, np.ones_like(shape), -2 * fall * (xx * u + xy * v), -2 * fall * (yy * v + xy * u),
            fall * u * u, fall * v * v, 2 * fall * u * v,
        ], axis=1)  # fmt: skip
        slopes *= self.weights[:, None]
        return slopes, (self.pixels - height * shape - level) * self.weights


def _step(slopes: NDArray[np.float64], left: NDArray[np.float64], damping: NDArray[np.float64]) -> NDArray[np.float64]:
    import numpy as np

    normal = slopes @ slopes.transpose(0, 2, 1)
    own = np.arange(PARAMETERS)
    normal[:, own, own] *= 1 + damping[:, None]
    normal[:, own, own] += 1e-300  # a star without pixels has no slopes
    return np.asarray(np.linalg.solve(normal, slopes @ left[:, :, None])[:, :, 0], dtype=np.float64)


def _shapes(parameters: NDArray[np.float64], half: int) -> Profiles:
    """Return widths and directions from the ellipses; NaN where an ellipse is none, or no star."""
    import numpy as np

    height, _, x, y, xx, yy, xy = parameters.T
    middle, spread = (xx + yy) / 2, np.hypot((xx - yy) / 2, xy)
    with np.errstate(invalid="ignore", divide="ignore"):
        major, minor = 2 / np.sqrt(middle - spread), 2 / np.sqrt(middle + spread)
    angle = np.degrees(np.arctan2(-2 * xy, yy - xx) / 2)
    real = np.isfinite(major) & (minor >= SHARP) & (height > 0) & (np.hypot(x, y) <= half) & (major < 4 * half)
    return Profiles(*(np.where(real, values, np.nan) for values in (x, y, height, major, minor, angle)))
