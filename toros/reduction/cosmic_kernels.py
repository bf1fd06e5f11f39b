"""LA Cosmic on one small cell of an image at a time, so that all that is computed stays in the processor's cache.

What is decided about the pixels of a cell depends on the pixels around it up to `MARGIN`; both together are a patch. A
patch is kept as one long row: a filter along rows or columns is then one loop over all of it, eight pixels at a time,
and its value stands where its window begins. At the end of each line windows run on into the next; these values are
never looked at.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from toros.reduction.compiled import compiled, inner

__all__ = ["CELL", "MARGIN", "examine_cells"]

CELL = 24  # pixels, in rows and columns
# growing reaches 2 pixels, the median under S' 3 more, and the median of the variance below that 3 more
MARGIN = 8
WIDTH = CELL + 2 * MARGIN
SIZE = WIDTH * WIDTH
BAD, HIT = np.uint8(1), np.uint8(2)  # bits of the flags
SEED, BESIDE, FOUND = np.uint8(1), np.uint8(2), np.uint8(4)  # bits of the marks in a patch
LEAST_VARIANCE, LEAST_STRUCTURE = np.float32(1e-5), np.float32(0.01)
NONE, TWO, FOUR = np.float32(0), np.float32(2), np.float32(4)


@compiled
def examine_cells(
    image: NDArray[np.float32],
    variance: NDArray[np.float32],
    flags: NDArray[np.uint8],
    cells: NDArray[np.bool_],
    gain: np.float32,
    floor: np.float32,
    limits: tuple[np.float32, np.float32, np.float32],
) -> int:
    """Flag the cosmic rays in the cells that are marked, leave marked those that have any, and return the new pixels.

    Parameters
    ----------
    image, variance : array (rows, columns), float32
        In the image's units, all of it finite; a variance without pixels means that it follows from the image.
    flags : array (rows, columns), uint8
        HIT is added to it.
    cells : array (rows, columns), bool
        Which cells to look at; each reaches over CELL pixels.
    gain : float32
        Electrons for each unit.
    floor : float32
        The variance where the image is 0; electrons squared. For an image without a variance of its own.
    limits : float32, float32, float32
        How many times the noise S' has to exceed in a pixel, and beside one that has been found; how many times the
        fine structure.
    """
    electrons, spread = np.empty(SIZE, np.float32), np.empty(SIZE, np.float32)
    work, marks = np.zeros((4, SIZE), np.float32), np.zeros(SIZE, np.uint8)
    found = 0
    for i in range(cells.shape[0]):
        for j in range(cells.shape[1]):
            if not cells[i, j]:
                continue
            cells[i, j] = False
            row, column = i * CELL - MARGIN, j * CELL - MARGIN
            _cut(image, row, column, gain, electrons)
            if variance.size:
                _cut(variance, row, column, gain * gain, spread)
            else:
                for k in range(SIZE):
                    spread[k] = electrons[k] + floor
            _laplacian(electrons, work[0])
            if not _may_have_hits(work[0], spread, limits[0]):
                continue
            if not _weigh(spread, work, flags, row, column, limits[0]):
                continue
            if _mark_seeds(electrons, work, limits, marks):
                number, cells[i, j] = _grow(work[2], marks, flags, row, column, limits)
                found += number
    return found


@inner
def _mirrored(index: int, number: int) -> int:
    """Return which of `number` pixels stands at an index outside of them, were there a mirror at each end."""
    if number == 1:
        return 0
    index %= 2 * number - 2
    return index if index < number else 2 * number - 2 - index


@inner
def _cut(values: NDArray[np.float32], row: int, column: int, scale: np.float32, patch: NDArray[np.float32]) -> None:
    """Copy a patch, multiplied by `scale`; `row` and `column` are its first, and may lie outside the image."""
    rows, columns = values.shape
    inside = column >= 0 and column + WIDTH <= columns
    for i in range(WIDTH):
        line = values[_mirrored(row + i, rows)]
        to = patch[i * WIDTH : (i + 1) * WIDTH]
        if inside:
            of = line[column : column + WIDTH]
            for j in range(WIDTH):
                to[j] = of[j] * scale
        else:
            for j in range(WIDTH):
                to[j] = line[_mirrored(column + j, columns)] * scale


@inner
def _laplacian(values: NDArray[np.float32], result: NDArray[np.float32]) -> None:
    """Write the positive part of the Laplacian (van Dokkum 2001, eq. 7 to 10); it stands 1 pixel before its centre.

    Each pixel is cut into four; a quarter has two neighbours in its own pixel, which leaves the pixel twice, less the
    neighbour beside and the one above or below. The order of the sums is astroscrappy's, and so are the last digits.
    """
    above, left, centre, right = values[1:], values[WIDTH:], values[WIDTH + 1 :], values[WIDTH + 2 :]
    below = values[2 * WIDTH + 1 :]
    for k in range(SIZE - 2 * WIDTH - 2):
        c, beside = centre[k], FOUR * centre[k]
        first = max(beside - c - left[k] - c - above[k], NONE)
        second = max(beside - c - left[k] - below[k] - c, NONE)
        third = max(beside - right[k] - c - below[k] - c, NONE)
        fourth = max(beside - right[k] - c - c - above[k], NONE)
        result[k] = (first + second + third + fourth) / FOUR


@inner
def _may_have_hits(laplacian: NDArray[np.float32], spread: NDArray[np.float32], limit: np.float32) -> bool:
    """Tell whether the Laplacian in the cell exceeds the limit anywhere, were the noise as low as it can be.

    No median of the variance is less than the least variance, so nothing is missed; most cells end here.
    """
    least = spread[0]
    for k in range(SIZE):
        least = min(least, spread[k])
    most = NONE
    for i in range(MARGIN, MARGIN + CELL):
        line = laplacian[(i - 1) * WIDTH + MARGIN - 1 : (i - 1) * WIDTH + MARGIN - 1 + CELL]
        for j in range(CELL):
            most = max(most, line[j])
    return bool(most / (TWO * np.sqrt(max(least, LEAST_VARIANCE))) > limit)


@inner
def _weigh(
    spread: NDArray[np.float32],
    work: NDArray[np.float32],
    flags: NDArray[np.uint8],
    row: int,
    column: int,
    limit: np.float32,
) -> bool:
    """Turn the Laplacian into its significance S' and the noise, and tell whether S' exceeds the limit in the cell.

    `work` holds the Laplacian first, S' third, and the noise fourth; these two stand 3 pixels before their centres.
    """
    laplacian, medians, significance, noise = work[0], work[1], work[2], work[3]
    _medians_of_7(spread, medians, noise)
    shifted = laplacian[2 * WIDTH + 2 :]
    for k in range(SIZE - 6 * WIDTH - 6):
        noise[k] = np.sqrt(max(noise[k], LEAST_VARIANCE))
        significance[k] = shifted[k] / (TWO * noise[k])
    if not _is_any_above(significance, limit):
        return False
    _medians_of_7(significance, medians, laplacian)
    shifted = significance[3 * WIDTH + 3 :]
    for k in range(SIZE - 12 * WIDTH - 12):
        shifted[k] -= laplacian[k]
    _spare_bad(significance, flags, row, column)
    return _is_any_above(significance, limit)


@inner
def _mark_seeds(
    electrons: NDArray[np.float32],
    work: NDArray[np.float32],
    limits: tuple[np.float32, np.float32, np.float32],
    marks: NDArray[np.uint8],
) -> bool:
    """Mark the pixels of the cell that are cosmic rays by themselves, and tell whether there are any.

    The fine structure overwrites `electrons`.
    """
    smooth, medians, significance, noise = work[0], work[1], work[2], work[3]
    _medians_of_5(electrons, medians, electrons)
    _medians_of_9(electrons, medians, smooth)
    any_seed = False
    for i in range(MARGIN, MARGIN + CELL):
        for k in range(i * WIDTH + MARGIN, i * WIDTH + MARGIN + CELL):
            ahead = k - 3 * WIDTH - 3
            s = significance[ahead]
            structure = (electrons[k - 2 * WIDTH - 2] - smooth[k - 6 * WIDTH - 6]) / noise[ahead]
            if s > limits[0] and s / max(structure, LEAST_STRUCTURE) > limits[2]:
                marks[k] = SEED
                any_seed = True
    return any_seed


@inner
def _is_any_above(significance: NDArray[np.float32], limit: np.float32) -> bool:
    """Tell whether any pixel of the cell exceeds the limit."""
    most = NONE
    for i in range(MARGIN - 3, MARGIN - 3 + CELL):
        line = significance[i * WIDTH + MARGIN - 3 : i * WIDTH + MARGIN - 3 + CELL]
        for j in range(CELL):
            most = max(most, line[j])
    return bool(most > limit)


@inner
def _spare_bad(significance: NDArray[np.float32], flags: NDArray[np.uint8], row: int, column: int) -> None:
    """Leave no significance to pixels that cannot be cosmic rays: bad ones, and what a mirror shows."""
    for i in range(MARGIN - 2, MARGIN + CELL + 2):
        for j in range(MARGIN - 2, MARGIN + CELL + 2):
            y, x = row + i, column + j
            if y < 0 or x < 0 or y >= flags.shape[0] or x >= flags.shape[1] or flags[y, x] & BAD:
                significance[(i - 3) * WIDTH + j - 3] = -np.inf


@inner
def _grow(
    significance: NDArray[np.float32],
    marks: NDArray[np.uint8],
    flags: NDArray[np.uint8],
    row: int,
    column: int,
    limits: tuple[np.float32, np.float32, np.float32],
) -> tuple[int, bool]:
    """Flag the cosmic rays around the seeds of a cell; return how many are new, and whether there are any."""
    # those beside a cosmic ray need no contrast to the fine structure
    _spread_marks(significance, limits[0], marks, SEED, BESIDE)
    _spread_marks(significance, limits[1], marks, BESIDE, FOUND)
    number, any_hit = 0, False
    for k in range(SIZE):
        if marks[k] & FOUND:
            any_hit = True
            i, j = row + k // WIDTH, column + k % WIDTH
            if not flags[i, j] & HIT:
                flags[i, j] |= HIT
                number += 1
    marks[:] = 0
    return number, any_hit


@inner
def _spread_marks(
    significance: NDArray[np.float32], limit: np.float32, marks: NDArray[np.uint8], old: np.uint8, new: np.uint8
) -> None:
    """Give a new mark to what exceeds the limit among the pixels with an old one and their neighbours."""
    for k in range(SIZE):
        if marks[k] & old:
            for line in range(k - WIDTH, k + 2 * WIDTH, WIDTH):
                for near in range(line - 1, line + 2):
                    if significance[near - 3 * WIDTH - 3] > limit:
                        marks[near] |= new


@inner
def _medians_of_5(values: NDArray[np.float32], rows: NDArray[np.float32], medians: NDArray[np.float32]) -> None:
    """Write the medians of windows of 5 values in a row, and to `medians`, which may be `values`, those of 5 such rows.

    This one and the next ones forget: of some values more than half the window, neither the least nor the greatest can
    be the median; they go, another value comes in, and so on. One loop for both directions halves what is compiled.
    """
    of, to = values, rows
    for step in (1, WIDTH):
        v1, v2, v3, v4 = of[step:], of[2 * step :], of[3 * step :], of[4 * step :]
        for k in range(SIZE - 4 * step):
            a, b = _middle_of_4(of[k], v1[k], v2[k], v3[k])
            to[k] = _median_of_3(a, b, v4[k])
        of, to = rows, medians


@inner
def _medians_of_7(values: NDArray[np.float32], rows: NDArray[np.float32], medians: NDArray[np.float32]) -> None:
    """Write the medians of windows of 7 values in a row, and to `medians` those of 7 such rows."""
    of, to = values, rows
    for step in (1, WIDTH):
        v1, v2, v3 = of[step:], of[2 * step :], of[3 * step :]
        v4, v5, v6 = of[4 * step :], of[5 * step :], of[6 * step :]
        for k in range(SIZE - 6 * step):
            a, b, c = _middle_of_5(of[k], v1[k], v2[k], v3[k], v4[k])
            a, b = _middle_of_4(a, b, c, v5[k])
            to[k] = _median_of_3(a, b, v6[k])
        of, to = rows, medians


@inner
def _medians_of_9(values: NDArray[np.float32], rows: NDArray[np.float32], medians: NDArray[np.float32]) -> None:
    """Write the medians of windows of 9 values in a row, and to `medians` those of 9 such rows."""
    of, to = values, rows
    for step in (1, WIDTH):
        v1, v2, v3, v4 = of[step:], of[2 * step :], of[3 * step :], of[4 * step :]
        v5, v6, v7, v8 = of[5 * step :], of[6 * step :], of[7 * step :], of[8 * step :]
        for k in range(SIZE - 8 * step):
            a, b, c, d = _middle_of_6(of[k], v1[k], v2[k], v3[k], v4[k], v5[k])
            a, b, c = _middle_of_5(a, b, c, d, v6[k])
            a, b = _middle_of_4(a, b, c, v7[k])
            to[k] = _median_of_3(a, b, v8[k])
        of, to = rows, medians


@inner
def _median_of_3(a: np.float32, b: np.float32, c: np.float32) -> np.float32:
    return max(min(a, b), min(max(a, b), c))


@inner
def _middle_of_4(a: np.float32, b: np.float32, c: np.float32, d: np.float32) -> tuple[np.float32, np.float32]:
    """Return four values without the least and the greatest."""
    a, b = min(a, b), max(a, b)
    c, d = min(c, d), max(c, d)
    return max(a, c), min(b, d)


@inner
def _middle_of_5(
    a: np.float32, b: np.float32, c: np.float32, d: np.float32, e: np.float32
) -> tuple[np.float32, np.float32, np.float32]:
    """Return five values without the least and the greatest."""
    a, b = min(a, b), max(a, b)
    c, d = min(c, d), max(c, d)
    a, c = min(a, c), max(a, c)
    b, d = min(b, d), max(b, d)
    return b, c, min(max(e, a), d)


@inner
def _middle_of_6(
    a: np.float32, b: np.float32, c: np.float32, d: np.float32, e: np.float32, f: np.float32
) -> tuple[np.float32, np.float32, np.float32, np.float32]:
    """Return six values without the least and the greatest."""
    a, b = min(a, b), max(a, b)
    c, d = min(c, d), max(c, d)
    e, f = min(e, f), max(e, f)
    a, c = min(a, c), max(a, c)
    b, d = min(b, d), max(b, d)
    return c, b, max(a, e), min(d, f)
