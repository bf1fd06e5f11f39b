"""Calibration, row by row: each step goes over one row of one amplifier while that row is in the processor's cache.

A step is a few lines over a row; `calibrate_rows` does a frame's steps in the order of its recipe. Variances are
carried along, and become standard deviations at the end. The bits of the plane MASK are those of
`toros.reduction.flags.Flag`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from toros.reduction.compiled import compiled, inner

__all__ = [
    "BIAS", "BIAS_ERROR", "DARK", "DARK_BIAS_ERROR", "DARK_ERROR", "DARK_FLAT_END", "DARK_LESS_BIAS", "END", "FLAT",
    "FLAT_ERROR", "GAIN", "LINEARIZE", "MEAN", "MEDIAN", "NOISE", "NO_OVERSCAN", "READ", "READ_BIAS_NOISE",
    "READ_LEVELS", "READ_OWN", "TRIMMED_MEAN", "calibrate_rows", "level_rows",
]  # fmt: skip

# what is done to a row, one after another; a name with two words is two steps in one movement, for the usual order
(
    READ, READ_LEVELS, READ_OWN, READ_BIAS_NOISE, LINEARIZE, GAIN, BIAS, BIAS_ERROR, NOISE, DARK, DARK_LESS_BIAS,
    DARK_ERROR, DARK_BIAS_ERROR, FLAT, FLAT_ERROR, DARK_FLAT_END, END,
) = range(17)  # fmt: skip
# what becomes of the overscan of a row
NO_OVERSCAN, MEDIAN, MEAN, TRIMMED_MEAN = range(4)
PIECE = 1400  # pixels; with every plane that a step reads it fits the nearest cache
HALF = np.int32(0x7FFFFFFF)
INFINITY_BITS = np.int32(0x7F800000)
NAN = np.float32(np.nan)


@inner
def _level(row: NDArray[np.float32], how: int) -> np.float32:
    """Return the median, mean or trimmed mean (without the least and the greatest) of the pixels that have a value.

    The row is written over.
    """
    if how != MEDIAN:
        level = _mean(row, how)
        if np.isfinite(level):
            return level
    n = 0
    for i in range(row.size):
        row[n] = row[i]
        n += np.isfinite(row[n])
    if n == 0:
        return NAN
    return _median(row[:n]) if how == MEDIAN else _mean(row[:n], how)


@inner
def _mean(row: NDArray[np.float32], how: int) -> np.float32:
    total, n = _sum(row), row.size
    if how == MEAN or n < 3:
        return np.float32(total / n)
    bits = row.view(np.int32)
    least, greatest = _key(bits[0]), _key(bits[0])
    for i in range(n):  # of whole numbers the least is found many at a time, of floats it is not
        least = min(least, _key(bits[i]))
    for i in range(n):
        greatest = max(greatest, _key(bits[i]))
    return np.float32((total - _number(least) - _number(greatest)) / (n - 2))


@inner
def _key(bits: np.int32) -> np.int32:
    """Return a whole number that sorts as the float of these bits does."""
    return np.int32(bits ^ ((bits >> np.int32(31)) & HALF))


@inner
def _number(key: np.int32) -> np.float32:
    """Return the float of a key."""
    bits = np.empty(1, np.int32)
    bits[0] = _key(key)
    number: np.float32 = bits.view(np.float32)[0]
    return number


@inner
def _sum(row: NDArray[np.float32]) -> float:
    """Return the sum, in four parts that do not wait for one another."""
    a, b, c, d = 0.0, 0.0, 0.0, 0.0
    whole = row.size // 4 * 4
    for i in range(0, whole, 4):
        a += row[i]
        b += row[i + 1]
        c += row[i + 2]
        d += row[i + 3]
    for i in range(whole, row.size):
        a += row[i]
    return (a + b) + (c + d)


@inner
def _median(values: NDArray[np.float32]) -> np.float32:
    """Return the median, and write over the values: halving the range of their bits, which sort as the numbers do.

    Counting what lies below a bound goes over the row eight values at a time; sorting cannot.
    """
    keys, n = values.view(np.int32), values.size
    for i in range(n):
        keys[i] = _key(keys[i])
    low, high = keys[0], keys[0]
    for i in range(1, n):
        low, high = min(low, keys[i]), max(high, keys[i])
    wanted = (n + 1) // 2
    while low < high:
        middle = np.int32((np.int64(low) + np.int64(high)) >> 1)
        if _count(keys, n, middle) >= wanted:
            high = middle
        else:
            low = np.int32(middle + 1)
    lower, upper = low, low
    if n % 2 == 0 and _count(keys, n, low) == wanted:
        upper = HALF
        for i in range(n):
            if keys[i] > low:
                upper = min(upper, keys[i])
    return np.float32((_number(lower) + _number(upper)) * np.float32(0.5))


@inner
def _count(keys: NDArray[np.int32], n: int, bound: np.int32) -> np.int32:
    found = np.int32(0)
    for i in range(n):
        found += np.int32(keys[i] <= bound)
    return found


@compiled
def level_rows(
    raw: NDArray[Any], places: NDArray[np.int64], levels: NDArray[np.float32], out: NDArray[np.float32]
) -> None:
    """Say what the overscan of each row and amplifier is: as measured now, or one number for all rows, or nothing.

    Parameters
    ----------
    raw, places, levels
        As `calibrate_rows` takes them.
    out : float32 array, shape (rows of `raw`, amplifiers)
        Filled.
    """
    line = np.empty(raw.shape[1], np.float32)
    for i in range(raw.shape[0]):
        for k in range(places.shape[0]):
            over, over_width, how = places[k, 2], places[k, 3], places[k, 4]
            if how != NO_OVERSCAN:
                _copied(raw[i, over : over + over_width], line[:over_width])
                out[i, k] = _level(line[:over_width], how)
            else:
                out[i, k] = levels[k, 0] if levels.shape[1] == 1 else np.float32(0)


@inner
def _read(raw: NDArray[np.float32], level: np.float32, x: NDArray[np.float32]) -> None:
    """Begin a row: its counts without the overscan's level."""
    for i in range(x.size):
        x[i] = raw[i] - level


@inner
def _square(v: NDArray[np.float32]) -> None:
    for i in range(v.size):
        v[i] *= v[i]


@inner
def _read_bias_noise(
    raw: NDArray[Any], level: np.float32, bias: NDArray[np.float32], gain: np.float32, read_noise: np.float32,
    x: NDArray[np.float32], v: NDArray[np.float32],
) -> None:  # fmt: skip
    """Begin a row, subtract the bias and make the noise, in one movement."""
    square = read_noise * read_noise
    per_square = np.float32(1) / (gain * gain)
    for i in range(x.size):
        value = np.float32(raw[i]) - level - bias[i]
        x[i] = value
        v[i] = (max(gain * value, np.float32(0)) + square) * per_square


@inner
def _linearize(coefficients: NDArray[np.float32], x: NDArray[np.float32], v: NDArray[np.float32]) -> None:
    """Return counts to what the light was: x (1 + c1 x + c2 x**2 ...); the variance by the slope squared."""
    for i in range(x.size):
        value = np.float32(0)
        slope = np.float32(0)
        for k in range(coefficients.size - 1, -1, -1):
            value = (value + coefficients[k]) * x[i]
            slope = (slope + np.float32(k + 2) * coefficients[k]) * x[i]
        x[i] += x[i] * value
        slope += np.float32(1)
        v[i] *= slope * slope


@inner
def _multiply(factor: np.float32, x: NDArray[np.float32], v: NDArray[np.float32]) -> None:
    square = factor * factor
    for i in range(x.size):
        x[i] *= factor
        v[i] *= square


@inner
def _subtract(master: NDArray[np.float32], x: NDArray[np.float32]) -> None:
    for i in range(x.size):
        x[i] -= master[i]


@inner
def _add_square(error: NDArray[np.float32], scale: np.float32, v: NDArray[np.float32]) -> None:
    for i in range(v.size):
        e = scale * error[i]
        v[i] += e * e


@inner
def _add_noise(gain: np.float32, read_noise: np.float32, x: NDArray[np.float32], v: NDArray[np.float32]) -> None:
    """Add photon and read noise: (gain x + read_noise**2) / gain**2; counts below zero hold no photons."""
    square = read_noise * read_noise
    per_gain = np.float32(1) / gain
    for i in range(x.size):
        photons = max(gain * x[i], np.float32(0))
        v[i] += (photons + square) * per_gain * per_gain


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
def _divide(flat: NDArray[np.float32], level: np.float32, x: NDArray[np.float32], v: NDArray[np.float32]) -> None:
    """Divide by flat / level; where the flat is not above zero there is no value."""
    for i in range(x.size):
        factor = level / (flat[i] if flat[i] > 0 else NAN)
        x[i] *= factor
        v[i] *= factor * factor


@inner
def _add_flat_error(
    flat: NDArray[np.float32], error: NDArray[np.float32], x: NDArray[np.float32], v: NDArray[np.float32]
) -> None:
    """Add what the flat's own error makes of the quotient."""
    for i in range(x.size):
        part = x[i] * (error[i] / flat[i])
        v[i] += part * part


@inner
def _dark_flat_end(
    dark: NDArray[np.float32], scale: np.float32, flat: NDArray[np.float32], level: np.float32,
    x: NDArray[np.float32], v: NDArray[np.float32],
) -> None:  # fmt: skip
    """Subtract the dark, divide by the flat and end the row, in one movement; for a flat without errors."""
    for i in range(x.size):
        factor = level / (flat[i] if flat[i] > 0 else NAN)
        x[i] = (x[i] - scale * dark[i]) * factor
        v[i] = np.sqrt(v[i]) * abs(factor)


@inner
def _usual_row(
    raw: NDArray[Any], level: np.float32, bias: NDArray[np.float32], gain: np.float32, read_noise: np.float32,
    dark: NDArray[np.float32], scale: np.float32, flat: NDArray[np.float32], light: np.float32,
    x: NDArray[np.float32], v: NDArray[np.float32],
) -> None:  # fmt: skip
    """Do READ_BIAS_NOISE and DARK_FLAT_END in one movement: what is written need not be read again."""
    square = read_noise * read_noise
    per_square = np.float32(1) / (gain * gain)
    for i in range(x.size):
        value = np.float32(raw[i]) - level - bias[i]
        variance = (max(gain * value, np.float32(0)) + square) * per_square
        factor = light / (flat[i] if flat[i] > 0 else NAN)
        x[i] = (value - scale * dark[i]) * factor
        v[i] = np.sqrt(variance) * abs(factor)


@inner
def _turned(row: NDArray[Any], x: NDArray[np.float32]) -> None:
    """Copy a row from its end to its beginning."""
    last = x.size - 1
    for i in range(x.size):
        x[i] = row[last - i]


@inner
def _copied(row: NDArray[Any], x: NDArray[np.float32]) -> None:
    for i in range(x.size):
        x[i] = row[i]


@inner
def _mark(bad: NDArray[np.uint8], f: NDArray[np.uint8]) -> None:
    for i in range(f.size):
        f[i] |= np.uint8(bad[i] != 0) << np.uint8(2)


@inner
def _root(v: NDArray[np.float32]) -> None:
    for i in range(v.size):
        v[i] = np.sqrt(v[i])


@inner
def _is_any_full(raw: NDArray[Any], saturation: np.float32) -> bool:
    """Tell it by the greatest, which of whole numbers is found many at a time; of floats it is not."""
    fullest = raw[0]
    for i in range(raw.size):
        fullest = max(fullest, raw[i])
    return not fullest < saturation


@inner
def _is_any_float_full(raw: NDArray[np.float32], saturation: np.float32) -> bool:
    full = np.int32(0)
    for i in range(raw.size):
        full |= np.int32(raw[i] >= saturation)
    return bool(full)


@inner
def _flag(
    raw: NDArray[Any], full: bool, saturation: np.float32, flat: NDArray[np.float32], x: NDArray[np.float32],
    f: NDArray[np.uint8],
) -> None:  # fmt: skip
    """Say of each pixel whether it has no value, is full, or has no light in the flat.

    Seldom is there any, and to look first takes less: the bits of numbers sort as whole numbers do, and their greatest
    is found many at a time. `full` tells whether any is full.
    """
    bits = x.view(np.int32)
    greatest = np.int32(0)
    for i in range(x.size):
        greatest = max(greatest, np.int32(bits[i] & HALF))
    f[:] = np.uint8(0)
    if greatest >= INFINITY_BITS or full:
        for i in range(x.size):
            f[i] = np.uint8((bits[i] & HALF) >= INFINITY_BITS) | (np.uint8(raw[i] >= saturation) << np.uint8(1))
        for i in range(flat.size):
            f[i] |= np.uint8(not flat[i] > 0) << np.uint8(3)


@inner
def _calibrate_row(
    tape: NDArray[np.int64], raw: NDArray[np.float32], level: np.float32,
    levels: NDArray[np.float32], numbers: NDArray[np.float32], coefficients: NDArray[np.float32],
    bias: NDArray[np.float32], bias_error: NDArray[np.float32], dark: NDArray[np.float32],
    dark_error: NDArray[np.float32], flat: NDArray[np.float32], flat_error: NDArray[np.float32],
    data: NDArray[np.float32], error: NDArray[np.float32], flags: NDArray[np.uint8], r: int, left: int,
) -> None:  # fmt: skip
    """Do what the tape says to a row, in pieces that fit the nearest cache with every plane that is read."""
    saturation, gain, noise_gain, read_noise, scale, light = numbers
    width = raw.size
    pieces = (width + PIECE - 1) // PIECE
    for p in range(pieces):
        first, last = p * width // pieces, (p + 1) * width // pieces
        a, b = left + first, left + last
        # slices stand in the calls themselves: a name for each would cost more than the step (counted references)
        for step in tape:
            if step == READ:
                _read(raw[first:last], level, data[r, a:b])
                error[r, a:b] = np.float32(0)
            elif step == READ_LEVELS:
                _read(raw[first:last], level, data[r, a:b])
                _subtract(levels[first:last], data[r, a:b])
                error[r, a:b] = np.float32(0)
            elif step == READ_OWN:
                _read(raw[first:last], level, data[r, a:b])
                _square(error[r, a:b])
            elif step == READ_BIAS_NOISE:
                _read_bias_noise(
                    raw[first:last], level, bias[r, a:b], noise_gain, read_noise, data[r, a:b], error[r, a:b]
                )
            elif step == LINEARIZE:
                _linearize(coefficients, data[r, a:b], error[r, a:b])
            elif step == GAIN:
                _multiply(gain, data[r, a:b], error[r, a:b])
            elif step == BIAS:
                _subtract(bias[r, a:b], data[r, a:b])
            elif step == BIAS_ERROR:
                _add_square(bias_error[r, a:b], np.float32(1), error[r, a:b])
            elif step == NOISE:
                _add_noise(noise_gain, read_noise, data[r, a:b], error[r, a:b])
            elif step == DARK:
                _subtract_scaled(dark[r, a:b], scale, data[r, a:b])
            elif step == DARK_LESS_BIAS:
                _subtract_difference(dark[r, a:b], bias[r, a:b], scale, data[r, a:b])
            elif step == DARK_ERROR:
                _add_square(dark_error[r, a:b], scale, error[r, a:b])
            elif step == DARK_BIAS_ERROR:
                _add_square(bias_error[r, a:b], scale, error[r, a:b])
            elif step == FLAT:
                _divide(flat[r, a:b], light, data[r, a:b], error[r, a:b])
            elif step == FLAT_ERROR:
                _add_flat_error(flat[r, a:b], flat_error[r, a:b], data[r, a:b], error[r, a:b])
            elif step == DARK_FLAT_END:
                _dark_flat_end(dark[r, a:b], scale, flat[r, a:b], light, data[r, a:b], error[r, a:b])
            elif step == END:
                _root(error[r, a:b])
        full = _is_any_float_full(raw[first:last], saturation)
        if flat.size:
            _flag(raw[first:last], full, saturation, flat[r, a:b], data[r, a:b], flags[r, a:b])
        else:
            _flag(raw[first:last], full, saturation, levels[:0], data[r, a:b], flags[r, a:b])


@compiled
def calibrate_rows(
    raw: NDArray[Any], places: NDArray[np.int64], top: int, flip_rows: bool, tape: NDArray[np.int64],
    numbers: NDArray[np.float32], coefficients: NDArray[np.float32], levels: NDArray[np.float32], bias: Any, dark: Any,
    flat: Any, bad: NDArray[np.uint8], data: NDArray[np.float32], error: NDArray[np.float32],
    flags: NDArray[np.uint8],
) -> None:  # fmt: skip
    """Calibrate rows that several amplifiers share, all of a row before the next: memory is read as it lies.

    Parameters
    ----------
    raw : array, shape (n, columns of the raw array)
        Raw rows; counts.
    places : int64 array, shape (amplifiers, 7)
        First column of its pixels in `raw` and how many; first column of its overscan and how many; how the overscan
        of a row is measured; its first column in `data`; whether its columns are turned round.
    top : int
        First row in `data`.
    flip_rows : bool
        Whether the order of the rows is turned round.
    tape : int64 array
        What is done, in order, from a READ to END.
    numbers : float32 array, shape (amplifiers, 6)
        Saturation (counts), gain applied by GAIN, gain and read noise of NOISE, scale of the dark, what the flat is
        divided by.
    coefficients : float32 array
        Of LINEARIZE.
    levels : float32 array, shape (amplifiers, 0), (amplifiers, 1) or (amplifiers, columns of each)
        Overscan that was measured before: one number, or one a column.
    bias, dark, flat : tuple of array
        Values (float32), errors (float32) and mask (uint8) in the place of `data`; of no rows where there is none.
    bad : uint8 array
        Pixels that are bad, in the place of `data`; of no rows where there is none.
    data, error : float32 array
        Filled: the image and its standard deviation.
    flags : uint8 array
        Filled: why a pixel is masked.
    """
    bias_image, bias_error, bias_mask = bias
    dark_image, dark_error, dark_mask = dark
    flat_image, flat_error, flat_mask = flat
    line = np.empty(raw.shape[1], np.float32)
    rows = raw.shape[0]
    usual = tape.size == 2 and tape[0] == READ_BIAS_NOISE and tape[1] == DARK_FLAT_END
    for i in range(rows):
        r = top + (rows - 1 - i if flip_rows else i)
        for k in range(places.shape[0]):
            start, width, over, over_width, how, left, flip_columns = places[k]
            level = levels[k, 0] if levels.shape[1] == 1 else np.float32(0)
            if how != NO_OVERSCAN:
                _copied(raw[i, over : over + over_width], line[:over_width])
                level = _level(line[:over_width], how)
            if usual and not flip_columns:
                saturation, noise_gain, read_noise = numbers[k, 0], numbers[k, 2], numbers[k, 3]
                scale, light = numbers[k, 4], numbers[k, 5]
                pieces = (width + PIECE - 1) // PIECE
                for p in range(pieces):
                    first, last = p * width // pieces, (p + 1) * width // pieces
                    s, t, a, b = start + first, start + last, left + first, left + last
                    _usual_row(
                        raw[i, s:t], level, bias_image[r, a:b], noise_gain, read_noise, dark_image[r, a:b], scale,
                        flat_image[r, a:b], light, data[r, a:b], error[r, a:b],
                    )  # fmt: skip
                    full = _is_any_full(raw[i, s:t], saturation)
                    _flag(raw[i, s:t], full, saturation, flat_image[r, a:b], data[r, a:b], flags[r, a:b])
            else:  # on a copy as float32: the steps are then compiled for one type of counts
                if flip_columns:
                    _turned(raw[i, start : start + width], line[:width])
                else:
                    _copied(raw[i, start : start + width], line[:width])
                _calibrate_row(
                    tape, line[:width], level, levels[k], numbers[k], coefficients, bias_image, bias_error, dark_image,
                    dark_error, flat_image, flat_error, data, error, flags, r, left,
                )  # fmt: skip
            for mask in (bias_mask, dark_mask, flat_mask, bad):
                if mask.size:
                    _mark(mask[r, left : left + width], flags[r, left : left + width])
