"""One look over a frame's pixels, a band of rows at a time: its level, its noise, what is full, and a fingerprint."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from toros.reduction.section import Section

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from toros.reduction.amplifier import Amplifier

__all__ = ["Glance", "Levels", "glance"]

BAND = 1 << 18  # pixels that are looked at together: they stay in the processor's cache
SAMPLE = 1 << 18  # pixels from which levels are taken: the median's error is a 400th of the deviation
MAD = 1.4826  # from the median of the absolute deviations to the deviation of a normal distribution
CLIP = 4.0  # deviations
SEED = 20170817
NO_LEVEL = (math.nan, math.nan, math.nan, math.nan)


class Image(Protocol):
    """Pixels that are read some rows at a time."""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        ...

    def read(self, start: int, stop: int, out: NDArray[np.float32]) -> None:
        """Fill `out`, shape (stop - start, columns), with these rows; NaN where there is no value."""
        ...


@dataclass(frozen=True)
class Levels:
    """What a frame's regular sample says, without the overscan.

    Attributes
    ----------
    median : float
        Counts; NaN where no pixel of the sample has a value.
    noise : float
        Deviation of a pixel from its neighbour's value, robust, whatever the slope of the light; counts.
    bright : float
        The value that one pixel in a thousand exceeds; counts.
    quadrants : tuple of float
        Medians of the lower left, lower right, upper left and upper right quarter of the image; counts.
    """

    median: float = math.nan
    noise: float = math.nan
    bright: float = math.nan
    quadrants: tuple[float, float, float, float] = NO_LEVEL


@dataclass(frozen=True)
class Glance:
    """What one pass over the pixels has seen.

    Attributes
    ----------
    fingerprint : str
        Equal for equal pixels, however they are stored.
    peak : float
        Largest finite pixel; counts; NaN where there is none.
    at_peak : float
        Part of the pixels that have exactly that value.
    full : float
        Part of the pixels at or above the limit that was given.
    empty_rows : int
        Rows without any value.
    rows, columns : integer arrays
        Which were sampled, counted from 0.
    sample, beside : float32 arrays, shape (rows, columns)
        The sampled pixels, and the right-hand neighbour of each.
    """

    fingerprint: str
    peak: float
    at_peak: float
    full: float
    empty_rows: int
    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    sample: NDArray[np.float32]
    beside: NDArray[np.float32]

    def levels(
        self, trim: Section | None, amplifiers: Sequence[Amplifier], strips: Sequence[Section | None] = ()
    ) -> Levels:
        """Return the levels of the pixels that are kept.

        Parameters
        ----------
        trim : Section or None
            What is kept of a single read-out; all where None.
        amplifiers : sequence of Amplifier
            Of several.
        strips : sequence of Section or None, optional
            The overscan of each, whose median is subtracted.
        """
        import numpy as np

        whole = trim or Section(1, int(self.columns[-1]) + 2, 1, int(self.rows[-1]) + 1)
        parts = [(one.data, one.place, one.flip_rows, one.flip_columns) for one in amplifiers]
        parts = parts or [(whole, whole, False, False)]
        under = [self._level(strip) for strip in strips or [None] * len(parts)]
        pieces = [self._kept(*part, level) for part, level in zip(parts, under, strict=True)]
        values, rows, columns, steps = (np.concatenate(list(each)) for each in zip(*pieces, strict=True))
        if values.size == 0:
            return Levels()
        upper, right = 2 * rows > rows.min() + rows.max(), 2 * columns > columns.min() + columns.max()
        quarters = [
            _median(values[(upper == up) & (right == across)]) for up in (False, True) for across in (False, True)
        ]
        return Levels(
            median=_median(values),
            noise=_deviation(steps) / math.sqrt(2),
            bright=float(np.quantile(values, 0.999)),
            quadrants=(quarters[0], quarters[1], quarters[2], quarters[3]),
        )

    def _level(self, strip: Section | None) -> float:
        """Return the level of an overscan; 0 where there is none, or none of it was sampled."""
        import numpy as np

        if strip is None:
            return 0.0
        down = np.flatnonzero((self.rows >= strip.bottom - 1) & (self.rows < strip.top))
        across = np.flatnonzero((self.columns >= strip.left - 1) & (self.columns < strip.right))
        level = _median(self.sample[np.ix_(down, across)])
        return level if math.isfinite(level) else 0.0

    def _kept(
        self, data: Section, place: Section, flip_rows: bool, flip_columns: bool, level: float
    ) -> tuple[NDArray[Any], ...]:
        """Return a section's finite sampled pixels, their rows and columns in the mosaic, and the steps beside them."""
        import numpy as np

        down = np.flatnonzero((self.rows >= data.bottom - 1) & (self.rows < data.top))
        across = np.flatnonzero((self.columns >= data.left - 1) & (self.columns + 1 < data.right))
        rows, columns = self.rows[down] - (data.bottom - 1), self.columns[across] - (data.left - 1)
        rows = (place.top - 1 - rows) if flip_rows else (place.bottom - 1 + rows)
        columns = (place.right - 1 - columns) if flip_columns else (place.left - 1 + columns)
        values, beside = self.sample[np.ix_(down, across)], self.beside[np.ix_(down, across)]
        finite = np.isfinite(values)
        where = np.broadcast_to(rows[:, None], values.shape)[finite], np.broadcast_to(columns, values.shape)[finite]
        return values[finite] - np.float32(level), *where, (beside - values)[finite]


def glance(image: Image, full: float | None = None) -> Glance:
    """Look once over an image.

    Parameters
    ----------
    image : Image
        Its rows are read in order, each once.
    full : float, optional
        Limit above which pixels are counted; counts.
    """
    import numpy as np

    rows, columns = image.shape
    step = _odd(math.ceil(math.sqrt(rows * columns / SAMPLE)))
    height = max(1, min(rows, BAND // columns))
    band = np.empty((height, columns), dtype=np.float32)
    weights = np.random.default_rng(SEED).integers(0, 1 << 63, band.size // 2 + 1, dtype=np.uint64) * 2 + 1
    digest = hashlib.sha256(f"{rows} x {columns}".encode())
    peak, at_peak, above, empty = -math.inf, 0, 0, 0
    sample, beside = [], []
    for start in range(0, rows, height):
        part = band[: min(height, rows - start)]
        image.read(start, start + len(part), part)
        digest.update(_sum_of(part, weights))
        tops = _tops(part)
        empty += int(np.isnan(tops).sum())
        top = float(np.fmax.reduce(tops))
        if top > peak:
            peak, at_peak = top, 0
        if top == peak:
            at_peak += int(np.count_nonzero(part == np.float32(peak)))
        if full is not None and top >= full:
            above += int(np.count_nonzero(part >= np.float32(full)))
        chosen = part[-start % step :: step]
        sample.append(chosen[:, : columns - 1 : step].copy())
        beside.append(chosen[:, 1::step].copy())
    return Glance(
        fingerprint=digest.hexdigest(),
        peak=peak if math.isfinite(peak) else math.nan,
        at_peak=at_peak / (rows * columns),
        full=above / (rows * columns),
        empty_rows=empty,
        rows=np.arange(0, rows, step),
        columns=np.arange(0, columns - 1, step),
        sample=np.concatenate(sample),
        beside=np.concatenate(beside),
    )


def _odd(step: int) -> int:
    """Return the next odd step: an even one would see one colour only of a sensor with a mosaic of filters."""
    return step | 1


def _tops(part: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the largest finite pixel of each row, NaN where it has none."""
    import numpy as np

    tops: NDArray[np.float32] = np.fmax.reduce(part, axis=1)
    if np.isinf(tops).any():
        tops = np.fmax.reduce(np.where(np.isinf(part), np.float32(np.nan), part), axis=1)
    return tops


def _sum_of(part: NDArray[np.float32], weights: NDArray[np.uint64]) -> bytes:
    """Return a weighted sum of the bits, modulo 2**64: ten times faster than a digest of so many bytes.

    Odd random weights: one pixel that differs always shows, and images that differ at many are told apart but for
    odds of 2**-50 (multilinear hashing; Carter and Wegman 1979, J. Comput. Syst. Sci. 18, 143).
    """
    import numpy as np

    bits = part.reshape(-1).view(np.uint32)
    even = bits.size // 2 * 2
    total = np.dot(bits[:even].view(np.uint64), weights[: even // 2])
    return bytes(total.tobytes() + bits[even:].tobytes())


def _median(values: NDArray[np.float32]) -> float:
    import numpy as np

    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if finite.size else math.nan


def _deviation(values: NDArray[np.float32]) -> float:
    """Return the deviation of what lies within CLIP of a robust one: whole numbers make the robust one too coarse."""
    import numpy as np

    values = values[np.isfinite(values)]
    if values.size == 0:
        return math.nan
    away = np.abs(values - np.median(values))
    near = away <= CLIP * max(MAD * float(np.median(away)), float(np.quantile(away, 0.9)) / 1.645)
    return float(np.std(values[near], dtype=np.float64))
