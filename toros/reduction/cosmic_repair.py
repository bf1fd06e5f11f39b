"""What is done to single pixels before and after cosmic rays are looked for: marking bad ones, and replacing values."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from toros.reduction.compiled import compiled, inner

__all__ = ["HIT", "fill_holes", "mark_bad", "replace_hits"]

BAD, HIT = np.uint8(1), np.uint8(2)  # bits of the flags


@compiled
def mark_bad(
    image: NDArray[np.float32],
    variance: NDArray[np.float32],
    mask: NDArray[np.bool_],
    saturation: np.float32,
    flags: NDArray[np.uint8],
) -> bool:
    """Flag as BAD what is masked or not finite, with its neighbours, and saturated stars with more around them.

    Parameters
    ----------
    image, variance, mask : array (rows, columns)
        A variance or mask without pixels says nothing.
    saturation : float32
        In the image's units.
    flags : array (rows, columns), uint8
        Written to.

    Returns
    -------
    bool
        Whether any pixel of the image or the variance is not finite.
    """
    holes = False
    for i in range(image.shape[0]):
        for j in range(image.shape[1]):
            hole = not np.isfinite(image[i, j]) or (variance.size > 0 and not np.isfinite(variance[i, j]))
            holes |= hole
            reach, most = 0, 0
            if hole or (mask.size > 0 and mask[i, j]):
                reach, most = 1, 2
            # a cosmic ray can saturate too, but only a star is bright all around
            if image[i, j] >= saturation and _is_bright_around(image, i, j, saturation / np.float32(10)):
                reach, most = 4, 6
            if reach:  # one call, so that it is compiled once: a number that is written out counts as a type of its own
                _mark_around(flags, i, j, reach, most)
    return holes


@inner
def _mark_around(flags: NDArray[np.uint8], row: int, column: int, reach: int, most: int) -> None:
    """Flag pixels up to `reach` away in rows and in columns, and up to `most` in the sum of both."""
    for i in range(max(0, row - reach), min(flags.shape[0], row + reach + 1)):
        for j in range(max(0, column - reach), min(flags.shape[1], column + reach + 1)):
            if abs(i - row) + abs(j - column) <= most:
                flags[i, j] |= BAD


@inner
def _is_bright_around(image: NDArray[np.float32], row: int, column: int, level: np.float32) -> bool:
    """Tell whether the median of the medians of 7 rows of 7 pixels exceeds a level; what is not finite does.

    It does where most rows have most of their pixels above.
    """
    rows = columns = above = 0
    for i in range(max(0, row - 3), min(image.shape[0], row + 4)):
        columns = bright = 0
        for j in range(max(0, column - 3), min(image.shape[1], column + 4)):
            columns += 1
            bright += not image[i, j] <= level
        rows += 1
        above += 2 * bright > columns
    return 2 * above > rows


@compiled
def fill_holes(values: NDArray[np.float32], flags: NDArray[np.uint8], level: np.float32) -> None:
    """Replace what is not finite by the mean of the good pixels around, or by `level`."""
    for i in range(values.shape[0]):
        for j in range(values.shape[1]):
            if not np.isfinite(values[i, j]):
                values[i, j] = _mean_around(values, flags, i, j, level)


@inner
def _mean_around(
    values: NDArray[np.float32], flags: NDArray[np.uint8], row: int, column: int, level: np.float32
) -> np.float32:
    """Return the mean of the good pixels in 5 x 5 around a pixel, or `level` where there are none."""
    total, number = np.float32(0), 0
    for i in range(max(0, row - 2), min(values.shape[0], row + 3)):
        for j in range(max(0, column - 2), min(values.shape[1], column + 3)):
            if flags[i, j] == 0:
                total += values[i, j]
                number += 1
    return total / np.float32(number) if number else level


@compiled
def replace_hits(
    image: NDArray[np.float32],
    variance: NDArray[np.float32],
    flags: NDArray[np.uint8],
    cells: NDArray[np.bool_],
    levels: tuple[np.float32, np.float32],
    size: int,
    margin: int,
) -> None:
    """Replace the cosmic rays in the cells that are marked, and mark the cells that see something else than before.

    Parameters
    ----------
    image, variance : array (rows, columns), float32
        Written to; a variance without pixels is left alone.
    flags : array (rows, columns), uint8
        Which pixels are good.
    cells : array (rows, columns), bool
        Read, then written to.
    levels : float32, float32
        What stands in an image and in a variance where no pixel in 5 x 5 is good.
    size, margin : int
        How many pixels a cell has in rows and columns, and how far around it it sees.
    """
    found = cells.copy()
    cells[:] = False
    reach = 4  # a hit grows by 2 out of its cell, and the means that it takes part in reach 2 further
    for i in range(cells.shape[0]):
        for j in range(cells.shape[1]):
            if not found[i, j]:
                continue
            for row in range(max(0, i * size - reach), min(image.shape[0], (i + 1) * size + reach)):
                for column in range(max(0, j * size - reach), min(image.shape[1], (j + 1) * size + reach)):
                    if flags[row, column] & HIT and _replace(image, variance, flags, row, column, levels):
                        _mark_cells(cells, row, column, size, margin)


@inner
def _replace(
    image: NDArray[np.float32],
    variance: NDArray[np.float32],
    flags: NDArray[np.uint8],
    row: int,
    column: int,
    levels: tuple[np.float32, np.float32],
) -> bool:
    """Write the mean of the good pixels around, and tell whether that is another value."""
    before = image[row, column]
    image[row, column] = _mean_around(image, flags, row, column, levels[0])
    changed = before != image[row, column]
    if variance.size:
        before = variance[row, column]
        variance[row, column] = _mean_around(variance, flags, row, column, levels[1])
        changed |= before != variance[row, column]
    return bool(changed)


@inner
def _mark_cells(cells: NDArray[np.bool_], row: int, column: int, size: int, margin: int) -> None:
    """Mark the cells that see a pixel."""
    for i in range(max(0, row - margin) // size, min(cells.shape[0], (row + margin) // size + 1)):
        for j in range(max(0, column - margin) // size, min(cells.shape[1], (column + margin) // size + 1)):
            cells[i, j] = True
