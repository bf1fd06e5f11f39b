"""Which frames make a master together: alike in all that matters, without those that would spoil it."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from toros.reduction.inventory import Seen, Unusable
from toros.reduction.masters import Master
from toros.reduction.opening import has_overscan, unit_in_use
from toros.reduction.rejection import FrameStatistics, reject_frames

__all__ = ["LEFT_OUT", "groups", "pedestal_of", "without_spoilers"]

LEFT_OUT = "was left out of the master"
"""How the reason of a frame begins that was judged against the others of its pile."""
SAME_TIME = 0.01  # part by which exposure times may differ


def groups(seen: Iterable[Seen], *, by_exposure: bool = False, by_filter: bool = False) -> list[list[Seen]]:
    """Return frames that may be combined with one another, each group in the order in which they came.

    They agree in camera, gain, binning, readout mode, sections, amplifiers and shape, in temperature within the
    camera's tolerance, and where asked in exposure time (within 1 %) or in band; flats in what they are lit by.
    """
    alike: dict[object, list[Seen]] = defaultdict(list)
    for one in seen:
        what = one.frame
        key = (
            what.settings.name, what.camera, what.gain, what.binning, what.readout_mode, one.shape, what.overscan,
            what.trim, what.amplifiers, what.unit, what.done, what.band if by_filter else None,
            what.illumination,
        )  # fmt: skip
        alike[key].append(one)
    found = []
    for pile in alike.values():
        for part in _near(pile, _temperature, pile[0].frame.settings.temperature_tolerance):
            found += _near(part, _exposure, ratio=SAME_TIME) if by_exposure else [part]
    return found


def _temperature(one: Seen) -> float | None:
    return one.frame.temperature


def _exposure(one: Seen) -> float | None:
    return one.frame.exposure_time


def _near(
    pile: Sequence[Seen], value: Callable[[Seen], float | None], tolerance: float = 0.0, ratio: float = 0.0
) -> list[list[Seen]]:
    """Return the frames in groups: each begins at the least value that is left, and takes all within the tolerance."""
    starts: list[float] = []
    for number in sorted({known for one in pile if (known := value(one)) is not None}):
        if not starts or number - starts[-1] > tolerance + ratio * abs(number):
            starts.append(number)
    parts: dict[int, list[Seen]] = defaultdict(list)
    for one in pile:
        its = value(one)
        parts[-1 if its is None else bisect_right(starts, its)].append(one)
    return list(parts.values())


def without_spoilers(kind: str, pile: Sequence[Seen], pedestal: float = 0.0) -> tuple[list[Seen], list[Unusable]]:
    """Return the frames that make a master, and those that are left out of it.

    The first of the frames that stay bears a mark for each that was left out, so that the master's header says it.

    Parameters
    ----------
    kind : {"bias", "dark", "flat"}
    pile : sequence of Seen
        Frames that may be combined with one another.
    pedestal : float
        What lies under the light of flats; counts.
    """
    kept, rejected = reject_frames(kind, [_statistics(one) for one in pile], bias=pedestal)
    stay = [pile[index] for index in kept]
    aside = [Unusable(pile[index].file, f"{LEFT_OUT} {kind}: {reason}") for index, reason in rejected]
    if aside:
        marks = (*stay[0].frame.marks, *(f"{one.file} {one.reason}" for one in aside))
        stay[0] = replace(stay[0], frame=replace(stay[0].frame, marks=marks))
    return stay, aside


def pedestal_of(pile: Sequence[Seen], biases: Iterable[Seen], masters: Iterable[Master]) -> float:
    """Return what lies under the light of raw flats, as well as it is known; counts.

    Parameters
    ----------
    pile : sequence of Seen
        The flats.
    biases : iterable of Seen
        Raw biases.
    masters : iterable of Master
        Those that there are; a bias without the overscan's level says nothing of raw frames.
    """
    one = pile[0]
    if has_overscan(one):
        return 0.0
    raw = [bias.median for bias in biases if bias.image_shape == one.image_shape]
    made = [
        master.level
        for master in masters
        if master.kind == "bias" and master.shape == one.image_shape and "overscan" in master.holds
    ]
    return next(iter([*raw, *(made if unit_in_use(one) == "adu" else [])]), 0.0)


def _statistics(one: Seen) -> FrameStatistics:
    if has_overscan(one):
        return FrameStatistics.from_levels(one.clean, one.saturated)
    return FrameStatistics(one.median, one.noise, one.saturated, one.clean.bright, one.quadrants)
