"""What a camera's flats, biases and darks say of it: gain, read noise, saturation, linearity, overscan, bad pixels."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from toros.reduction.amplifier import Amplifier, mosaic_shape
from toros.reduction.linearity import Linearity, linearity_of
from toros.reduction.patches import Patches, Plan, Sample, measure_patches
from toros.reduction.photon_transfer import Measured, Transfer, transfer_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Learnt", "LearntAmplifier", "Overscan", "learn"]

MOST = {"bias": 20, "flat": 60, "dark": 20}  # frames of a kind; more add little
LIKE = 0.1  # part by which the levels of two flats of a pair may differ
MIDDLE = 0.5  # of the brightest flat's level: where dead pixels are looked for
FULL = 0.9  # of saturation; a flat beyond it says nothing of linearity
MOVES = 5.0  # errors by which an overscan must move to be said to drift
COUNT = 0.5  # counts, likewise


@dataclass(frozen=True)
class Overscan:
    """The overscan of one amplifier.

    Attributes
    ----------
    level : Measured
        Mean over the biases, or all frames where there are none; counts.
    noise : float
        Standard deviation of a pixel; counts.
    along : float
        By how many counts it moves from the first rows to the last, at most.
    between : float
        By how many counts it moves from frame to frame, at most.
    drifts : bool
        Whether either is more than chance.
    """

    level: Measured
    noise: float
    along: float
    between: float
    drifts: bool


@dataclass(frozen=True)
class LearntAmplifier:
    """What was learnt of one amplifier.

    Attributes
    ----------
    transfer : Transfer
        Gain, read noise, saturation, and the curve behind them.
    bias : float
        Raw counts.
    overscan : Overscan or None
    """

    transfer: Transfer
    bias: float
    overscan: Overscan | None


@dataclass(frozen=True)
class Learnt:
    """What was learnt of a camera.

    Attributes
    ----------
    amplifiers : tuple of LearntAmplifier
        In the order in which they were given.
    linearity : Linearity or None
    bad_pixels : bool array, shape of the image, or None
        Without overscan, amplifiers in their places; None where there are neither darks nor a pair of flats.
    hot, dead : int
        How many pixels of them.
    frames : dict of str to int
        How many of each kind were used, and how many pairs of flats.
    remarks : tuple of str
        What could not be learnt, and which frames it takes.
    """

    amplifiers: tuple[LearntAmplifier, ...]
    linearity: Linearity | None
    bad_pixels: NDArray[np.bool_] | None
    hot: int
    dead: int
    frames: dict[str, int]
    remarks: tuple[str, ...]


def learn(
    samples: Sequence[Sample], amplifiers: Sequence[Amplifier], progress: Callable[[float], None] | None = None
) -> Learnt:
    """Return what raw frames of one camera say of it.

    Parameters
    ----------
    samples : sequence of Sample
        Biases, flats and darks, at least two biases and two flats; taken with one read-out mode, of one shape.
    amplifiers : sequence of Amplifier
        One that covers the detector, or several.
    progress : callable, optional
        Told the part of the work that is done.

    Raises
    ------
    ValueError
        There is neither a bias nor an overscan: nothing can be told without the level of no light.
    """
    plan = _plan(samples)
    if not plan.biases:
        raise ValueError("without a bias frame the level of no light is not known: add two or more biases")
    patches = measure_patches(plan, amplifiers, progress)
    transfers = [transfer_of(one, plan.pairs, len(plan.biases)) for one in patches]
    remarks = _remarks(plan, transfers)
    linearity = _linearity(plan, patches, transfers)
    if isinstance(linearity, str):
        remarks.append(linearity)
    told = zip(patches, transfers, strict=True)
    return Learnt(
        amplifiers=tuple(LearntAmplifier(t, _bias(p), _overscan(p, len(plan.biases))) for p, t in told),
        linearity=None if isinstance(linearity, str) else linearity,
        bad_pixels=_mosaic(patches, amplifiers),
        hot=sum(p.hot for p in patches),
        dead=sum(p.dead for p in patches),
        frames={
            "biases": len(plan.biases), "flats": len(plan.flats), "darks": len(plan.darks), "pairs": len(plan.pairs),
        },
        remarks=tuple(remarks),
    )  # fmt: skip


def _plan(samples: Sequence[Sample]) -> Plan:
    """Return which frames are used, and which flats are compared with which."""
    kinds: dict[str, list[Sample]] = defaultdict(list)
    for one in samples:
        if len(kinds[one.kind]) < MOST.get(one.kind, 0):
            kinds[one.kind].append(one)
    biases, darks = kinds["bias"], _longest(kinds["dark"])
    dark_level = min((one.level for one in biases), default=0.0)
    flats = sorted(kinds["flat"], key=lambda one: (one.filter, one.level))
    pairs = _pairs(flats, dark_level)
    return Plan(biases, flats, darks, pairs, _plainest(pairs, flats, dark_level))


def _longest(darks: Sequence[Sample]) -> list[Sample]:
    """Return the darks of the longest exposure time."""
    longest = max((one.exposure_time for one in darks), default=0.0)
    return [one for one in darks if math.isclose(one.exposure_time, longest, rel_tol=0.01)]


def _pairs(flats: Sequence[Sample], bias: float) -> list[tuple[int, int]]:
    """Return neighbours in level through one filter, each flat in one pair only."""
    pairs, n = [], 0
    while n < len(flats) - 1:
        one, other = flats[n], flats[n + 1]
        light = one.level - bias
        if one.filter == other.filter and light > 0 and other.level - bias <= light * (1 + LIKE):
            pairs.append((n, n + 1))
            n += 1
        n += 1
    return pairs


def _plainest(pairs: Sequence[tuple[int, int]], flats: Sequence[Sample], bias: float) -> tuple[int, int] | None:
    """Return the pair whose level is nearest to half of the brightest flat's."""
    goal = MIDDLE * (max((one.level for one in flats), default=0.0) - bias)
    return min(pairs, key=lambda pair: abs(flats[pair[0]].level - bias - goal), default=None)


def _remarks(plan: Plan, transfers: Sequence[Transfer]) -> list[str]:
    """Return what could not be learnt."""
    said = []
    if len(plan.biases) < 2:
        said.append("read noise needs two biases; there is one")
    if not plan.pairs:
        said.append(
            f"gain needs two flats through one filter whose levels are within {LIKE:.0%}; "
            f"of {len(plan.flats)} flats no two are"
        )
    elif all(t.gain is None for t in transfers):
        said.append("no pair of flats is between bias and saturation: the gain is not told")
    if all(t.saturation is None for t in transfers) and plan.flats:
        top = max(t.brightest for t in transfers)
        said.append(
            f"no flat is saturated; the brightest has {top:.0f} counts above the bias: add two that are over-exposed"
        )
    if len(plan.darks) < 2:
        said.append(f"hot pixels need two long darks of one exposure time; there are {len(plan.darks)}")
    return said


def _linearity(plan: Plan, patches: Sequence[Patches], transfers: Sequence[Transfer]) -> Linearity | str:
    """Return the linearity from the filter that has most exposure times."""
    import numpy as np

    usable = [n for n in range(len(plan.flats)) if plan.flats[n].exposure_time > 0 and _is_below(n, patches, transfers)]
    number = Counter({f: len({plan.flats[n].exposure_time for n in usable if plan.flats[n].filter == f})
                      for f in {one.filter for one in plan.flats}})  # fmt: skip
    if not number:
        return linearity_of([], np.empty((0, 1)))
    chosen = [n for n in usable if plan.flats[n].filter == number.most_common(1)[0][0]]
    flats = np.concatenate([p.flats[chosen] for p in patches], axis=1)
    return linearity_of([plan.flats[n].exposure_time for n in chosen], flats)


def _is_below(flat: int, patches: Sequence[Patches], transfers: Sequence[Transfer]) -> bool:
    """Tell whether a flat is nowhere near saturation."""
    return all(
        t.saturation is None or float(p.flats[flat].max()) < FULL * (t.saturation.value - _bias(p))
        for p, t in zip(patches, transfers, strict=True)
    )


def _bias(patches: Patches) -> float:
    import numpy as np

    return float(np.median(patches.bias)) + (0.0 if patches.overscan is None else float(np.median(patches.overscan)))


def _overscan(patches: Patches, biases: int) -> Overscan | None:
    """Return level, noise and drift, from the biases: behind bright pixels some charge is left in it."""
    import numpy as np

    if patches.overscan is None or patches.overscan_noise is None:
        return None
    level, noise = patches.overscan[:biases], float(np.median(patches.overscan_noise[:biases]))
    rows, frames = level.mean(axis=0), level.mean(axis=1)
    # within a band, or a frame, the scatter tells the error of each mean
    chance = float(np.std(level - rows - frames[:, None] + level.mean()))
    along, between = float(np.ptp(rows)), float(np.ptp(frames))
    drifts = along > max(COUNT, MOVES * chance / math.sqrt(biases)) or between > max(
        COUNT, MOVES * chance / math.sqrt(level.shape[1])
    )
    error = float(frames.std() / math.sqrt(max(1, biases - 1))) if biases > 1 else noise
    return Overscan(Measured(float(level.mean()), error), noise, along, between, drifts)


def _mosaic(patches: Sequence[Patches], amplifiers: Sequence[Amplifier]) -> NDArray[np.bool_] | None:
    """Return the bad pixels where the image has them."""
    import numpy as np

    if any(p.bad is None for p in patches):
        return None
    image = np.zeros(mosaic_shape(amplifiers), dtype=bool)
    for part, one in zip(patches, amplifiers, strict=True):
        bad = part.bad
        assert bad is not None
        image[one.place.slices] = bad[:: -1 if one.flip_rows else 1, :: -1 if one.flip_columns else 1]
    return image
