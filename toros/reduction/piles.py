"""Which frames of a pile make its master: those that would spoil it are left out, each with the reason."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from toros.reduction.inventory import Seen, Unusable
from toros.reduction.masters import Master
from toros.reduction.opening import has_overscan, unit_in_use
from toros.reduction.rejection import FrameStatistics, reject_frames

__all__ = ["LEFT_OUT", "pedestal_of", "without_spoilers"]

LEFT_OUT = "was left out of the master"
"""How the reason of a frame begins that was judged against the others of its pile."""


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
