"""Piles of pixels combined in blocks: sums of all of them, and a sorting network for those that may hold outliers.

The values of the frames at one pixel are its pile. A cube holds them as (frames, pixels), float32; what is not finite
is masked.

The loops that take the time run over neighbouring pixels with nothing but arithmetic inside, which a compiler turns
into vector instructions. What a block needs meanwhile lies in one array at fixed offsets: of many arrays a compiler
would have to prove that they do not overlap, and for more than a few it gives up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from toros.reduction.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Whole = NDArray[np.int64]

__all__ = ["CLIP", "MEDIAN", "MINMAX", "combine_piles", "unknown_errors"]

CLIP, MEDIAN, MINMAX = range(3)

TOGETHER = 4  # frames that are added in one pass over the sums
BLOCK = 1024  # pixels; their sums stay in the first cache
BATCH = 256  # piles that are sorted together; twenty values of each stay in the first cache
LANES = 32  # pixels that the compiled loops take at once
MAD_TO_SIGMA = np.float32(1.482602218505602)  # of a normal distribution
CERTAIN = np.float32(1.0001)  # far more than the rounding errors of the sums

# where in the sums of a block, and in what is made of a batch, each quantity begins
TOTAL, SQUARES, LOWEST, HIGHEST, FIRST, NUMBER, DOUBT = (BLOCK * k for k in range(7))
CENTRE, HALF, DEVIATION, MADE, ERROR, USED = (BATCH * k for k in range(6))
ZERO, ONE, TWO = np.float32(0), np.float32(1), np.float32(2)
NONE, INFINITE = np.float32(np.nan), np.float32(np.inf)


@compiled
def combine_piles(
    cube: Floats, frames: int, pixels: int, method: int, clip: float, floor: float, rounds: int, low: int, high: int,
    data: Floats, error: Floats, count: NDArray[Any],
) -> None:  # fmt: skip
    """Combine each pile to one value.

    Parameters
    ----------
    cube : array (at least frames, at least pixels)
    frames, pixels : int
        That are used.
    method : {CLIP, MEDIAN, MINMAX}
    clip : float
        CLIP: so many deviations from the median a value may lie; infinite for all of them.
    floor : float
        CLIP: least standard deviation that is believed.
    rounds : int
        CLIP: how often outliers are looked for among what is left.
    low, high : int
        MINMAX: how many of the lowest and the highest values are left out.
    data, error, count : arrays (pixels)
        Filled: value, its standard error (NaN of fewer than two), values used.

    Notes
    -----
    A median lies no further from the mean than the standard deviation. Where all values lie nearer to their mean than
    the least limit minus that, none is an outlier, and the median need not be known: nobody sorts most piles of a
    usual master.
    """
    sums = np.empty(7 * BLOCK, np.float32)
    suspects = np.empty(pixels, np.int64)
    seen = np.zeros(frames + 1, np.bool_)
    limit = np.float32(clip * floor if clip < np.inf else np.inf)
    number = 0
    for start in range(0, pixels, BLOCK):
        stop = min(start + BLOCK, pixels)
        _add_up(cube, start, stop, frames, sums)
        _means(sums, limit, data[start:stop], error[start:stop], count[start:stop])
        for j in range(stop - start):
            if sums[NUMBER + j] > ZERO and (method != CLIP or sums[DOUBT + j] > ZERO):
                suspects[number] = start + j
                number += 1
                seen[int(sums[NUMBER + j])] = True
    made = np.empty(6 * BATCH, np.float32)
    work = np.empty((frames + 2, BATCH), np.float32)
    rows = np.empty(frames + 2, np.int64)
    batch = np.empty(BATCH, np.int64)
    for k in range(1, frames + 1):
        begin = 0
        while seen[k] and begin < number:
            filled, begin = _next_batch(suspects, begin, number, count, k, batch)
            if not filled:
                break
            _gather(cube, batch, filled, frames, k, work, rows)
            _sort(work, rows, k, filled)
            _centre(work, rows, k, filled, made)
            if method == MEDIAN:
                _take_median(work, rows, k, filled, made)
            elif method == MINMAX:
                _mean_of_ranks(work, rows, low, k - high, filled, made)
            else:
                _clip(work, rows, k, filled, np.float32(clip), np.float32(floor), rounds, made)
            for j in range(filled):
                data[batch[j]], error[batch[j]], count[batch[j]] = made[MADE + j], made[ERROR + j], made[USED + j]


@compiled
def _next_batch(suspects: Whole, begin: int, number: int, count: NDArray[Any], k: int, batch: Whole) -> tuple[int, int]:
    """List the next suspects of `k` values; no pile comes twice, since what is left of one is never more than `k`."""
    filled = 0
    while begin < number and filled < BATCH:
        if count[suspects[begin]] == k:
            batch[filled] = suspects[begin]
            filled += 1
        begin += 1
    return filled, begin


@compiled
def _add_up(cube: Floats, start: int, stop: int, frames: int, sums: Floats) -> None:
    """Sum each pile of a block relative to its first value, so that nothing cancels that matters."""
    width = stop - start
    first = cube[0, start:stop]
    sums[: HIGHEST + width] = ZERO
    for i in range(0, frames, TOGETHER):
        one, two = cube[i, start:stop], cube[_or_first(i + 1, frames), start:stop]
        three, four = cube[_or_first(i + 2, frames), start:stop], cube[_or_first(i + 3, frames), start:stop]
        for j in range(width):
            a, b, c, d = one[j] - first[j], two[j] - first[j], three[j] - first[j], four[j] - first[j]
            sums[TOTAL + j] += (a + b) + (c + d)
            sums[SQUARES + j] += (a * a + b * b) + (c * c + d * d)
            # adding nothing keeps the compiler from storing only where the value changed, which is far slower
            sums[LOWEST + j] = min(sums[LOWEST + j], min(min(a, b), min(c, d))) + ZERO
            sums[HIGHEST + j] = max(sums[HIGHEST + j], max(max(a, b), max(c, d))) + ZERO
    for j in range(width):
        sums[FIRST + j] = first[j]
        sums[NUMBER + j] = frames
    for j in range(width):
        if not sums[SQUARES + j] < INFINITE:
            _add_up_holed(cube, start + j, frames, sums, j)


@compiled
def _or_first(frame: int, frames: int) -> int:
    """Return a frame, or the first instead of one beyond the last: it adds nothing to the sums relative to itself."""
    return frame if frame < frames else 0


@compiled
def _add_up_holed(cube: Floats, pixel: int, frames: int, sums: Floats, j: int) -> None:
    """Sum one pile that has masked values."""
    first, total, squares, lowest, highest, number = NONE, ZERO, ZERO, ZERO, ZERO, 0
    for i in range(frames):
        value = cube[i, pixel]
        if abs(value) < INFINITE:
            first = first if number else value
            number += 1
            value -= first
            total += value
            squares += value * value
            lowest, highest = min(lowest, value), max(highest, value)
    sums[FIRST + j], sums[TOTAL + j], sums[SQUARES + j] = first, total, squares
    sums[LOWEST + j], sums[HIGHEST + j], sums[NUMBER + j] = lowest, highest, number


@compiled
def _means(sums: Floats, limit: np.float32, data: Floats, error: Floats, count: NDArray[Any]) -> None:
    """Write the means of whole piles, and mark those that may hold an outlier."""
    for j in range(data.size):
        number = sums[NUMBER + j]
        share = ONE / number
        mean = sums[TOTAL + j] * share
        scatter = max(sums[SQUARES + j] - sums[TOTAL + j] * mean, ZERO)
        furthest = max(sums[HIGHEST + j] - mean, mean - sums[LOWEST + j]) + np.sqrt(scatter * share)
        sums[DOUBT + j] = ZERO if furthest * CERTAIN <= limit else ONE
        data[j] = sums[FIRST + j] + mean
        error[j] = np.sqrt(scatter * (share / (number - ONE)))
        count[j] = number


@compiled
def _gather(cube: Floats, batch: Whole, filled: int, frames: int, k: int, work: Floats, rows: Whole) -> None:
    """Copy the `k` values of each pile of a batch to rows that lie close together."""
    for r in range(k + 2):
        rows[r] = r
    first = batch[0]
    if k == frames and batch[filled - 1] - first == filled - 1:
        for i in range(frames):
            work[i, :filled] = cube[i, first : first + filled]
        return
    for j in range(filled):
        r = 0
        for i in range(frames):
            value = cube[i, batch[j]]
            if abs(value) < INFINITE:
                work[r, j] = value
                r += 1


@compiled
def _sort(work: Floats, rows: Whole, k: int, filled: int) -> None:
    """Sort the piles of a batch by exchanging within all of them at once.

    Notes
    -----
    Batcher's merge exchange: Knuth, The Art of Computer Programming 3, 5.2.2, algorithm M.
    """
    lanes = (filled + LANES - 1) // LANES * LANES
    top = 1
    while 2 * top < k:
        top *= 2
    p = top if k > 1 else 0
    while p > 0:
        q, r, d = top, 0, p
        while True:
            for i in range(k - d):
                if i & p == r:
                    _exchange(work, rows, i, i + d, k, lanes)
            if q == p:
                break
            d = q - p
            q //= 2
            r = p
        p //= 2


@compiled
def _exchange(work: Floats, rows: Whole, i: int, j: int, spare: int, lanes: int) -> None:
    """Bring the lesser of rows `i` and `j` to `i`, through two spare rows.

    Written to where they came from, the compiler would store under a mask, which costs four times as much.
    """
    one, other = work[rows[i]], work[rows[j]]
    lower, upper = work[rows[spare]], work[rows[spare + 1]]
    for lane in range(lanes):
        lower[lane] = min(one[lane], other[lane])
        upper[lane] = max(one[lane], other[lane])
    rows[i], rows[j], rows[spare], rows[spare + 1] = rows[spare], rows[spare + 1], rows[i], rows[j]


@compiled
def _centre(work: Floats, rows: Whole, k: int, filled: int, made: Floats) -> None:
    """Subtract the lower middle value from sorted piles; the median lies half the step to the upper one above it."""
    lower, upper = work[rows[(k - 1) // 2]], work[rows[k // 2]]
    for j in range(filled):
        made[CENTRE + j] = lower[j]
        made[HALF + j] = (upper[j] - lower[j]) / TWO
    for r in range(k):
        row = work[rows[r]]
        for j in range(filled):
            row[j] -= made[CENTRE + j]


@compiled
def _deviation(work: Floats, rows: Whole, k: int, filled: int, made: Floats) -> None:
    """Find the median absolute deviation of sorted piles, without sorting the deviations."""
    half, deviation = made[HALF : HALF + filled], made[DEVIATION : DEVIATION + filled]
    _reach(work, rows, k, (k + 1) // 2, half, deviation)
    if k % 2 == 0:
        further = made[USED : USED + filled]
        _reach(work, rows, k, k // 2 + 1, half, further)
        for j in range(filled):
            deviation[j] = (deviation[j] + further[j]) / TWO


@compiled
def _reach(work: Floats, rows: Whole, k: int, nearest: int, half: Floats, reach: Floats) -> None:
    """Find how far the nearest values reach from the median: so far as the tightest run of as many sorted values."""
    reach[:] = INFINITE
    for r in range(k - nearest + 1):
        first, last = work[rows[r]], work[rows[r + nearest - 1]]
        for j in range(reach.size):
            reach[j] = min(reach[j], max(half[j] - first[j], last[j] - half[j])) + ZERO


@compiled
def _take_median(work: Floats, rows: Whole, k: int, filled: int, made: Floats) -> None:
    _deviation(work, rows, k, filled, made)
    root = np.float32(np.sqrt(k))
    for j in range(filled):
        made[MADE + j] = made[CENTRE + j] + made[HALF + j]
        made[ERROR + j] = MAD_TO_SIGMA * made[DEVIATION + j] / root if k > 1 else NONE
        made[USED + j] = k


@compiled
def _mean_of_ranks(work: Floats, rows: Whole, start: int, stop: int, filled: int, made: Floats) -> None:
    for j in range(filled):
        made[MADE + j] = ZERO
        made[ERROR + j] = ZERO
        made[USED + j] = max(stop - start, 0)
    for r in range(start, stop):
        row = work[rows[r]]
        for j in range(filled):
            value = row[j]
            made[MADE + j] += value
            made[ERROR + j] += value * value
    _finish(filled, made)


@compiled
def _clip(
    work: Floats, rows: Whole, k: int, filled: int, clip: np.float32, floor: np.float32, rounds: int, made: Floats
) -> None:
    _deviation(work, rows, k, filled, made)
    for j in range(filled):
        made[DEVIATION + j] = clip * max(MAD_TO_SIGMA * made[DEVIATION + j], floor)
        made[MADE + j] = ZERO
        made[ERROR + j] = ZERO
        made[USED + j] = ZERO
    for r in range(k):
        row = work[rows[r]]
        for j in range(filled):
            value = row[j]
            near = abs(value - made[HALF + j]) <= made[DEVIATION + j]
            value = value if near else ZERO
            made[MADE + j] += value
            made[ERROR + j] += value * value
            made[USED + j] += ONE if near else ZERO
    _finish(filled, made)
    if rounds > 1:
        _clip_again(work, rows, k, filled, clip, floor, rounds, made)


@compiled
def _finish(filled: int, made: Floats) -> None:
    """Turn the sums of the values that were kept into their mean and its standard error."""
    for j in range(filled):
        number = made[USED + j]
        mean = made[MADE + j] / number
        scatter = max(made[ERROR + j] - made[MADE + j] * mean, ZERO)
        made[MADE + j] = made[CENTRE + j] + mean
        made[ERROR + j] = np.sqrt(scatter / (number - ONE) / number)


@compiled
def _clip_again(
    work: Floats, rows: Whole, k: int, filled: int, clip: np.float32, floor: np.float32, rounds: int, made: Floats
) -> None:
    """Look for outliers among what was left, pile by pile: few have lost anything."""
    for j in range(filled):
        start, stop = 0, k
        half, limit = made[HALF + j], made[DEVIATION + j]
        for _ in range(rounds - 1):
            before = stop - start
            while start < stop and half - work[rows[start], j] > limit:
                start += 1
            while start < stop and work[rows[stop - 1], j] - half > limit:
                stop -= 1
            left = stop - start
            if left in (0, before):
                break
            half = (work[rows[start + (left - 1) // 2], j] + work[rows[start + left // 2], j]) / TWO
            deviation = _reach_of_one(work, rows, start, stop, (left + 1) // 2, half, j)
            if left % 2 == 0:
                deviation = (deviation + _reach_of_one(work, rows, start, stop, left // 2 + 1, half, j)) / TWO
            limit = clip * max(MAD_TO_SIGMA * deviation, floor)
        if stop - start == k:
            continue
        total, squares, number = ZERO, ZERO, ZERO
        for r in range(start, stop):
            value = work[rows[r], j]
            if abs(value - half) <= limit:
                total += value
                squares += value * value
                number += ONE
        mean = total / number
        made[MADE + j] = made[CENTRE + j] + mean
        made[ERROR + j] = np.sqrt(max(squares - total * mean, ZERO) / (number - ONE) / number)
        made[USED + j] = number


@compiled
def _reach_of_one(
    work: Floats, rows: Whole, start: int, stop: int, nearest: int, half: np.float32, j: int
) -> np.float32:
    reach = INFINITE
    for r in range(start, stop - nearest + 1):
        reach = min(reach, max(half - work[rows[r], j], work[rows[r + nearest - 1], j] - half))
    return reach


@compiled
def unknown_errors(data: Floats, error: Floats, mask: NDArray[np.bool_]) -> Whole:
    """Mask the pixels without a value, and return which have no error; both while they are in the cache.

    Parameters
    ----------
    data, error : arrays (n)
    mask : array (n)
        Filled.
    """
    number = 0
    for i in range(data.size):
        mask[i] = not abs(data[i]) < INFINITE
        number += not abs(error[i]) < INFINITE
    unknown = np.empty(number, np.int64)
    filled = 0
    for i in range(data.size if number else 0):
        if not abs(error[i]) < INFINITE:
            unknown[filled] = i
            filled += 1
    return unknown
