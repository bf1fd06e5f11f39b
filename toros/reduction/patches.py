"""Mean and variance of the patches of flats and biases, from their differences, and the pixels that stand out.

One pass over all frames together, a band of rows at a time: of a camera of any size a few rows are in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from toros.reduction.amplifier import Amplifier

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from toros.reduction.planes import Rows

__all__ = ["Patches", "Plan", "Sample", "measure_patches"]

PATCH = 64  # pixels; side of a patch, within which light and pattern hardly change
CLIP = 4.0  # standard deviations beyond which a pixel is a star or a cosmic ray
CLIPPED = 1.00107  # what cutting a normal distribution there takes off its variance
ROUNDS = 2
NORMAL = 1.4826  # standard deviation over median absolute deviation of a normal distribution
STEP = 0.6  # counts; whole numbers know no smaller deviation
HOT = 7.0  # standard deviations of the darks above their median
DEAD, BRIGHT = 0.5, 1.5  # of the light of the pixels around


@dataclass(frozen=True)
class Sample:
    """One raw frame to learn from.

    Attributes
    ----------
    kind : {"bias", "dark", "flat"}
    image : Rows
        Raw counts, some rows at a time; all frames of one shape.
    level : float
        About its median; counts.
    exposure_time : float
        Seconds.
    filter, name : str
    """

    kind: str
    image: Rows
    level: float
    exposure_time: float = 0.0
    filter: str = ""
    name: str = ""


@dataclass(frozen=True)
class Plan:
    """Which frames are compared with which.

    Attributes
    ----------
    biases, flats, darks : sequence of Sample
    pairs : sequence of (int, int)
        Flats of nearly equal level.
    plain : (int, int) or None
        The pair in which dead pixels are looked for.
    """

    biases: Sequence[Sample]
    flats: Sequence[Sample]
    darks: Sequence[Sample]
    pairs: Sequence[tuple[int, int]]
    plain: tuple[int, int] | None


@dataclass
class Patches:
    """What one amplifier's patches say; counts.

    Attributes
    ----------
    bias : float64 array, shape (patches,)
        Level of the biases, overscan taken off where there is one.
    bias_variance : float64 array, shape (pairs of biases, patches)
        Of one bias, from their difference.
    flats : float64 array, shape (flats, patches)
        Mean above the bias.
    ratio, variance : float64 array, shape (pairs of flats, patches)
        First over second flat of a pair, and variance of the first minus ratio times the second.
    full : list of (float, int)
        Of each flat the highest count, and how many pixels have it.
    overscan, overscan_noise : float64 array, shape (frames, bands), or None
        Level and standard deviation of the overscan beside each band, of biases, flats and darks in this order.
    bad : bool array, shape of the amplifier's data, or None
        Pixels that are hot in the darks or dead in the flats; None where there are neither.
    hot, dead : int
        How many of them.
    """

    bias: NDArray[np.float64]
    bias_variance: NDArray[np.float64]
    flats: NDArray[np.float64]
    ratio: NDArray[np.float64]
    variance: NDArray[np.float64]
    full: list[tuple[float, int]]
    overscan: NDArray[np.float64] | None
    overscan_noise: NDArray[np.float64] | None
    bad: NDArray[np.bool_] | None
    hot: int
    dead: int


def measure_patches(
    plan: Plan, amplifiers: Sequence[Amplifier], progress: Callable[[float], None] | None = None
) -> list[Patches]:
    """Return what the patches of each amplifier say.

    Parameters
    ----------
    plan : Plan
    amplifiers : sequence of Amplifier
        Where their pixels and their overscan lie in the raw arrays.
    progress : callable, optional
        Told the part of the work that is done.
    """
    import numpy as np

    frames = [*plan.biases, *plan.flats, *plan.darks]
    workers = [_Worker(plan, one, _overscan_apart(one, frames)) for one in amplifiers]
    bands = [(start, stop, group) for group in _side_by_side(workers) for start, stop in _bands(group[0].amplifier)]
    for n, (start, stop, group) in enumerate(bands):
        rows = np.empty((len(frames), stop - start, frames[0].image.shape[1]), dtype=np.float32)
        for frame, out in zip(frames, rows, strict=True):
            frame.image.read(start, stop, out)
        for worker in group:
            worker.look(start, rows)
        if progress is not None:
            progress((n + 1) / len(bands))
    return [worker.patches() for worker in workers]


def _side_by_side(workers: Sequence[_Worker]) -> list[list[_Worker]]:
    """Return the amplifiers in groups that have the same rows, which are then read once."""
    groups: dict[tuple[int, int], list[_Worker]] = {}
    for worker in workers:
        groups.setdefault((worker.amplifier.data.bottom, worker.amplifier.data.top), []).append(worker)
    return list(groups.values())


def _bands(amplifier: Amplifier) -> Iterator[tuple[int, int]]:
    """Yield the rows, counted from 0, of an amplifier's bands."""
    rows = amplifier.data.shape[0]
    number = max(1, round(rows / PATCH))
    edges = [amplifier.data.bottom - 1 + rows * n // number for n in range(number + 1)]
    yield from zip(edges[:-1], edges[1:], strict=True)


def _overscan_apart(amplifier: Amplifier, frames: Sequence[Sample]) -> NDArray[np.float64] | None:
    """Return level and noise, shape (2, frames), of an overscan that does not lie beside the data's rows."""
    import numpy as np

    overscan = amplifier.overscan
    if overscan is None or _is_beside(amplifier):
        return None
    rows, columns = overscan.slices
    found = []
    for frame in frames:
        part = np.empty((overscan.shape[0], frame.image.shape[1]), dtype=np.float32)
        frame.image.read(rows.start, rows.stop, part)
        found.append(_clipped(part[:, columns].reshape(1, -1)))
    return np.array([[mean[0] for mean, _ in found], [variance[0] ** 0.5 for _, variance in found]])


def _is_beside(amplifier: Amplifier) -> bool:
    overscan, data = amplifier.overscan, amplifier.data
    return overscan is not None and overscan.bottom <= data.bottom and overscan.top >= data.top


class _Worker:
    """Looks at the bands of one amplifier and remembers what it saw."""

    def __init__(self, plan: Plan, amplifier: Amplifier, apart: NDArray[np.float64] | None) -> None:
        import numpy as np

        self.plan, self.amplifier, self._apart = plan, amplifier, apart
        self._seen: dict[str, list[Any]] = {}
        self._bad = np.zeros(amplifier.data.shape, dtype=bool)
        self._hot = self._dead = 0
        self._full = [(-np.inf, 0)] * len(plan.flats)

    def look(self, start: int, rows: NDArray[np.float32]) -> None:
        """Look at one band of all frames, whose first row is `start`."""
        import numpy as np

        data = rows[:, :, self.amplifier.data.slices[1]].copy()
        biases, flats = len(self.plan.biases), len(self.plan.flats)
        self._full = [_top(of, flat) for of, flat in zip(self._full, data[biases : biases + flats], strict=True)]
        self._take_overscan(rows, data)
        bias = np.median(data[:biases], axis=0) if biases > 2 else data[:biases].mean(axis=0)
        self._see("bias", _clipped(_tiles(bias))[0])
        pairs = range(0, biases - 1, 2)
        self._see("bias_variance", [_clipped(_tiles(data[n + 1] - data[n]))[1] / 2 for n in pairs])
        data -= bias
        self._look_at_flats(data[biases : biases + flats])
        place = slice(start - self.amplifier.data.bottom + 1, start - self.amplifier.data.bottom + 1 + len(bias))
        self._bad[place] = self._hot_pixels(data[biases + flats :]) | self._dead_pixels(data[biases : biases + flats])

    def _see(self, name: str, values: Any) -> None:
        self._seen.setdefault(name, []).append(values)

    def _take_overscan(self, rows: NDArray[np.float32], data: NDArray[np.float32]) -> None:
        """Take the overscan's level off each frame's band."""
        if self.amplifier.overscan is None:
            return
        if self._apart is not None:
            level, noise = self._apart
        else:
            found = _clipped(rows[:, :, self.amplifier.overscan.slices[1]].reshape(len(rows), -1))
            level, noise = found[0], found[1] ** 0.5
        self._see("overscan", level)
        self._see("overscan_noise", noise)
        data -= level[:, None, None].astype(data.dtype)

    def _look_at_flats(self, flats: NDArray[np.float32]) -> None:
        import numpy as np

        tiles = [_tiles(flat) for flat in flats]
        means = [_clipped(of)[0] for of in tiles]
        self._see("flats", means)
        ratios, variances = [], []
        for one, other in self.plan.pairs:
            with np.errstate(divide="ignore", invalid="ignore"):
                ratio = means[one] / means[other]
            ratios.append(ratio)
            variances.append(_clipped(tiles[one] - ratio[:, None].astype(np.float32) * tiles[other])[1])
        self._see("ratio", ratios)
        self._see("variance", variances)

    def _hot_pixels(self, darks: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Return the pixels that are bright in every dark."""
        import numpy as np

        if not len(darks):
            return np.zeros(darks.shape[1:], dtype=bool)
        least = darks.min(axis=0)
        mean, variance = _clipped(least.reshape(1, -1))
        hot = np.asarray(least > mean[0] + HOT * max(float(variance[0]) ** 0.5, STEP))
        self._hot += int(hot.sum())
        return hot

    def _dead_pixels(self, flats: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Return the pixels that see much less light, or more, than those around, in both flats of a pair."""
        import numpy as np

        dead = np.zeros(flats.shape[1:], dtype=bool)
        if self.plan.plain is None:
            return dead
        seen = []
        for n in self.plan.plain:
            around = _widened(_clipped(_tiles(flats[n]))[0], flats.shape[2])
            with np.errstate(divide="ignore", invalid="ignore"):
                seen.append(np.where(around > 0, flats[n] / around, np.float32(1)))
        one, other = seen
        dead |= (np.maximum(one, other) < DEAD) | (np.minimum(one, other) > BRIGHT)
        self._dead += int(dead.sum())
        return dead

    def patches(self) -> Patches:
        """Return what was seen."""
        import numpy as np

        def joined(name: str) -> NDArray[np.float64]:
            return np.concatenate(
                [np.atleast_1d(np.asarray(part, dtype=np.float64)) for part in self._seen[name]], axis=-1
            )

        def stacked(name: str) -> NDArray[np.float64] | None:
            return np.array(self._seen[name]).T if name in self._seen else None

        return Patches(
            bias=joined("bias"), bias_variance=joined("bias_variance"), flats=joined("flats"), ratio=joined("ratio"),
            variance=joined("variance"), full=self._full, overscan=stacked("overscan"),
            overscan_noise=stacked("overscan_noise"),
            bad=self._bad if self.plan.darks or self.plan.plain else None, hot=self._hot, dead=self._dead,
        )  # fmt: skip


def _top(known: tuple[float, int], band: NDArray[np.float32]) -> tuple[float, int]:
    """Return the highest count so far, and how many pixels have it."""
    import numpy as np

    peak = float(np.nanmax(band, initial=-np.inf))
    if peak < known[0]:
        return known
    here = int(np.count_nonzero(band == np.float32(peak)))
    return peak, here + (known[1] if peak == known[0] else 0)


def _tiles(band: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a band cut into patches, shape (patches, pixels); a few columns at the end may be left out."""
    rows, columns = band.shape
    number = max(1, round(columns / PATCH))
    width = columns // number
    return band[:, : number * width].reshape(rows, number, width).swapaxes(0, 1).reshape(number, -1)


def _widened(values: NDArray[np.float64], columns: int) -> NDArray[np.float32]:
    """Return for each column the value of its patch."""
    import numpy as np

    width = columns // len(values)
    return values[np.minimum(np.arange(columns) // width, len(values) - 1)].astype(np.float32)[None, :]


def _clipped(values: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and variance of each row without what lies far out: stars, cosmic rays, bad pixels."""
    import numpy as np

    some = values[:, :: max(1, values.shape[1] // 1024)]
    median = np.nanmedian if np.isnan(some).any() else np.median
    mean = median(some, axis=1).astype(np.float64)
    sigma = np.maximum(NORMAL * median(np.abs(some - mean[:, None].astype(np.float32)), axis=1), STEP)
    variance = sigma**2
    for _ in range(ROUNDS):
        away = values - mean[:, None].astype(np.float32)
        near = np.abs(away) <= CLIP * sigma[:, None]
        away = np.where(near, away, np.float32(0))
        number = np.maximum(near.sum(axis=1), 1)
        offset = away.sum(axis=1, dtype=np.float64) / number
        variance = np.maximum(np.einsum("ij,ij->i", away, away, dtype=np.float64) / number - offset**2, 0.0) * CLIPPED
        mean, sigma = mean + offset, np.maximum(np.sqrt(variance), STEP)
    return mean, variance
