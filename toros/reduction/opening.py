"""The steps that every raw frame begins with: bad pixels, overscan, the mosaic of amplifiers, linearity, early gain."""

from __future__ import annotations

from typing import Any

from toros.reduction.inventory import Seen
from toros.reduction.recipe import Step

__all__ = ["early_gain", "has_overscan", "linear_step", "opening_steps", "read_noise_of", "unit_in_use"]


def opening_steps(seen: Seen, *, overscan: bool = True, saturation: bool = True) -> list[Step]:
    """Return the first steps of a raw frame, as far as its camera's file has them on.

    Parameters
    ----------
    seen : Seen
        The frame.
    overscan : bool
        Whether its overscan is subtracted.
    saturation : bool
        Whether full pixels are masked.
    """
    frame = seen.frame
    subtract = overscan and has_overscan(seen)
    steps = [Step("mask_pixels", {"saturation": _saturation(seen) if saturation else None})]
    if subtract:
        steps.append(Step("subtract_overscan", {**_strips(seen), **_way(seen)}))
    if frame.amplifiers:
        steps.append(Step("mosaic_amplifiers", {"amplifiers": [_place(one) for one in frame.amplifiers]}))
    elif frame.trim:
        steps.append(Step("trim_image", {"section": str(frame.trim)}))
    if subtract and frame.kind != "bias":
        steps += linear_step(seen)
    gains = early_gain(seen)
    if gains:
        steps.append(Step("gain_correct", {"gain": gains}))
    return steps


def has_overscan(seen: Seen) -> bool:
    """Tell whether a frame has an overscan that its camera's file wants subtracted."""
    frame = seen.frame
    wanted = frame.settings.steps.get("overscan", True) and frame.settings.overscan_method != "none"
    there = frame.overscan is not None or any(one.overscan is not None for one in frame.amplifiers)
    return wanted and there


def linear_step(seen: Seen) -> list[Step]:
    """Return the step that takes out the detector's non-linearity, where the camera's file knows it."""
    settings = seen.frame.settings
    if not settings.linearity or not settings.steps.get("linearity", True):
        return []
    return [Step("linearize", {"coefficients": list(settings.linearity)})]


def early_gain(seen: Seen) -> list[float]:
    """Return the gain of each amplifier where there are several and all are known, else nothing.

    Counts of several amplifiers are made electrons before anything is combined or divided: a flat in counts would
    hold the ratio of their gains, and then take it out of the lights a second time.
    """
    frame = seen.frame
    gains = [one.gain for one in frame.amplifiers if one.gain is not None]
    wanted = frame.settings.steps.get("gain", True) and frame.unit == "adu" and "gain" not in frame.done
    return gains if wanted and frame.amplifiers and len(gains) == len(frame.amplifiers) else []


def read_noise_of(seen: Seen) -> float | list[float] | None:
    """Return the read noise of the one read-out, or of each amplifier where all are known; electrons."""
    noises = [one.read_noise for one in seen.frame.amplifiers if one.read_noise is not None]
    if noises and len(noises) == len(seen.frame.amplifiers):
        return noises
    return seen.frame.read_noise


def unit_in_use(seen: Seen) -> str:
    """Return the unit of a frame after its opening steps: "adu" or "electron"; a finished master's own."""
    return "electron" if not seen.frame.master and early_gain(seen) else seen.frame.unit


def _saturation(seen: Seen) -> Any:
    each = [one.saturation for one in seen.frame.amplifiers if one.saturation is not None]
    return each if each and len(each) == len(seen.frame.amplifiers) else seen.frame.saturation


def _strips(seen: Seen) -> dict[str, Any]:
    if seen.frame.amplifiers:
        return {"sections": [one.overscan and str(one.overscan) for one in seen.frame.amplifiers]}
    return {"section": str(seen.frame.overscan)}


def _way(seen: Seen) -> dict[str, str]:
    settings = seen.frame.settings
    return {"method": settings.overscan_statistic, "model": settings.overscan_method}


def _place(one: Any) -> list[str]:
    turned = [word for word, flip in (("rows", one.flip_rows), ("columns", one.flip_columns)) if flip]
    return [str(one.data), str(one.place), " ".join(turned)]
