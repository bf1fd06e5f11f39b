"""What a folder holds: each file looked at by itself, then sorted by kind; what cannot be used is named."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from toros.errors import BadFrame
from toros.reduction.amplifier import mosaic_shape
from toros.reduction.dialect import Description
from toros.reduction.structure import Limits

__all__ = ["Inventory", "Seen", "Unusable", "classify", "groups", "inspect", "list_files", "shown"]

_FITS = re.compile(r"\.(fits?|fts)(\.gz|\.fz)?$", re.IGNORECASE)
FULL = 0.9  # of saturation; a flat beyond it is not linear any more
EMPTY_FLAT = 1.0  # counts above bias; less is no light


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
        SHA-256 of the image's pixels: equal for one image under two names.
    shape : (int, int)
        Rows and columns.
    median : float
        Of the finite pixels; counts.
    saturated : float
        Part of the pixels at or above saturation.
    frame : Description
        What it is.
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
        marks.append(f"{len(files)} files not named as FITS were left alone: {_some(files)}")
    if folders:
        marks.append(f"{len(folders)} sub-folders were not entered: {_some(folders)}")
    return chosen, marks


def inspect(path: str, name: str, limits: Limits | None = None) -> Seen:
    """Look at one file; to be run where a FITS file may be opened: in a child process.

    Raises
    ------
    BadFrame
        With the reason why it cannot be used.
    """
    import hashlib

    import numpy as np

    from toros.reduction.dialect import describe
    from toros.reduction.frame import read_frame

    frame = read_frame(Path(path), limits)
    shape = (frame.pixels.shape[0], frame.pixels.shape[1])
    what = describe(
        frame.header, name=Path(path).name, shape=shape, bits=frame.bits, peak=float(np.nanmax(frame.pixels))
    )
    if what.product == "calibrated":
        raise BadFrame("is a calibrated frame that TOROS made: its raw frame is what can be calibrated")
    full = what.saturation if what.saturation is not None else np.inf
    return Seen(
        name=name,
        path=path,
        sha256=frame.sha256,
        size=frame.size,
        pixels=hashlib.sha256(np.ascontiguousarray(frame.pixels).data).hexdigest(),
        shape=shape,
        median=float(np.nanmedian(frame.pixels)),
        saturated=float(np.mean(frame.pixels >= full)),
        frame=replace(what, marks=(*frame.marks, *what.marks)),
    )


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
        if one.frame.kind == "dark" and one.frame.exposure_time is None:
            found.unusable.append(Unusable(one.file, "is a dark and its header does not say of how many seconds"))
        elif one.frame.master and one.frame.kind != "light":
            found.masters.append(one)
        elif one.frame.kind == "flat" and one.frame.saturation and one.median >= FULL * one.frame.saturation:
            found.unusable.append(Unusable(one.file, f"is a saturated flat: half its pixels are above {one.median:g}"))
        else:
            getattr(found, one.frame.kind).append(one)
    _set_aside_dark_flats(found)
    found.unusable.sort(key=lambda u: u.file)
    return found


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


def groups(seen: Iterable[Seen], *, by_exposure: bool = False, by_filter: bool = False) -> list[list[Seen]]:
    """Return frames that may be combined with one another: same camera, binning, sections and shape."""
    sorted_out: dict[object, list[Seen]] = defaultdict(list)
    for one in seen:
        what = one.frame
        key = (
            what.camera,
            what.binning,
            one.shape,
            what.overscan,
            what.trim,
            what.amplifiers,
            what.unit,
            what.done,
            what.exposure_time if by_exposure else None,
            what.filter.lower() if by_filter else None,
        )
        sorted_out[key].append(one)
    return list(sorted_out.values())


def shown(name: str) -> str:
    """Return a file's name as it can be shown and sent: what cannot be printed as a question mark."""
    return "".join(c if c.isprintable() else "?" for c in name)


def _some(names: list[str]) -> str:
    return ", ".join(shown(name) for name in names[:5]) + (" and others" if len(names) > 5 else "")
