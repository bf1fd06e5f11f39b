"""Calibrating a light: which steps it needs and with which masters, from what it is and what there is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from toros.reduction.choice import Rules, choose, dark_for, other_counts
from toros.reduction.inventory import Seen
from toros.reduction.masks import masks_for
from toros.reduction.masters import BRIGHT_FLAT, Dark, Master
from toros.reduction.opening import early_gain, has_overscan, linear_step, opening_steps, read_noise_of, unit_in_use
from toros.reduction.recipe import Input, Recipe, Step

__all__ = ["Calibration", "calibration_of", "correction_of", "saturation_of"]

SIGMA_CLIP = 4.5
OBJECT_LIMIT = 5.0
ROUNDS = 4
LEAST_NOISE = 1.0  # electrons; without any noise everything would be a cosmic ray
SATURATED = 0.05  # part of a light that is worth a word


@dataclass(frozen=True)
class Calibration:
    """How one light is calibrated.

    Attributes
    ----------
    recipe : Recipe
    masters : tuple of Master
        Those that it uses.
    marks : tuple of str
        What was guessed, ignored or gone without.
    lacks : tuple of str
        The masters that there are none of and that were needed.
    """

    recipe: Recipe
    masters: tuple[Master, ...]
    marks: tuple[str, ...]
    lacks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Correction:
    """What takes the bias, the dark and the overscan out of a frame, each at most once."""

    bias: Master | None
    dark: Dark | None
    overscan: bool
    marks: tuple[str, ...]


def correction_of(
    frames: Sequence[Seen], biases: Sequence[Master], darks: Sequence[Master], rules: Rules | None = None
) -> Correction:
    """Return what is subtracted from frames of one group.

    Parameters
    ----------
    frames : sequence of Seen
        One light, or the flats (or darks) of one master.
    biases, darks : sequence of Master
        What there is; none of a kind where that is not wanted.
    rules : Rules, optional
        How far a master may be from a frame.
    """
    one, marks = frames[0], list[str]()
    done, on = one.frame.done, one.frame.settings.steps
    bias = next(iter(choose(biases, one, rules=rules)), None) if on.get("bias", True) else None
    if bias is None and on.get("bias", True) and not {"bias", "dark"} & done:
        marks += other_counts(biases, one, rules=rules)
    if "bias" in done or "dark" in done:
        marks.append("its header says that the bias was subtracted before: not subtracted again")
        bias = None
    overscan = has_overscan(one)
    if overscan and bias is not None and "overscan" in bias.holds:
        marks.append("the bias still holds the overscan's level: the frame's overscan was not subtracted too")
        overscan = False
    dark = None
    if "dark" not in done and on.get("dark", True):
        gone = "bias" in done or overscan
        dark = dark_for(darks, frames, bias, gone, marks, rules)
        marks += other_counts(darks, one, rules=rules) if dark is None else []
    return Correction(bias, dark, overscan, tuple(marks))


def calibration_of(
    light: Seen, masters: Sequence[Master], *, cosmic_rays: bool = False, rules: Rules | None = None
) -> Calibration:
    """Return how a light is calibrated with the masters that there are.

    Parameters
    ----------
    light : Seen
        A raw frame of the sky.
    masters : sequence of Master
        All that there are; those that do not fit are passed over.
    cosmic_rays : bool
        Whether cosmic rays are looked for.
    rules : Rules, optional
        How far a master may be from a frame.
    """
    on = light.frame.settings.steps
    of_kind = {kind: [m for m in masters if m.kind == kind] for kind in ("bias", "dark", "flat", "bad_pixels")}
    correction = correction_of([light], of_kind["bias"], of_kind["dark"], rules)
    flat = _flat_for(light, of_kind["flat"], rules)
    lacks = _lacking(light, correction, flat)
    marks = [*light.frame.marks, *correction.marks, *_missing(lacks, correction)]
    bad = masks_for(light, of_kind["bad_pixels"], rules, marks)
    if light.saturated > SATURATED:
        marks.append(f"{100 * light.saturated:.0f} % of its pixels are saturated")
    bias, dark = correction.bias, correction.dark
    gain, noise = _noise(light, bias, marks)
    steps = opening_steps(light, overscan=correction.overscan)
    used = [*(m for m in (bias, dark.master if dark else None, flat) if m is not None), *bad]
    if bad:
        steps.append(Step("mask_bad_pixels"))
    if bias is not None:
        steps.append(Step("subtract_bias"))
        steps += [] if correction.overscan else linear_step(light)
    deviation = Step("create_deviation", {"gain": gain, "read_noise": noise})
    subtraction = [Step("subtract_dark", dark.options)] if dark is not None else []
    takes_bias = dark is not None and dark.takes_bias
    steps += [*subtraction, deviation] if takes_bias else [deviation, *subtraction]
    if flat is not None:
        steps.append(Step("flat_correct", {"norm_value": flat.level if _in_counts(flat, marks) else 1.0}))
    electrons = unit_in_use(light) == "electron"
    if light.frame.gain is not None and not electrons and "gain" not in light.frame.done and on.get("gain", True):
        steps.append(Step("gain_correct", {"gain": light.frame.gain}))
        electrons = True
    if cosmic_rays and on.get("cosmic_rays", True):
        steps.append(_cosmic_ray_step(gain, noise, electrons=electrons))
    inputs = (Input("frame", light.name, light.sha256), *(m.input for m in used))
    return Calibration(Recipe("calibrated", inputs, tuple(steps)), tuple(used), tuple(marks), tuple(lacks))


def saturation_of(light: Seen, plan: Calibration) -> float | None:
    """Return where the pixels of a calibrated light are full, in its unit; None where nobody knows.

    Of several amplifiers the one that is full first counts. What the bias takes is subtracted where its level is known.
    """
    each = [(one.saturation, one.gain) for one in light.frame.amplifiers]
    full = [pair for pair in each if pair[0] is not None] or [(light.frame.saturation, light.frame.gain)]
    electrons = any(step.name == "gain_correct" for step in plan.recipe.steps)
    bias = next((m.level for m in plan.masters if m.kind == "bias" and unit_in_use(light) == "adu"), 0.0)
    said = [(s - bias) * (g or 1.0 if electrons else 1.0) for s, g in full if s is not None]
    return min(said, default=None)


def _flat_for(light: Seen, flats: Sequence[Master], rules: Rules | None) -> Master | None:
    if "flat" in light.frame.done or not light.frame.settings.steps.get("flat", True):
        return None
    return next(iter(choose(flats, light, filter=True, rules=rules)), None)


def _cosmic_ray_step(gain: float, noise: float | list[float], *, electrons: bool) -> Step:
    """Return the step; its noise is the mean of several amplifiers'."""
    mean = sum(noise) / len(noise) if isinstance(noise, list) else noise
    options = {"sigclip": SIGMA_CLIP, "objlim": OBJECT_LIMIT, "niter": ROUNDS}
    unit = 1.0 if electrons else gain
    return Step("cosmicray_lacosmic", {**options, "gain": unit, "read_noise": max(mean, LEAST_NOISE)})


def _lacking(light: Seen, correction: Correction, flat: Master | None) -> list[str]:
    """Return which calibrations there are none of, though its camera's file has them on."""
    done, off = light.frame.done, {name for name, on in light.frame.settings.steps.items() if not on}
    lacks = []
    if (
        correction.bias is None
        and "bias" not in off
        and not ({"bias", "dark"} & done)
        and not (correction.dark and correction.dark.takes_bias)
    ):
        lacks.append("bias" if not correction.overscan else "bias structure (the overscan gave its level)")
    if correction.dark is None and "dark" not in done | off:
        lacks.append("dark")
    if flat is None and "flat" not in done | off:
        lacks.append(f"flat in {light.frame.filter}" if light.frame.filter else "flat")
    return lacks


def _missing(lacks: list[str], correction: Correction) -> list[str]:
    """Say in one sentence which calibrations there were none of."""
    if not lacks:
        return []
    raw = len(lacks) == 3 and not correction.overscan
    return [f"no {', no '.join(lacks)}: {'raw counts' if raw else 'calibrated with what there is'}"]


def _noise(light: Seen, bias: Master | None, marks: list[str]) -> tuple[float, float | list[float]]:
    """Return gain (electrons per count) and read noise (electrons), from the header or as measured, else guessed."""
    gain = 1.0 if unit_in_use(light) == "electron" else light.frame.gain
    if gain is None:
        marks.append("the gain is not known: counts stay counts, and the uncertainty takes one electron for each")
        gain = 1.0
    noise = read_noise_of(light)
    if isinstance(noise, list) and not early_gain(light):
        noise = sum(noise) / len(noise)
    if noise is not None:
        return gain, noise
    if bias is not None and bias.read_noise_adu:
        unit = "electrons" if unit_in_use(light) == "electron" else "counts"
        marks.append(f"the read noise was measured on the bias frames: {bias.read_noise_adu:.3g} {unit}")
        return gain, round(bias.read_noise_adu * gain, 4)
    marks.append("the read noise is not known: the uncertainty leaves it out")
    return gain, 0.0


def _in_counts(flat: Master, marks: list[str]) -> bool:
    """Tell a finished flat in counts, which must be divided by its level, from one around 1, used as it is."""
    if flat.made or 1 / BRIGHT_FLAT < flat.level < BRIGHT_FLAT:
        return False
    marks.append(f"the finished flat is in counts: it was divided by its median, {flat.level:g}")
    return True
