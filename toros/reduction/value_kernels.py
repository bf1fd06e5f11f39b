"""Values of calibrated rows alone, as frames are combined from them: without errors and flags, masked pixels as NaN.

What is done to a value is what `toros.reduction.row_kernels` does to it, in the same order and to the last digit; the
errors that it carries along cost more than the values, and the scatter of the frames says more than they do.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from toros.reduction.compiled import compiled, inner

__all__ = ["BIAS", "DARK", "DARK_LESS_BIAS", "FLAT", "GAIN", "LINEARIZE", "hide", "value_rows"]

# what is done to a row once it is read, one after another
LINEARIZE, GAIN, BIAS, DARK, DARK_LESS_BIAS, FLAT = range(6)
NAN, INFINITE = np.float32(np.nan), np.float32(np.inf)


@inner
def _read(raw: NDArray[Any], saturation: np.float32, level: np.float32, x: NDArray[np.float32]) -> None:
    """Begin a row: its counts without the overscan's level, and full ones left out."""
    for i in range(x.size):
        value = np.float32(raw[i])
        x[i] = value - level if -INFINITE < value < saturation else NAN


@inner
def _subtract(master: NDArray[np.float32], x: NDArray[np.float32]) -> None:
    for i in range(x.size):
        x[i] -= master[i]


@inner
def _subtract_scaled(master: NDArray[np.float32], scale: np.float32, x: NDArray[np.float32]) -> None:
    for i in range(x.size):
        x[i] -= scale * master[i]


@inner
def _subtract_difference(
    dark: NDArray[np.float32], bias: NDArray[np.float32], scale: np.float32, x: NDArray[np.float32]
) -> None:
    for i in range(x.size):
        x[i] -= scale * (dark[i] - bias[i])


@inner
def _divide(flat: NDArray[np.float32], level: np.float32, x: NDArray[np.float32]) -> None:
    for i in range(x.size):
        x[i] *= level / (flat[i] if flat[i] > 0 else NAN)


@inner
def _linearize(coefficients: NDArray[np.float32], x: NDArray[np.float32]) -> None:
    """Return counts to what the light was: x (1 + c1 x + c2 x**2 ...)."""
    for i in range(x.size):
        value = np.float32(0)
        for k in range(coefficients.size - 1, -1, -1):
            value = (value + coefficients[k]) * x[i]
        x[i] += x[i] * value


@inner
def _multiply(factor: np.float32, x: NDArray[np.float32]) -> None:
    for i in range(x.size):
        x[i] *= factor


@inner
def _hide_each(bad: NDArray[np.uint8], start: int, stop: int, out: NDArray[np.float32]) -> None:
    for i in range(start, stop):
        if bad[i]:
            out[i] = NAN


@compiled
def hide(bad: NDArray[np.uint8], out: NDArray[np.float32]) -> None:
    """Write NaN where a pixel is bad.

    Parameters
    ----------
    bad : uint8 array, shape (n,)
        Not 0 where it is.
    out : float32 array, shape (n,)
    """
    words = bad[: bad.size // 8 * 8].view(np.uint64)  # bad pixels are few: most of eight are passed by at one look
    for w in range(words.size):
        if words[w]:
            _hide_each(bad, 8 * w, 8 * w + 8, out)
    _hide_each(bad, 8 * words.size, bad.size, out)


@compiled
def value_rows(
    raw: NDArray[Any], places: NDArray[np.int64], top: int, flip_rows: bool, tape: NDArray[np.int64],
    numbers: NDArray[np.float32], coefficients: NDArray[np.float32], by_row: NDArray[np.float32],
    by_column: NDArray[np.float32], bias: NDArray[np.float32], dark: NDArray[np.float32], flat: NDArray[np.float32],
    out: NDArray[np.float32],
) -> None:  # fmt: skip
    """Calibrate the values of rows that several amplifiers share.

    Parameters
    ----------
    raw, places, top, flip_rows, numbers, coefficients
        As `row_kernels.calibrate_rows` takes them.
    tape : int64 array
        What is done, in order.
    by_row : float32 array, shape (rows of `raw`, amplifiers)
        What is subtracted first.
    by_column : float32 array, shape (amplifiers, columns of each or 0)
        What is subtracted next.
    bias, dark, flat : float32 array
        In the place of `out`; of no rows where there is none.
    out : float32 array
        Filled; what is not finite, or full, becomes NaN.
    """
    line = np.empty(raw.shape[1], raw.dtype)
    rows = raw.shape[0]
    for i in range(rows):
        r = top + (rows - 1 - i if flip_rows else i)
        for k in range(places.shape[0]):
            start, width, left, flip_columns = places[k, 0], places[k, 1], places[k, 5], places[k, 6]
            right = left + width
            saturation, gain, scale, light = numbers[k, 0], numbers[k, 1], numbers[k, 4], numbers[k, 5]
            if flip_columns:
                for c in range(width):
                    line[c] = raw[i, start + width - 1 - c]
                _read(line[:width], saturation, by_row[i, k], out[r, left:right])
            else:
                _read(raw[i, start : start + width], saturation, by_row[i, k], out[r, left:right])
            if by_column.shape[1]:
                _subtract(by_column[k, :width], out[r, left:right])
            for step in tape:
                if step == LINEARIZE:
                    _linearize(coefficients, out[r, left:right])
                elif step == GAIN:
                    _multiply(gain, out[r, left:right])
                elif step == BIAS:
                    _subtract(bias[r, left:right], out[r, left:right])
                elif step == DARK:
                    _subtract_scaled(dark[r, left:right], scale, out[r, left:right])
                elif step == DARK_LESS_BIAS:
                    _subtract_difference(dark[r, left:right], bias[r, left:right], scale, out[r, left:right])
                elif step == FLAT:
                    _divide(flat[r, left:right], light, out[r, left:right])
