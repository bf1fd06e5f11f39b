"""Calibrating a light: which steps it needs and with which masters, from what it is and what there is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from toros.reduction.inventory import Seen
from toros.reduction.masters import BRIGHT_FLAT, Dark, Master, choose, dark_for, opening_steps
from toros.reduction.recipe import Input, Recipe, Step

__all__ = ["Calibration", "calibration_of", "correction_of"]

SIGMA_CLIP = 4.5
OBJECT_LIMIT = 5.0
ROUNDS = 4
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
    """

    recipe: Recipe
    masters: tuple[Master, ...]
    marks: tuple[str, ...]


@dataclass(frozen=True)
class Correction:
    """What takes the bias, the dark and the overscan out of a frame, each at most once."""

    bias: Master | None
    dark: Dark | None
    overscan: bool
    marks: tuple[str, ...]


def correction_of(frames: Sequence[Seen], biases: Sequence[Master], darks: Sequence[Master]) -> Correction:
    """Return what is subtracted from frames of one group.

    Parameters
    ----------
    frames : sequence of Seen
        One light, or the flats (or darks) of one master.
    biases, darks : sequence of Master
        What there is; none of a kind where that is not wanted.
    """
    one, marks = frames[0], list[str]()
    done = one.frame.done
    bias = next(iter(choose(biases, one)), None)
    if "bias" in done or "dark" in done:
        marks.append("its header says that the bias was subtracted before: not subtracted again")
        bias = None
    overscan = one.frame.overscan is not None
    if overscan and bias is not None and "overscan" in bias.holds:
        marks.append("the bias still holds the overscan's level: the frame's overscan was not subtracted too")
        overscan = False
    dark = None
    if "dark" not in done:
        gone = "bias" in done or overscan
        dark = dark_for(choose(darks, one), [f.frame.exposure_time for f in frames], bias, gone, marks)
    return Correction(bias, dark, overscan, tuple(marks))


def calibration_of(light: Seen, masters: Sequence[Master], *, cosmic_rays: bool = False) -> Calibration:
    """Return how a light is calibrated with the masters that there are.

    Parameters
    ----------
    light : Seen
        A raw frame of the sky.
    masters : sequence of Master
        All that there are; those that do not fit are passed over.
    cosmic_rays : bool
        Whether cosmic rays are looked for.
    """
    of_kind = {kind: [m for m in masters if m.kind == kind] for kind in ("bias", "dark", "flat")}
    correction = correction_of([light], of_kind["bias"], of_kind["dark"])
    flat = None if "flat" in light.frame.done else next(iter(choose(of_kind["flat"], light, filter=True)), None)
    marks = [*light.frame.marks, *correction.marks, *_missing(light, correction, flat)]
    if light.saturated > SATURATED:
        marks.append(f"{100 * light.saturated:.0f} % of its pixels are saturated")
    gain, noise = _noise(light, correction.bias, marks)
    bias, dark = correction.bias, correction.dark
    steps = opening_steps(light, overscan=correction.overscan)
    used: list[Master] = []
    if bias is not None:
        used.append(bias)
        steps.append(Step("subtract_bias"))
    deviation = Step("create_deviation", {"gain": gain, "read_noise": noise})
    if dark is not None and dark.takes_bias:
        used.append(dark.master)
        steps += [Step("subtract_dark", dark.options), deviation]
    else:
        steps.append(deviation)
        if dark is not None:
            used.append(dark.master)
            steps.append(Step("subtract_dark", dark.options))
    if flat is not None:
        used.append(flat)
        steps.append(Step("flat_correct", {"norm_value": flat.level if _in_counts(flat, marks) else 1.0}))
    electrons = light.frame.unit == "electron"
    if light.frame.gain is not None and not electrons and "gain" not in light.frame.done:
        steps.append(Step("gain_correct", {"gain": light.frame.gain}))
        electrons = True
    if cosmic_rays:
        options = {"sigclip": SIGMA_CLIP, "objlim": OBJECT_LIMIT, "niter": ROUNDS}
        steps.append(
            Step(
                "cosmicray_lacosmic",
                {**options, "read_noise": max(noise, 1.0) if electrons else max(noise / gain, 1.0)},
            )
        )
    inputs = (Input("frame", light.name, light.sha256), *(m.input for m in used))
    return Calibration(Recipe("calibrated", inputs, tuple(steps)), tuple(used), tuple(marks))


def _missing(light: Seen, correction: Correction, flat: Master | None) -> list[str]:
    """Say in one sentence which calibrations there were none of."""
    done = light.frame.done
    lacks = []
    if (
        correction.bias is None
        and not ({"bias", "dark"} & done)
        and not (correction.dark and correction.dark.takes_bias)
    ):
        lacks.append("bias" if not correction.overscan else "bias structure (the overscan gave its level)")
    if correction.dark is None and "dark" not in done:
        lacks.append("dark")
    if flat is None and "flat" not in done:
        lacks.append(f"flat in {light.frame.filter}" if light.frame.filter else "flat")
    if not lacks:
        return []
    raw = len(lacks) == 3 and not correction.overscan
    return [f"no {', no '.join(lacks)}: {'raw counts' if raw else 'calibrated with what there is'}"]


def _noise(light: Seen, bias: Master | None, marks: list[str]) -> tuple[float, float]:
    """Return gain (electrons per count) and read noise (electrons), from the header or as measured, else guessed."""
    gain = 1.0 if light.frame.unit == "electron" else light.frame.gain
    if gain is None:
        marks.append("the gain is not known: counts stay counts, and the uncertainty takes one electron for each")
        gain = 1.0
    if light.frame.read_noise is not None:
        return gain, light.frame.read_noise
    if bias is not None and bias.read_noise_adu:
        marks.append(f"the read noise was measured on the bias frames: {bias.read_noise_adu:.3g} counts")
        return gain, round(bias.read_noise_adu * gain, 4)
    marks.append("the read noise is not known: the uncertainty leaves it out")
    return gain, 0.0


def _in_counts(flat: Master, marks: list[str]) -> bool:
    """Tell a finished flat in counts, which must be divided by its level, from one around 1, used as it is."""
    if flat.made or 1 / BRIGHT_FLAT < flat.level < BRIGHT_FLAT:
        return False
    marks.append(f"the finished flat is in counts: it was divided by its median, {flat.level:g}")
    return True
