"""Master bias, dark and flat: how each is made from its frames, and which one suits a frame."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from toros.reduction.inventory import Seen
from toros.reduction.opening import has_overscan, linear_step, opening_steps
from toros.reduction.recipe import Input, Recipe, Step

__all__ = ["BRIGHT_FLAT", "Dark", "Master", "finished", "master_recipe"]

CLIP = 5.0  # standard deviations
FEWEST_TO_CLIP = 3  # frames; of two, nobody can say which is wrong
FLOOR = 1.0  # counts; whole numbers are no more certain than that
BRIGHT_FLAT = 10.0  # a finished flat whose mean is beyond is in counts, not around one


@dataclass(frozen=True)
class Master:
    """A master that can be used: made by us, or found finished.

    Attributes
    ----------
    kind : {"bias", "dark", "flat", "bad_pixels"}
    name, path, sha256 : str
        `root:path`, absolute path, hash of the file.
    size : int
        Bytes.
    like : Seen
        A frame that says what the master fits: the first that it was made of, or the finished master itself.
    shape : (int, int)
        Rows and columns.
    holds : frozenset of {"bias", "overscan"}
        What is still in its pixels beside what it is named for.
    exposure_time : float or None
        Seconds.
    read_noise_adu : float or None
        Of one frame, measured; counts.
    level : float
        Median; counts.
    made : bool
        By TOROS; False for a finished one, used as it is.
    marks : tuple of str
    origin : {"batch", "folder", "earlier", "camera"}
        Made of this batch's frames, found finished, of another night, or a mask that the camera's file names.
    layout : str
        Which part of the detector it shows, as `layout_of` names it; empty where nobody knows.
    """

    kind: str
    name: str
    path: str
    sha256: str
    size: int
    like: Seen
    shape: tuple[int, int]
    holds: frozenset[str] = field(default_factory=frozenset)
    exposure_time: float | None = None
    read_noise_adu: float | None = None
    level: float = 0.0
    made: bool = True
    marks: tuple[str, ...] = ()
    origin: str = "batch"
    layout: str = ""

    @property
    def input(self) -> Input:
        """The master as an input of a recipe."""
        return Input(self.kind, self.name, self.sha256)


@dataclass(frozen=True)
class Dark:
    """A dark, and how it is subtracted from one frame.

    Attributes
    ----------
    master : Master
    options : dict
        Of the step "subtract_dark".
    takes_bias : bool
        The dark takes the bias away too: it must not be subtracted by itself.
    """

    master: Master
    options: dict[str, Any]
    takes_bias: bool = False


def finished(seen: Seen, bias_level: float | None = None) -> Master:
    """Return a finished master, used as it is.

    Parameters
    ----------
    seen : Seen
        The file.
    bias_level : float, optional
        Median of the bias, counts; tells a dark that still holds it where the header does not say.
    """
    marks = ["finished master, used as found", *seen.frame.marks]
    holds = set()
    if "overscan" not in seen.frame.done:
        holds.add("overscan")
    if seen.frame.kind == "dark" and "bias" not in seen.frame.done:
        if bias_level is None or seen.median > 0.5 * bias_level:
            holds.add("bias")
            marks.append("the dark still holds the bias: guessed, its header does not say that it was subtracted")
        else:
            marks.append("the dark is without the bias: guessed from its level, its header does not say")
    return Master(
        kind=seen.frame.kind, name=seen.name, path=seen.path, sha256=seen.sha256, size=seen.size, like=seen,
        shape=seen.image_shape, holds=frozenset(holds), exposure_time=seen.frame.exposure_time, level=seen.median,
        made=False, marks=tuple(marks), origin="folder",
    )  # fmt: skip


def master_recipe(
    kind: str, frames: Sequence[Seen], bias: Master | None, dark: Dark | None, *, overscan: bool = True
) -> Recipe:
    """Return how a master is made.

    Parameters
    ----------
    kind : {"bias", "dark", "flat"}
    frames : sequence of Seen
        Of one group.
    bias : Master or None
        Subtracted from darks and flats.
    dark : Dark or None
        Subtracted from flats; its options hold an exposure time for each flat.
    overscan : bool
        Whether the frames' overscan is subtracted.
    """
    inputs = [Input("frame", f.name, f.sha256) for f in frames]
    steps = opening_steps(frames[0], overscan=overscan)
    if bias is not None and kind != "bias" and not (dark and dark.takes_bias):
        steps.append(Step("subtract_bias"))
        if not (overscan and has_overscan(frames[0])):
            steps += linear_step(frames[0])
    if bias is not None and kind != "bias" and _needs_bias(steps, dark):
        inputs.append(bias.input)
    if dark is not None and kind == "flat":
        inputs.append(dark.master.input)
        steps.append(Step("subtract_dark", dark.options))
    steps.append(Step("combine", {**_combination(kind, frames), "scale": "median" if kind == "flat" else "none"}))
    return Recipe(f"master_{kind}", tuple(inputs), tuple(steps))


def _combination(kind: str, frames: Sequence[Seen]) -> dict[str, Any]:
    """Return how frames become one, as their camera's file has it; of fewer than three always their mean."""
    method = frames[0].frame.settings.combine[kind]
    if len(frames) < FEWEST_TO_CLIP:
        return {"clip": None, "floor": FLOOR}
    return {"clip": CLIP, "floor": FLOOR} if method == "clip" else {"method": method}


def _needs_bias(steps: Iterable[Step], dark: Dark | None) -> bool:
    return any(s.name == "subtract_bias" for s in steps) or bool(dark and dark.options.get("without_bias"))
