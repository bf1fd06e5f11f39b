"""Gain, read noise and saturation of an amplifier from the noise of light itself: the photon transfer curve.

The variance of a flat is its electrons' number; two flats of one level have the same pattern, which their difference
cancels (Janesick 2001, Scientific Charge-Coupled Devices, chapter 2; for two unequal flats, their ratio is put in).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from toros.reduction.patches import Patches

__all__ = ["Measured", "Point", "Transfer", "transfer_of"]

OUTLIER = 4.0  # standard deviations from the middle beyond which a patch does not count
NORMAL = 1.4826  # standard deviation over median absolute deviation of a normal distribution
LINEAR = 0.7  # of saturation; up to it the curve is fitted
COLLAPSED = 0.5  # of the variance that light has; less is a full pixel
FEWEST = 3  # patches that must agree on where pixels are full
PILED_UP = 50  # pixels with the highest count, exactly, that are full and not chance
FACTOR, LEVELS = 3.0, 4  # between least and highest level, and their number, for the curve's bend to be looked for
BENT = 4.0  # standard deviations that the bend must have
SMALL = 1e-3  # values below are written with a power of ten
STRANGE = 0.25  # part by which a pair may differ from the others


@dataclass(frozen=True)
class Measured:
    """A number and its standard error."""

    value: float
    error: float

    def __str__(self) -> str:
        """Return both with two figures of the error."""
        if not self.error > 0:
            return f"{self.value:g}"
        if abs(self.value) < SMALL:
            return f"{self.value:.3g} ± {self.error:.2g}"
        places = max(0, 1 - math.floor(math.log10(self.error)))
        return f"{self.value:.{places}f} ± {self.error:.{places}f}"


@dataclass(frozen=True)
class Point:
    """One pair of flats on the curve.

    Attributes
    ----------
    level : float
        Counts above the bias.
    variance : float
        Of the light alone, without read noise; counts squared.
    error : float
        Of the variance.
    used : bool
        Whether it is below saturation and told the gain.
    """

    level: float
    variance: float
    error: float
    used: bool


@dataclass(frozen=True)
class Transfer:
    """What the curve says of one amplifier.

    Attributes
    ----------
    gain : Measured or None
        Electrons per count at low light.
    read_noise : Measured or None
        Electrons; None where the gain is not known.
    read_noise_counts : Measured or None
        Counts, of a single bias frame.
    saturation : Measured or None
        Raw counts, the bias among them, from which pixels are full; None where no frame was that bright.
    bend : Measured or None
        By which part the variance falls short for each count, where it does: charge pushes charge away.
    points : tuple of Point
    brightest : float
        Highest mean level of a flat; counts above the bias.
    """

    gain: Measured | None
    read_noise: Measured | None
    read_noise_counts: Measured | None
    saturation: Measured | None
    bend: Measured | None
    points: tuple[Point, ...]
    brightest: float


def transfer_of(patches: Patches, pairs: Any, biases: int) -> Transfer:
    """Return gain, read noise and saturation of one amplifier.

    Parameters
    ----------
    patches : Patches
    pairs : sequence of (int, int)
        Which flats are a pair.
    biases : int
        How many biases were averaged.
    """
    import numpy as np

    noise = _read_noise(patches)
    squared = noise.value**2 if noise else 0.0
    shape = len(pairs), patches.bias.size
    ratio, variance = patches.ratio.reshape(shape), patches.variance.reshape(shape)
    level = patches.flats.reshape(-1, patches.bias.size)[[one for one, _ in pairs]]
    read = squared * (1 + ratio**2 + (1 - ratio) ** 2 / max(1, biases))
    with np.errstate(divide="ignore", invalid="ignore"):
        light = (variance - read) / (1 + ratio)
    full = _saturation(patches, level, light, squared)
    offset = _offset(patches)
    limit = math.inf if full is None else LINEAR * (full.value - offset)
    points = [_point(*each, limit) for each in zip(level, light, strict=True)]
    gain, bend, points = _gain(points)
    return Transfer(
        gain=gain,
        read_noise=_in_electrons(noise, gain),
        read_noise_counts=noise,
        saturation=full,
        bend=bend,
        points=tuple(points),
        brightest=float(np.nanmax(np.median(patches.flats, axis=1))) if patches.flats.size else 0.0,
    )


def _offset(patches: Patches) -> float:
    """Return the bias in raw counts."""
    import numpy as np

    return float(np.median(patches.bias)) + _overscan_level(patches)


def _overscan_level(patches: Patches) -> float:
    import numpy as np

    return 0.0 if patches.overscan is None else float(np.median(patches.overscan))


def _read_noise(patches: Patches) -> Measured | None:
    """Return the noise of one bias; of the overscan where there are no two biases."""
    import numpy as np

    variance = patches.bias_variance.ravel()
    if not variance.size and patches.overscan_noise is not None:
        variance = np.asarray(patches.overscan_noise, dtype=np.float64).ravel() ** 2
    if not variance.size:
        return None
    mean, error = _mean(variance)
    return Measured(math.sqrt(mean), error / (2 * math.sqrt(mean))) if mean > 0 else None


def _mean(values: NDArray[np.float64]) -> tuple[float, float]:
    """Return the mean of the patches that agree, and its error."""
    import numpy as np

    values = values[np.isfinite(values)]
    if not values.size:
        return math.nan, math.nan
    away = np.abs(values - np.median(values))
    near = values[away <= OUTLIER * NORMAL * np.median(away) + 1e-12 * abs(np.median(values))]
    spread = near.std(ddof=1) if near.size > 1 else abs(near[0])
    return float(near.mean()), float(spread / math.sqrt(near.size))


def _point(level: NDArray[np.float64], light: NDArray[np.float64], limit: float) -> Point:
    """Return the point of one pair: patches of several levels become one, since the curve between them is straight."""
    import numpy as np

    with np.errstate(divide="ignore", invalid="ignore"):
        slope, error = _mean(np.where(level > 0, light / level, np.nan))
    middle = float(np.median(level))
    used = math.isfinite(slope) and slope > 0 and middle > 0 and float(np.quantile(level, 0.95)) < limit
    return Point(middle, slope * middle, error * middle, used)


def _gain(points: list[Point]) -> tuple[Measured | None, Measured | None, list[Point]]:
    """Return the gain from the slope at low light, the bend, and the points with those that are strange not used."""
    import numpy as np

    used = [p for p in points if p.used]
    if not used:
        return None, None, points
    middle = float(np.median([p.variance / p.level for p in used]))
    points = [_kept(p, middle) for p in points]
    used = [p for p in points if p.used]
    level = np.array([p.level for p in used])
    slope, error = np.array([p.variance for p in used]) / level, np.array([p.error for p in used]) / level
    weights = 1 / np.maximum(error, 1e-9) ** 2
    value, spread, bend = float((weights * slope).sum() / weights.sum()), float(weights.sum() ** -0.5), None
    rest = (slope - value) / np.maximum(error, 1e-9)
    if len(used) >= LEVELS and level.max() > FACTOR * level.min():
        (tilt, start), covariance = np.polyfit(level, slope, 1, w=np.sqrt(weights), cov="unscaled")
        left = (slope - start - tilt * level) / np.maximum(error, 1e-9)
        wide = max(1.0, math.sqrt(float((left**2).sum()) / max(1, len(used) - 2)))
        if abs(tilt) > BENT * wide * math.sqrt(covariance[0, 0]):
            value, spread, rest = float(start), math.sqrt(covariance[1, 1]), left
            bend = Measured(float(tilt / start), wide * math.sqrt(covariance[0, 0]) / abs(float(start)))
    wide = max(1.0, math.sqrt(float((rest**2).sum()) / max(1, len(used) - (1 if bend is None else 2))))
    return Measured(1 / value, wide * spread / value**2), bend, points


def _kept(point: Point, middle: float) -> Point:
    strange = abs(point.variance / point.level / middle - 1) > STRANGE if point.used else True
    return Point(point.level, point.variance, point.error, point.used and not strange)


def _in_electrons(noise: Measured | None, gain: Measured | None) -> Measured | None:
    if noise is None or gain is None:
        return None
    relative = math.hypot(noise.error / noise.value, gain.error / gain.value)
    return Measured(noise.value * gain.value, noise.value * gain.value * relative)


def _saturation(
    patches: Patches, level: NDArray[np.float64], light: NDArray[np.float64], squared: float
) -> Measured | None:
    """Return where pixels are full: where they pile up at one count, or where light has no noise any more."""
    import numpy as np

    found = []
    peak, number = max(patches.full, default=(0.0, 0))
    if number >= PILED_UP:
        found.append(Measured(peak, 0.0))
    inside = np.isfinite(light) & (level > 0)
    if inside.any():
        low = inside & (level <= np.median(level[inside])) & (light > 0)
        usual = float(np.median(light[low] / level[low])) if low.any() else 0.0
        full = inside & (light < COLLAPSED * usual * level) & (level > np.median(level[inside]))
        if full.sum() >= FEWEST:
            raw = (level + patches.bias)[full] + _overscan_level(patches)
            noise = math.sqrt(max(0.0, float(np.median(light[full]))) + squared)
            found.append(Measured(float(np.median(raw)) - 3 * noise, float(np.std(raw) / math.sqrt(raw.size)) + 1e-9))
    return min(found, key=lambda one: one.value, default=None)
