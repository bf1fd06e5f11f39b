"""Master bias, dark and flat: how each is made from its frames, and which one suits a frame."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from toros.reduction.inventory import Seen
from toros.reduction.opening import has_overscan, linear_step, opening_steps, unit_in_use
from toros.reduction.recipe import Input, Recipe, Step

__all__ = ["Dark", "Master", "choose", "dark_for", "finished", "master_recipe", "nearest_dark"]

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
        False for a finished one, used as it is.
    marks : tuple of str
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
        made=False, marks=tuple(marks),
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
    steps.append(
        Step(
            "combine",
            {
                "clip": CLIP if len(frames) >= FEWEST_TO_CLIP else None,
                "floor": FLOOR,
                "scale": "median" if kind == "flat" else "none",
            },
        )
    )
    return Recipe(f"master_{kind}", tuple(inputs), tuple(steps))


def _needs_bias(steps: Iterable[Step], dark: Dark | None) -> bool:
    return any(s.name == "subtract_bias" for s in steps) or bool(dark and dark.options.get("without_bias"))


def choose(masters: Iterable[Master], seen: Seen, *, filter: bool = False) -> list[Master]:
    """Return the masters that fit a frame, the best first: made from this batch, then nearest in time.

    They must agree in shape after trimming, binning, unit, camera where both name it, and filter where asked.
    """
    fitting = [m for m in masters if _fits(m, seen, filter)]
    return sorted(fitting, key=lambda m: (not m.made, _apart(m.like, seen)))


def _fits(master: Master, seen: Seen, filter: bool) -> bool:
    mine, its = seen.frame, master.like.frame
    return (
        master.shape == seen.image_shape
        and its.binning == mine.binning
        and (master.kind in ("flat", "bad_pixels") or unit_in_use(master.like) == unit_in_use(seen))
        and (not its.camera or not mine.camera or its.camera == mine.camera)
        and (not filter or its.filter.lower() == mine.filter.lower())
    )


def _apart(one: Seen, other: Seen) -> float:
    """Return the seconds between two exposures; a year where one is not known."""
    if one.frame.date_obs is None or other.frame.date_obs is None:
        return 3.2e7
    times = [datetime.fromisoformat(s.frame.date_obs or "") for s in (one, other)]
    return abs((times[0] - times[1]).total_seconds())


def nearest_dark(darks: Sequence[Master], exposure_time: float) -> list[Master]:
    """Return darks by how near their exposure time is, as a ratio; the order among equals is kept."""

    def ratio(dark: Master) -> float:
        its, wanted = max(dark.exposure_time or 0.0, 1e-3), max(exposure_time, 1e-3)
        return max(its / wanted, wanted / its)

    return sorted(darks, key=ratio)


def dark_for(
    darks: Sequence[Master],
    exposure_times: Sequence[float | None],
    bias: Master | None,
    bias_gone: bool,
    marks: list[str],
    *,
    scaling: bool = True,
) -> Dark | None:
    """Return the dark for a frame (or for each of a group), used so that the bias goes exactly once.

    Parameters
    ----------
    darks : sequence of Master
        Those that fit, best first.
    exposure_times : sequence of float
        Of the frames; seconds.
    bias : Master or None
        The bias that would be subtracted.
    bias_gone : bool
        The frames came without the bias.
    marks : list of str
        Says what could not be done; added to.
    scaling : bool
        Whether a dark of another exposure time may be scaled.
    """
    known = [t for t in exposure_times if t is not None]
    if not darks:
        return None
    if len(known) < len(exposure_times):
        marks.append("the exposure time is not known: no dark was subtracted")
        return None
    dark = nearest_dark(darks, max(known))[0]
    its = dark.exposure_time or 0.0
    same = all(abs(t - its) <= 0.01 * its for t in known)
    if not same and not scaling:
        marks.append(f"the dark is of {its:g} s and may not be scaled: not used")
        return None
    options: dict[str, Any] = {
        "dark_exposure": its,
        "data_exposure": known[0] if len(known) == 1 else known,
        "scale": not same,
    }
    if "bias" in dark.holds:
        if bias is not None:
            return Dark(dark, {**options, "without_bias": True})
        if bias_gone or not same:
            marks.append(f"the dark of {its:g} s still holds the bias and cannot be scaled: not used")
            return None
        return Dark(dark, options, takes_bias=True)
    if not same:
        marks.append(f"the dark of {its:g} s was scaled to {max(known):g} s")
    return Dark(dark, options)
