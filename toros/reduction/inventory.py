"""What a folder holds: each file looked at by itself, then sorted by kind; what cannot be used is named."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from toros.errors import BadFrame
from toros.reduction.amplifier import mosaic_shape
from toros.reduction.dialect import Description
from toros.reduction.glance import NO_LEVEL, Glance, Levels
from toros.reduction.structure import Limits

if TYPE_CHECKING:
    from toros.reduction.cameras.camera import Camera

__all__ = ["Inventory", "Seen", "Unusable", "classify", "inspect", "list_files", "shown", "some"]

_FITS = re.compile(r"\.(fits?|fts)(\.gz|\.fz)?$", re.IGNORECASE)
FULL = 0.9  # of saturation; a flat beyond it is not linear any more
EMPTY_FLAT = 1.0  # counts above bias; less is no light
FEW = 5  # names of a list that is not told whole
BLINDED = 0.5  # part of the pixels that are saturated; more is no frame of anything
LIT, PLAIN, EVEN = (
    0.15,
    0.01,
    1.25,
)  # of saturation; part that is saturated; brightest to median: what a flat looks like


@dataclass(frozen=True)
class Seen:
    """One file that could be read, without its pixels.

    Attributes
    ----------
    name : str
        `root:path`.
    path : str
        Absolute.
    sha256 : str
        Of the file.
    size : int
        Of the file; bytes.
    pixels : str
        Fingerprint of the image's pixels: equal for one image under two names, however it is stored.
    shape : (int, int)
        Rows and columns.
    median : float
        Of a regular sample of the finite pixels, without the overscan; counts.
    saturated : float
        Part of the pixels at or above saturation.
    frame : Description
        What it is.
    noise : float
        Deviation from pixel to pixel, robust; counts.
    quadrants : tuple of float
        Medians of the lower left, lower right, upper left and upper right quarter; counts.
    clean : Levels
        The same and more, each amplifier without the level of its overscan; counts.
    """

    name: str
    path: str
    sha256: str
    size: int
    pixels: str
    shape: tuple[int, int]
    median: float
    saturated: float
    frame: Description
    noise: float = math.nan
    quadrants: tuple[float, float, float, float] = NO_LEVEL
    clean: Levels = field(default_factory=Levels)

    @property
    def image_shape(self) -> tuple[int, int]:
        """Rows and columns after trimming, or of the mosaic that several amplifiers make."""
        if self.frame.amplifiers:
            return mosaic_shape(self.frame.amplifiers)
        return self.frame.trim.shape if self.frame.trim else self.shape

    @property
    def file(self) -> str:
        """The file's own name."""
        return Path(self.path).name


@dataclass(frozen=True)
class Unusable:
    """A file that takes no part, and why."""

    file: str
    reason: str


@dataclass
class Inventory:
    """The frames of a folder by kind, each list in the order of the files' names."""

    bias: list[Seen] = field(default_factory=list)
    dark: list[Seen] = field(default_factory=list)
    flat: list[Seen] = field(default_factory=list)
    light: list[Seen] = field(default_factory=list)
    masters: list[Seen] = field(default_factory=list)
    unusable: list[Unusable] = field(default_factory=list)
    marks: list[str] = field(default_factory=list)


def list_files(folder: Path) -> tuple[list[Path], list[str]]:
    """Return the files of a folder that are named as FITS, in order, and marks about the others.

    Hidden files are temporary by custom and are passed over; sub-folders are not entered.
    """
    entries = sorted((p for p in folder.iterdir() if not p.name.startswith(".")), key=lambda p: p.name)
    chosen = [p for p in entries if _FITS.search(p.name)]
    others = [p for p in entries if p not in set(chosen)]
    marks = []
    files, folders = [p.name for p in others if not p.is_dir()], [p.name for p in others if p.is_dir()]
    if files:
        marks.append(f"left alone, for they are not named as FITS: {some(files)}")
    if folders:
        marks.append(f"sub-folders that were not entered: {some(folders)}")
    return chosen, marks


def inspect(
    path: str,
    name: str,
    limits: Limits | None = None,
    cameras: Sequence[Camera] | None = None,
    scratch: Path | None = None,
) -> Seen:
    """Look at one file; to be run where a FITS file may be opened: in a child process.

    Parameters
    ----------
    path : str
        Absolute.
    name : str
        `root:path`.
    limits : Limits, optional
        What is refused.
    cameras : sequence of Camera, optional
        Those that come with TOROS by default.
    scratch : Path, optional
        Folder that a packed file is unpacked into, without a name; in memory where absent.

    Raises
    ------
    BadFrame
        With the reason why it cannot be used.
    """
    from toros.reduction.dialect import describe
    from toros.reduction.frame import open_frame
    from toros.reduction.glance import glance

    with open_frame(Path(path), limits, scratch=scratch) as frame:
        said = partial(
            describe, frame.header, name=Path(path).name, shape=frame.shape, bits=frame.bits, headers=frame.headers,
            cameras=cameras,
        )  # fmt: skip
        full = said().saturation
        seen = glance(frame, full)
    if math.isnan(seen.peak):
        raise BadFrame("holds no pixel with a value: all are NaN")
    what = said(peak=seen.peak)
    if what.product == "calibrated":
        raise BadFrame("is a calibrated frame that TOROS made: its raw frame is what can be calibrated")
    saturated = seen.full if what.saturation == full else seen.at_peak
    levels = seen.levels(what.trim, what.amplifiers)
    marks = [*frame.marks, *what.marks, *_marks_of(seen, levels, what, saturated)]
    return Seen(
        name=name,
        path=path,
        sha256=frame.sha256,
        size=frame.size,
        pixels=seen.fingerprint,
        shape=frame.shape,
        median=levels.median,
        saturated=saturated,
        frame=replace(what, marks=tuple(marks)),
        noise=levels.noise,
        quadrants=levels.quadrants,
        clean=seen.levels(what.trim, what.amplifiers, [a.overscan for a in what.amplifiers] or [what.overscan]),
    )


def _marks_of(seen: Glance, levels: Levels, what: Description, saturated: float) -> list[str]:
    """Return what a person should know about the pixels."""
    marks = []
    if seen.empty_rows:
        marks.append(f"{seen.empty_rows} of its rows hold no value")
    bright = what.saturation is not None and levels.median > LIT * what.saturation and saturated < PLAIN
    if what.kind == "light" and bright and levels.bright < EVEN * levels.median:
        marks.append(f"is evenly bright ({levels.median:g} counts) and without stars: it may be a flat")
    return marks


def classify(seen: Iterable[Seen], unusable: Iterable[Unusable] = (), marks: Iterable[str] = ()) -> Inventory:
    """Sort what was seen by kind; set aside what cannot do its work.

    Parameters
    ----------
    seen : iterable of Seen
        The files that could be read.
    unusable : iterable of Unusable
        Those that could not.
    marks : iterable of str
        About the folder.
    """
    found = Inventory(unusable=list(unusable), marks=list(marks))
    for one in _without_twins(sorted(seen, key=lambda s: s.name), found):
        reason = _why_unusable(one)
        if reason:
            found.unusable.append(Unusable(one.file, reason))
        elif one.frame.master and one.frame.kind != "light":
            found.masters.append(one)
        else:
            getattr(found, one.frame.kind).append(one)
    _set_aside_dark_flats(found)
    found.unusable.sort(key=lambda u: u.file)
    found.marks.extend(_mixture(found))
    return found


def _why_unusable(one: Seen) -> str | None:
    """Return why a frame cannot do its work, or None."""
    what = one.frame
    if what.kind == "dark" and what.exposure_time is None:
        return "is a dark and its header does not say of how many seconds"
    if what.master and what.kind == "flat" and not one.median > 0:
        return f"is a finished flat without light: its median is {one.median:g}"
    if what.master:
        return None
    if what.kind == "flat" and what.saturation and one.median >= FULL * what.saturation:
        return f"is a saturated flat: half its pixels are above {one.median:g}"
    if one.saturated > BLINDED and what.kind != "light":  # a light is marked: the rest of it may be what was wanted
        return f"is saturated: {100 * one.saturated:.0f} % of its pixels are full"
    return None


def _mixture(found: Inventory) -> list[str]:
    """Say where a folder holds frames that have nothing to do with one another."""
    frames = [*found.bias, *found.dark, *found.flat, *found.light, *found.masters]
    marks = []
    cameras = Counter(one.frame.camera or "an unnamed one" for one in frames)
    if len(cameras) > 1:
        marks.append(f"the folder holds frames of {len(cameras)} cameras, kept apart: {_counted(cameras)}")
    shapes = Counter(f"{one.image_shape[1]} x {one.image_shape[0]}" for one in frames)
    if len(shapes) > 1:
        marks.append(f"the folder holds frames of {len(shapes)} shapes, kept apart: {_counted(shapes)}")
    flats = [*found.flat, *(one for one in found.masters if one.frame.kind == "flat")]
    lights = {one.frame.band for one in found.light}
    idle = Counter(one.frame.filter or "no filter" for one in flats if one.frame.band not in lights)
    if idle and lights:
        marks.append(f"flats in a filter that no light was taken through: {_counted(idle)}")
    return marks


def _counted(names: Counter[str]) -> str:
    return ", ".join(f"{name} ({number})" for name, number in sorted(names.items()))


def _without_twins(seen: list[Seen], found: Inventory) -> Iterable[Seen]:
    """Leave out calibration frames that are another one's copy; a light keeps its place and says so."""
    first: dict[str, Seen] = {}
    for one in seen:
        other = first.setdefault(one.pixels, one)
        if other is one:
            yield one
            continue
        same = f"has the same pixels as {other.file}"
        if one.frame.kind == "light" and not one.frame.master:
            found.marks.append(f"{one.file} {same}: one image under two names")
            yield replace(one, frame=replace(one.frame, marks=(*one.frame.marks, f"{same}: one image under two names")))
        else:
            found.unusable.append(Unusable(one.file, f"{same}: one image under two names, counted once"))


def _set_aside_dark_flats(found: Inventory) -> None:
    """Set aside flats that are no brighter than the bias: nothing can be divided by them."""
    levels = {s.image_shape: s.median for s in [*found.masters, *found.bias] if s.frame.kind == "bias"}
    for one in list(found.flat):
        level = levels.get(one.image_shape, 0.0)
        if not one.median - level > EMPTY_FLAT:
            found.flat.remove(one)
            found.unusable.append(
                Unusable(one.file, f"is a flat without light: its median is {one.median:g} counts, the bias {level:g}")
            )


def shown(name: str) -> str:
    """Return a file's name as it can be shown and sent: what cannot be printed as a question mark."""
    return "".join(c if c.isprintable() else "?" for c in name)


def some(names: Sequence[str]) -> str:
    """Return the first names of a list, and how many more there are."""
    more = f" and {len(names) - FEW} more" if len(names) > FEW else ""
    return ", ".join(shown(name) for name in names[:FEW]) + more
