"""Which frames of a pile do not belong with the others, and why: a star trail in a flat, light in a bias."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import TYPE_CHECKING

from toros.reduction.glance import NO_LEVEL, Levels, glance

if TYPE_CHECKING:
    from toros.reduction.glance import Image

__all__ = ["FrameStatistics", "reject_frames", "statistics_of"]

FEWEST = 3  # frames; of two, nobody can say which is wrong
CLEAR = 8.0  # deviations among the frames: a pile of three knows its own deviation badly
MAD = 1.4826  # from the median of the absolute deviations to the deviation of a normal distribution
SATURATED = 0.05  # part of the pixels that may be saturated beyond what is usual in the pile
NOISIER = 0.4  # part by which the noise of frames of one kind may differ
DRIFT = 0.5  # noise of a pixel: so far the level of a bias or dark may drift
DRIFT_PART = 0.002  # of the level, likewise
UNEVEN = 0.03  # part of the light by which a flat's quarter may differ from that of the other flats
BRIGHT = 0.05  # part of the light by which its brightest pixels may
DIM = 0.25  # part of the pile's light; less adds more noise than light
LEAST = 1e-9  # in place of nothing, where it is divided by
QUARTERS = ("lower left", "lower right", "upper left", "upper right")


@dataclass(frozen=True)
class FrameStatistics:
    """What a frame's pixels say of it, in few numbers; counts.

    Attributes
    ----------
    level : float
        Median; NaN where no pixel has a value.
    noise : float
        From pixel to pixel, robust; NaN where it is not known.
    saturated : float
        Part of the pixels that are saturated.
    bright : float
        What one pixel in a thousand exceeds; NaN where it is not known.
    quadrants : tuple of float
        Medians of the lower left, lower right, upper left and upper right quarter; NaN where they are not known.
    """

    level: float
    noise: float = math.nan
    saturated: float = 0.0
    bright: float = math.nan
    quadrants: tuple[float, float, float, float] = NO_LEVEL

    @classmethod
    def from_levels(cls, levels: Levels, saturated: float = 0.0) -> FrameStatistics:
        """Return the statistics of a frame that was glanced at."""
        return cls(levels.median, levels.noise, saturated, levels.bright, levels.quadrants)

    def less(self, bias: float) -> FrameStatistics:
        """Return the statistics of the frame without a bias of so many counts."""
        one, two, three, four = (q - bias for q in self.quadrants)
        return replace(self, level=self.level - bias, bright=self.bright - bias, quadrants=(one, two, three, four))


def statistics_of(image: Image, saturation: float | None = None) -> FrameStatistics:
    """Return the statistics of an image, from one pass over its rows.

    Parameters
    ----------
    image : Image
        Without overscan.
    saturation : float, optional
        Counts from which a pixel is saturated.
    """
    seen = glance(image, saturation)
    return FrameStatistics.from_levels(seen.levels(None, ()), seen.full)


def reject_frames(
    kind: str, frames: Sequence[FrameStatistics], bias: float = 0.0
) -> tuple[list[int], list[tuple[int, str]]]:
    """Tell the frames that spoil a master from those that make it.

    Each frame is compared with the median of all; a difference counts where it is clear beside the scatter among the
    frames, and large enough to do harm. No more than half of them are rejected, the worst first, and none of
    fewer than three: a majority has to say what is usual.

    Parameters
    ----------
    kind : {"bias", "dark", "flat"}
        Biases and darks of one exposure time have one level; flats have their own each, but one pattern.
    frames : sequence of FrameStatistics
        Of one group.
    bias : float
        What is to be subtracted from the level of flats to leave their light; counts.

    Returns
    -------
    kept : list of int
        In order.
    rejected : list of (int, str)
        In order, each with the reason.

    Raises
    ------
    ValueError
        The kind is none of these.
    """
    if kind not in ("bias", "dark", "flat"):
        raise ValueError(f'frames of a master are of kind "bias", "dark" or "flat", not {kind!r}')
    tests = _FLAT_TESTS if kind == "flat" else _DARK_TESTS
    without_bias = [f.less(bias) for f in frames] if kind == "flat" else frames
    worst: dict[int, tuple[float, str]] = {}
    for test in tests if len(frames) >= FEWEST else ():
        for index, (excess, reason) in enumerate(test(without_bias)):
            if excess > worst.get(index, (1.0, ""))[0]:
                worst[index] = excess, reason
    order = sorted(worst, key=lambda index: -worst[index][0])
    rejected = sorted(order[: len(frames) // 2])
    kept = [index for index in range(len(frames)) if index not in rejected]
    return kept, [(index, worst[index][1]) for index in rejected]


Verdicts = list[tuple[float, str]]  # of each frame by how much it exceeds what is allowed (1 is the limit), and why
Test = Callable[[Sequence[FrameStatistics]], Verdicts]


def _no_value(frames: Sequence[FrameStatistics]) -> Verdicts:
    return [(0.0 if math.isfinite(f.level) else math.inf, "none of its pixels has a value") for f in frames]


def _saturated(frames: Sequence[FrameStatistics]) -> Verdicts:
    usual = _median([f.saturated for f in frames])
    return [((f.saturated - usual) / SATURATED, f"{f.saturated:.0%} of its pixels are saturated") for f in frames]


def _other_noise(frames: Sequence[FrameStatistics]) -> Verdicts:
    """Compare the noise of biases or darks, as a ratio."""
    excess, usual = _compared([math.log(max(f.noise, LEAST)) for f in frames], NOISIER)
    return [
        (abs(e), f"its noise of {f.noise:.3g} counts is {f.noise / math.exp(usual):.2g} times that of the others")
        for e, f in zip(excess, frames, strict=True)
    ]


def _other_level(frames: Sequence[FrameStatistics]) -> Verdicts:
    """Compare the level of biases or darks."""
    excess, usual = _compared([f.level for f in frames], _drift(frames))
    return [
        (abs(e), f"its level is {f.level - usual:+.3g} counts from that of the others: {_cause(e)}")
        for e, f in zip(excess, frames, strict=True)
    ]


def _light_from_a_side(frames: Sequence[FrameStatistics]) -> Verdicts:
    """Compare the quarters of biases or darks, each with its frame's darkest."""
    parts = [[q - min(f.quadrants) for q in f.quadrants] for f in frames]
    return _worst_quarter(
        parts, _drift(frames), "its {} quarter is {:+.3g} counts from that of the others: light from a side"
    )


def _drift(frames: Sequence[FrameStatistics]) -> float:
    """Return the counts by which levels may differ: bias drifts, and harms little within the noise."""
    parts = DRIFT * _median([f.noise for f in frames]), DRIFT_PART * abs(_median([f.level for f in frames]))
    return max((part for part in parts if math.isfinite(part)), default=0.0)


def _other_light(frames: Sequence[FrameStatistics]) -> Verdicts:
    """Compare how the light falls on flats: the quarters as parts of the level."""
    parts = [[q / f.level if f.level > 0 else math.nan for q in f.quadrants] for f in frames]
    return _worst_quarter(
        parts, UNEVEN, "its {} quarter has {:+.0%} of the light of the others: dome, cloud or twilight was in the way"
    )


def _trailed(frames: Sequence[FrameStatistics]) -> Verdicts:
    """Compare the brightest pixels of flats, beyond what their noise makes."""
    parts = [(f.bright - f.level - _tail(f)) / f.level if f.level > 0 else math.nan for f in frames]
    excess, usual = _compared(parts, BRIGHT)
    return [
        (e, f"its brightest pixels are {p - usual:.0%} brighter than on the others: stars or a trail are on it")
        for e, p in zip(excess, parts, strict=True)
    ]


def _tail(frame: FrameStatistics) -> float:
    """Return by how much noise alone makes one pixel in a thousand brighter than the level."""
    return 3.1 * frame.noise if math.isfinite(frame.noise) else 0.0


def _underexposed(frames: Sequence[FrameStatistics]) -> Verdicts:
    usual = _median([f.level for f in frames])
    parts = [f.level / usual if usual > 0 else 1.0 for f in frames]
    return [(DIM / max(p, LEAST), f"it is underexposed: {p:.0%} of the light of the others") for p in parts]


_DARK_TESTS: tuple[Test, ...] = (_no_value, _saturated, _other_level, _other_noise, _light_from_a_side)
_FLAT_TESTS: tuple[Test, ...] = (_no_value, _saturated, _underexposed, _other_light, _trailed)


def _worst_quarter(parts: Sequence[Sequence[float]], allowed: float, reason: str) -> Verdicts:
    """Return, of each frame, the quarter that is most unlike that of the others."""
    quarters = [_compared([part[q] for part in parts], allowed) for q in range(len(QUARTERS))]
    verdicts = []
    for index, part in enumerate(parts):
        most = max(range(len(QUARTERS)), key=lambda q: abs(quarters[q][0][index]))
        excess, usual = quarters[most]
        verdicts.append((abs(excess[index]), reason.format(QUARTERS[most], part[most] - usual)))
    return verdicts


def _compared(values: Sequence[float], allowed: float) -> tuple[list[float], float]:
    """Return by how much values differ from their median, and the median.

    The unit is `allowed`, or `CLEAR` deviations among the values where this is more. What is not known differs by 0.
    """
    usual = _median(values)
    limit = max(allowed, CLEAR * MAD * _median([abs(v - usual) for v in values]), LEAST)
    return [(v - usual) / limit if math.isfinite(v - usual) else 0.0 for v in values], usual


def _median(values: Sequence[float]) -> float:
    """Return the median of what is known; NaN of nothing."""
    known = [v for v in values if math.isfinite(v)]
    return median(known) if known else math.nan


def _cause(excess: float) -> str:
    return "it saw light" if excess > 0 else "the camera was in another state"
