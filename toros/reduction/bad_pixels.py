"""Pixels that cannot be trusted, from a master dark and master flats: hot, dead, not linear, or of a bad column."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntFlag
from typing import TYPE_CHECKING, Any

from toros.errors import BadFrame

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    from toros.reduction.planes import Rows

    Floats = NDArray[np.float32]

__all__ = ["BadPixels", "Defect", "Thresholds", "find_bad_pixels"]

TILE = 32  # pixels; side of the squares whose median is what a pixel should be like
BAND = 4 * TILE  # rows that are looked at together; a column is judged over as many
MEDIAN_NOISE = 1.2533  # of a median of many values, times the root of their number; in deviations of one
BESIDE = 15  # columns whose median is what a column should be like
STEP = 0.29  # counts; deviation of whole numbers, which a robust one may miss
UNLIT = 0.05  # of a flat's level; darker squares are dead as a whole
MAD = 1.482602218505602  # from the median of the absolute deviations to the deviation of a normal distribution


class Defect(IntFlag):
    """What is wrong with a pixel; it may be several things."""

    HOT = 1
    """It makes counts in the dark."""
    DEAD = 2
    """It answers to less than half of the light, or has no value."""
    NONLINEAR = 4
    """Its answer to much light is not its answer to little."""
    COLUMN = 8
    """Its column, over 128 rows, is unlike the columns beside it, though none of its pixels need be."""
    BRIGHT = 16
    """It answers to light that is not there: half as much again as its neighbours."""


_WORDS = {
    Defect.HOT: "hot", Defect.DEAD: "dead", Defect.NONLINEAR: "not linear", Defect.COLUMN: "of bad columns",
    Defect.BRIGHT: "too bright in flats",
}  # fmt: skip


@dataclass(frozen=True)
class Thresholds:
    """From where on a pixel is bad.

    Attributes
    ----------
    clip : float
        Deviations of the pixels around, which every difference must exceed.
    hot_rate : float
        Counts per second above the pixels around that do harm; 0 to leave it to `clip`.
    dead, bright : float
        Answer to light, as a part of what the pixels around answer.
    nonlinear : float
        Part by which the ratio of two flats may be unlike that of the pixels around.
    column : float
        Deviations of one pixel by which a column may be unlike its neighbours, if `clip` deviations among columns.
    """

    clip: float = 8.0
    hot_rate: float = 0.0
    dead: float = 0.5
    bright: float = 1.5
    nonlinear: float = 0.03
    column: float = 0.5


@dataclass(frozen=True)
class BadPixels:
    """The pixels of a detector that cannot be trusted.

    Attributes
    ----------
    mask : uint8 array, shape (rows, columns)
        Bits of `Defect`; 0 is a good pixel.
    counts : dict of Defect to int
        How many pixels have each bit.
    """

    mask: NDArray[np.uint8]
    counts: dict[Defect, int]

    @property
    def bad(self) -> int:
        """How many pixels have any defect."""
        import numpy as np

        return int(np.count_nonzero(self.mask))

    def __str__(self) -> str:
        found = [f"{number} {_WORDS[defect]}" for defect, number in self.counts.items() if number]
        return f"{self.bad} of {self.mask.size} pixels are bad" + (f": {', '.join(found)}" if found else "")


def find_bad_pixels(
    dark: ArrayLike | Rows | None = None,
    exposure_time: float = 0.0,
    flats: Sequence[ArrayLike | Rows] = (),
    thresholds: Thresholds | None = None,
) -> BadPixels:
    """Find the pixels that cannot be trusted, each compared with the 32 x 32 pixels around it.

    Parameters
    ----------
    dark : array, shape (rows, columns), or Rows, optional
        Master dark without the bias; counts. NaN is no value. Rows are read a band at a time.
    exposure_time : float
        Of the dark; seconds.
    flats : sequence of arrays or Rows of the same shape, at most two
        Master flats without bias and dark, of one filter; counts, or scaled. Two tell what is not linear, where
        their levels were different.
    thresholds : Thresholds, optional

    Returns
    -------
    BadPixels

    Raises
    ------
    BadFrame
        The shapes differ, a flat has no light, or there is nothing to look at.
    ValueError
        There are more than two flats.
    """
    import numpy as np

    thresholds = thresholds or Thresholds()
    lit = [_as_rows(flat) for flat in flats]
    unlit = None if dark is None else _as_rows(dark)
    shape = _shape_of([*lit, *([] if unlit is None else [unlit])])
    if len(lit) > 2:
        raise ValueError(f"bad pixels are found from one flat or two, not from {len(lit)}")
    levels = [_level(flat) for flat in lit]
    mask = np.zeros(shape, dtype=np.uint8)
    for start, stop in _bands(shape[0]):
        part = mask[start:stop]
        if unlit is not None:
            _judge_dark(unlit.rows(start, stop), exposure_time, thresholds, part)
        for flat, level in zip(lit, levels, strict=True):
            _judge_flat(flat.rows(start, stop), level, thresholds, part)
        if len(lit) == 2:
            _judge_ratio(lit[0].rows(start, stop), lit[1].rows(start, stop), thresholds, part)
    counts = {defect: int(np.count_nonzero(mask & np.uint8(defect))) for defect in Defect}
    return BadPixels(mask, counts)


def _as_rows(image: ArrayLike | Rows) -> Rows:
    import numpy as np

    from toros.reduction.planes import ArrayRows

    if hasattr(image, "rows"):
        return image  # type: ignore[return-value]
    array = np.asarray(image)
    if array.ndim != 2:
        raise BadFrame(f"a master of shape {array.shape} is no image")
    return ArrayRows(array)


def _shape_of(images: Sequence[Rows]) -> tuple[int, int]:
    if not images:
        raise BadFrame("bad pixels are found from a master dark or a master flat: there is neither")
    for image in images:
        if image.shape != images[0].shape:
            raise BadFrame(f"masters of {images[0].shape} and {image.shape} pixels are not of one detector")
    return images[0].shape


def _level(flat: Rows) -> float:
    """Return a flat's level, from rows all over it."""
    import numpy as np

    sampled = range(0, flat.shape[0], max(1, flat.shape[0] // BAND))
    level = float(np.nanmedian(np.concatenate([np.array(flat.rows(row, row + 1)) for row in sampled])))
    if not level > 0:
        raise BadFrame(f"a master flat without light tells nothing of its pixels: its median is {level:g}")
    return level


def _bands(rows: int) -> Iterator[tuple[int, int]]:
    """Return where bands start and stop; what would be too low to judge by is part of the one before."""
    starts = list(range(0, max(1, rows - TILE), BAND))
    yield from zip(starts, [*starts[1:], rows], strict=True)


def _judge_dark(dark: NDArray[Any], exposure_time: float, thresholds: Thresholds, mask: NDArray[np.uint8]) -> None:
    """Flag what is brighter in the dark than the pixels around."""
    import numpy as np

    values = dark.astype(np.float32)
    around, deviation = _around(values)
    np.maximum(deviation, STEP, out=deviation)
    values -= around
    hot = values > np.maximum(thresholds.clip * deviation, thresholds.hot_rate * exposure_time)
    mask[hot] |= np.uint8(Defect.HOT)
    mask[~np.isfinite(values)] |= np.uint8(Defect.DEAD)
    _judge_columns(values + around, deviation, thresholds, mask)


def _judge_flat(flat: NDArray[Any], level: float, thresholds: Thresholds, mask: NDArray[np.uint8]) -> None:
    """Flag what answers to light otherwise than the pixels around."""
    import numpy as np

    values = flat.astype(np.float32)
    answer, deviation = _relative(values)
    clear = np.abs(answer) > thresholds.clip * deviation
    mask[(answer < thresholds.dead - 1) & clear] |= np.uint8(Defect.DEAD)
    mask[~(values > UNLIT * level)] |= np.uint8(Defect.DEAD)
    mask[(answer > thresholds.bright - 1) & clear] |= np.uint8(Defect.BRIGHT)
    _judge_columns(values / np.float32(level), deviation, thresholds, mask)


def _judge_ratio(one: NDArray[Any], other: NDArray[Any], thresholds: Thresholds, mask: NDArray[np.uint8]) -> None:
    """Flag what answers otherwise to much light than to little."""
    import numpy as np

    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.divide(one, other, dtype=np.float32)
    ratio[(mask & np.uint8(Defect.DEAD | Defect.BRIGHT)) != 0] = np.nan
    answer, deviation = _relative(ratio)
    mask[np.abs(answer) > np.maximum(thresholds.clip * deviation, thresholds.nonlinear)] |= np.uint8(Defect.NONLINEAR)


def _judge_columns(values: Floats, deviation: Floats, thresholds: Thresholds, mask: NDArray[np.uint8]) -> None:
    """Flag columns whose good pixels are unlike those of the columns beside, or that have few good pixels left.

    A slope across the columns, as vignetting makes it, is no difference: the median of those beside lies on it.

    Parameters
    ----------
    values : float32 array, shape (rows, columns)
        Changed.
    deviation : float32 array of the same shape
        Of a pixel; unit of the values.
    """
    import numpy as np
    from scipy.ndimage import median_filter  # type: ignore[import-untyped]

    values[(mask != 0) | ~np.isfinite(values)] = np.nan
    few = np.count_nonzero(np.isfinite(values), axis=0) < len(values) / 2
    column = median(values, axis=0)
    unknown = ~np.isfinite(column)
    if unknown.any() and not unknown.all():
        column[unknown] = np.interp(np.flatnonzero(unknown), np.flatnonzero(~unknown), column[~unknown])
    scale = np.mean(deviation[::TILE], axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        beside = (column - median_filter(column, BESIDE, mode="nearest")) / scale
    beside[~np.isfinite(beside)] = 0
    scatter = MAD * float(np.median(np.abs(beside)))
    least = MEDIAN_NOISE / math.sqrt(len(values))  # few columns may scatter less by chance
    unlike = np.abs(beside) > max(thresholds.clip * max(scatter, least), thresholds.column)
    mask[:, few | unlike] |= np.uint8(Defect.COLUMN)


def _relative(values: Floats) -> tuple[Floats, Floats]:
    """Return by which part values are more than those around, and the deviation of that."""
    import numpy as np

    around, deviation = _around(values)
    with np.errstate(divide="ignore", invalid="ignore"):
        deviation /= np.abs(around)
        answer: Floats = values / around
    answer -= 1
    return answer, deviation


def _around(values: Floats) -> tuple[Floats, Floats]:
    """Return, for each pixel, the median and the robust deviation of the square that it lies in."""
    import numpy as np

    rows, columns = values.shape
    down, across = -rows % TILE, -columns % TILE
    padded = np.pad(values, ((0, down), (0, across)), mode="symmetric")
    tiles = padded.reshape(len(padded) // TILE, TILE, -1, TILE).swapaxes(1, 2)
    flat = tiles.reshape(*tiles.shape[:2], TILE * TILE)
    middle = median(flat, axis=-1)
    deviation = MAD * median(np.abs(flat - middle[..., None]), axis=-1)
    return _widened(middle, values.shape), _widened(deviation, values.shape)


def _widened(tiles: NDArray[Any], shape: tuple[int, ...]) -> Floats:
    """Return an image of which each pixel has the value of its square."""
    import numpy as np

    wide = tiles.astype(np.float32).repeat(TILE, axis=0).repeat(TILE, axis=1)
    return wide[: shape[0], : shape[1]]


def median(values: Floats, axis: int) -> Floats:
    """Return the median without NaN, as numpy.nanmedian does, ten times faster where few hold any."""
    import warnings

    import numpy as np

    middle: Floats = np.median(values, axis=axis)
    holed = np.isnan(middle)
    if holed.any():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # nothing but NaN: NaN is the answer
            middle[holed] = np.nanmedian(np.moveaxis(values, axis, -1)[holed], axis=-1)
    return middle
