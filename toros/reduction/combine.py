"""Combining frames into one: mean without outliers, median, or mean between extremes, streamed in bands of rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from toros.errors import BadFrame
from toros.reduction.planes import ArrayRows

if TYPE_CHECKING:
    import numpy as np
    from ccdproc import CCDData
    from numpy.typing import NDArray

    from toros.reduction.planes import Rows

    Floats = NDArray[np.float32]

__all__ = ["Combined", "combine_rows", "frame_noise"]

BAND = 20 << 16  # pixels of all frames together that are combined at once: fewer cost more calls, more leave the cache
MANY = 16  # a band is remembered whole, not pixel by pixel, where more than one in so many has no error
SAMPLE = 1 << 18  # pixels that tell the noise of a frame to 0.2 %
SAMPLE_BANDS = 16  # pieces of the frame that they come from
MOST_FRAMES = 65535  # a pixel's count is 16 bits
MAD_TO_SIGMA = 1.482602218505602  # of a normal distribution


@dataclass(frozen=True)
class Combined:
    """What frames were combined to.

    Attributes
    ----------
    data : array (rows, columns)
        float32; NaN where no frame had a value.
    error : array (rows, columns)
        float32; standard error of `data`. Where it cannot be known the median of all the others.
    mask : array (rows, columns)
        bool; where `data` has no value.
    count : array (rows, columns)
        uint8, of more than 255 frames uint16; values used at each pixel.
    frames : int
        How many frames came.
    """

    data: Floats
    error: Floats
    mask: NDArray[np.bool_]
    count: NDArray[Any]
    frames: int

    def to_ccd(self, unit: Any) -> CCDData:
        """Return pixels, uncertainty and mask as ccdproc passes them; nothing is copied."""
        from astropy.nddata import CCDData, StdDevUncertainty  # ccdproc's own class, without importing the rest of it

        return CCDData(
            self.data, unit=unit, mask=self.mask, uncertainty=StdDevUncertainty(self.error, copy=False),
            meta={"NCOMBINE": self.frames},
        )  # fmt: skip


def combine_rows(sources: Sequence[Rows], options: Mapping[str, Any]) -> Combined:
    """Combine frames pixel by pixel.

    Parameters
    ----------
    sources : sequence of Rows
        The frames, all of one shape, each `MaskedRows` where pixels of it are to be left out; each is read once from
        its first row to its last, after a few rows for its noise. Memory beyond the result is bounded by `BAND`, or
        by one row of all frames.
    options : mapping
        method : {"clip", "median", "minmax"}, optional
            Mean of what lies near the median, the default; median; mean without the extremes.
        clip : float or None
            Of "clip": pixels further than so many standard deviations (from the median absolute deviation) from the
            median of their pile are left out; None for a mean of all.
        floor : float, optional
            Of "clip": least standard deviation that is believed; in counts of one frame. The noise between whole
            numbers is often zero, and everything would be an outlier. Nor is any pile believed to have less noise
            than the frames have (`frame_noise`).
        rounds : int, optional
            Of "clip": how often outliers are looked for among what is left; 1.
        low, high : int, optional
            Of "minmax": how many of the lowest and of the highest values of a pile are left out; 1 each.
        scales : sequence of float, optional
            Factor of each frame; 1 by default.

    Returns
    -------
    Combined
        The error is, as ccdproc's Combiner has it, the standard deviation of the values used (n - 1 in the
        denominator) over the square root of their number; of a median 1.4826 times the median absolute deviation
        over that root. For a single frame it is the noise between neighbouring pixels.

    Raises
    ------
    BadFrame
        There are no frames, or their shapes differ.
    ValueError
        An option is none of these.
    """
    import numpy as np

    _check(sources, options)
    frames, shape = len(sources), sources[0].shape
    made = Combined(
        data=np.empty(shape, np.float32), error=np.empty(shape, np.float32), mask=np.empty(shape, np.bool_),
        count=np.empty(shape, np.uint8 if frames < 256 else np.uint16), frames=frames,
    )  # fmt: skip
    scales = _scales(sources, options)
    unknown = _combine_bands(sources, scales, _choices(sources, scales, options), made)
    if unknown:
        _fill_errors(made, unknown)
    return made


def frame_noise(sources: Sequence[Rows], scales: Sequence[float] | None = None) -> float:
    """Return the noise of one frame, robustly, from the difference of the first two; 0 where there is one.

    The deviation of a pile of three or five pixels is itself too uncertain to reject by; no pile is believed to
    have less noise than the frames have.

    Parameters
    ----------
    sources : sequence of Rows
    scales : sequence of float, optional
        Factor of each frame; 1 by default.

    Returns
    -------
    float
        In counts of a scaled frame.
    """
    import numpy as np

    if len(sources) < 2:
        return 0.0
    first, second = (
        _sampled(s, f) for s, f in zip(sources[:2], _scales(sources[:2], {"scales": scales}), strict=False)
    )
    return _deviation(first - second) / float(np.sqrt(2))


def _check(sources: Sequence[Rows], options: Mapping[str, Any]) -> None:
    if not len(sources):
        raise BadFrame("there is no frame to combine")
    if len(sources) > MOST_FRAMES:
        raise BadFrame(f"{len(sources)} frames are too many to combine at once: at most {MOST_FRAMES}")
    for source in sources:
        if tuple(source.shape) != tuple(sources[0].shape):
            raise BadFrame(f"frames of {sources[0].shape} and {source.shape} pixels cannot be combined")
    if options.get("method", "clip") not in ("clip", "median", "minmax"):
        raise ValueError(f'frames are combined by "clip", "median" or "minmax", not by {options["method"]!r}')


def _scales(sources: Sequence[Rows], options: Mapping[str, Any]) -> list[float]:
    scales = options.get("scales")
    return [1.0] * len(sources) if scales is None else [float(s) for s in scales]


def _choices(
    sources: Sequence[Rows], scales: Sequence[float], options: Mapping[str, Any]
) -> tuple[Any, Any, Any, Any, Any, Any]:
    """Return the kernel's arguments for the options."""
    from toros.reduction.combine_kernels import CLIP, MEDIAN, MINMAX

    method = {"clip": CLIP, "median": MEDIAN, "minmax": MINMAX}[options.get("method", "clip")]
    clip = options.get("clip") if method == CLIP else None
    floor = 0.0
    if clip is not None:
        floor = max(float(options.get("floor", 0.0)) * max(scales), frame_noise(sources, scales))
    return (
        method, float("inf") if clip is None else float(clip), floor, int(options.get("rounds", 1)),
        int(options.get("low", 1)), int(options.get("high", 1)),
    )  # fmt: skip


def _combine_bands(
    sources: Sequence[Rows], scales: Sequence[float], choices: tuple[Any, Any, Any, Any, Any, Any], made: Combined
) -> list[NDArray[np.int64] | slice]:
    """Fill data, error, mask and count; return where errors are not known: the pixels, or a band with many of them."""
    import numpy as np

    from toros.reduction.combine_kernels import combine_piles, unknown_errors

    rows, columns = made.data.shape
    step = max(1, min(rows, BAND // (len(sources) * columns)))
    cube = _empty_cube(len(sources), step * columns)
    unknown: list[NDArray[np.int64] | slice] = []
    for start in range(0, rows, step):
        stop = min(rows, start + step)
        pixels = (stop - start) * columns
        for row, source, scale in zip(cube, sources, scales, strict=False):
            band = row[:pixels].reshape(stop - start, columns)
            source.read(start, stop, band)
            if scale != 1.0:
                band *= np.float32(scale)
        data, error, count = (a[start:stop].reshape(-1) for a in (made.data, made.error, made.count))
        combine_piles(cube, len(sources), pixels, *choices, data, error, count)
        found = unknown_errors(data, error, made.mask[start:stop].reshape(-1))
        if found.size > pixels // MANY:
            unknown.append(slice(start * columns, stop * columns))
        elif found.size:
            unknown.append(found + start * columns)
    return unknown


def _empty_cube(frames: int, pixels: int) -> Floats:
    """Return a cube, each frame a page and a line further than a multiple of the caches' size.

    Piles of frames that lie at the same place in the cache would push one another out of it.
    """
    import numpy as np

    return np.empty((frames, -(-pixels // 16384) * 16384 + 1040), dtype=np.float32)


def _fill_errors(made: Combined, unknown: Sequence[NDArray[np.int64] | slice]) -> None:
    """Give every pixel an error: what is not known is taken for the usual, of a single frame for its noise."""
    import numpy as np

    some = made.error.reshape(-1)[:: made.error.size // SAMPLE // 4 | 1]
    some = some[np.isfinite(some)]
    if not some.size:
        some = made.error[np.isfinite(made.error)]
    usual = np.median(some) if some.size else _pixel_noise(made.data)
    errors = made.error.reshape(-1)
    for where in unknown:
        values = errors[where]
        values[~np.isfinite(values)] = usual
        errors[where] = values


def _pixel_noise(data: Floats) -> float:
    """Return the noise of one frame from the differences of neighbouring columns, robustly."""
    import numpy as np

    return _deviation(np.diff(_sampled(ArrayRows(data)), axis=1)) / float(np.sqrt(2))


def _sampled(source: Rows, scale: float = 1.0) -> Floats:
    """Return rows from all over a frame."""
    import numpy as np

    bands = list(_sample_bands(source.shape))
    rows = np.empty((sum(stop - start for start, stop in bands), source.shape[1]), dtype=np.float32)
    done = 0
    for start, stop in bands:
        source.read(start, stop, rows[done : done + stop - start])
        done += stop - start
    rows *= np.float32(scale)
    return rows


def _sample_bands(shape: tuple[int, int]) -> Iterator[tuple[int, int]]:
    rows, columns = shape
    height = max(1, SAMPLE // (SAMPLE_BANDS * columns))
    if height * SAMPLE_BANDS >= rows:
        yield 0, rows
        return
    for n in range(SAMPLE_BANDS):
        start = (2 * n + 1) * rows // (2 * SAMPLE_BANDS) - height // 2
        yield start, start + height


def _deviation(values: Floats) -> float:
    """Return the standard deviation without what lies four of them away; 0 of nothing.

    The median absolute deviation finds those, but is itself no better than the step between whole numbers.
    """
    import numpy as np

    good = values[np.isfinite(values)].astype(np.float64)
    if not good.size:
        return 0.0
    away = np.abs(good - np.median(good))
    near = good[away <= 4 * (MAD_TO_SIGMA * np.median(away) or np.std(good))]
    return float(np.std(near))
