"""Sections of a detector as headers write them: `[first column:last column, first row:last row]`, from one."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

__all__ = ["Section", "read_directed", "read_sections"]

_RANGE = r"\s*(?:(\d+)\s*:\s*(\d+)|:)\s*"
_FORM = re.compile(rf"^\[{_RANGE}(?:,{_RANGE})?\]$")  # rows may be left out: all of them


@dataclass(frozen=True)
class Section:
    """A rectangle of pixels, counted from one, both ends included."""

    left: int
    right: int
    bottom: int
    top: int

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.top - self.bottom + 1, self.right - self.left + 1

    @property
    def slices(self) -> tuple[slice, slice]:
        """Rows and columns, to cut it out of an array."""
        return slice(self.bottom - 1, self.top), slice(self.left - 1, self.right)

    def __str__(self) -> str:
        """Return the section as FITS writes it."""
        return f"[{self.left}:{self.right},{self.bottom}:{self.top}]"

    def overlaps(self, other: Section) -> bool:
        """Tell whether a pixel belongs to both."""
        apart = self.right < other.left or other.right < self.left or self.top < other.bottom or other.top < self.bottom
        return not apart

    def lies_in(self, shape: tuple[int, int]) -> bool:
        """Tell whether an array of so many rows and columns holds all of it."""
        return min(self.left, self.bottom) >= 1 and self.right <= shape[1] and self.top <= shape[0]

    def beside(self, data: Section) -> Section | None:
        """Return the part of an overscan that has the rows of the data, or its columns; None if there is none such."""
        if self.overlaps(data):
            return None
        if self.bottom <= data.bottom and data.top <= self.top:
            return replace(self, bottom=data.bottom, top=data.top)
        if self.left <= data.left and data.right <= self.right:
            return replace(self, left=data.left, right=data.right)
        return None

    def moved(self, rows: int) -> Section:
        """Return the section so many rows further up."""
        return replace(self, bottom=self.bottom + rows, top=self.top + rows)


def read_directed(text: str, shape: tuple[int, int] | None) -> tuple[Section, bool, bool] | None:
    """Return a section that may run backwards, and whether its rows and its columns do.

    Parameters
    ----------
    text : str
    shape : (int, int) or None
        Rows and columns of the array, for a section that leaves an end open; None where that is not allowed.

    Returns
    -------
    section : Section
    flip_rows, flip_columns : bool
        None instead of the three where the text is not a section.
    """
    match = _FORM.match(text.strip())
    if not match:
        return None
    left, right, bottom, top = (None if group is None else int(group) for group in match.groups())
    if shape is not None:
        left, right = (1, shape[1]) if left is None else (left, right)
        bottom, top = (1, shape[0]) if bottom is None else (bottom, top)
    if left is None or right is None or bottom is None or top is None or min(left, right, bottom, top) < 1:
        return None
    section = Section(min(left, right), max(left, right), min(bottom, top), max(bottom, top))
    return section, bottom > top, left > right


def read_sections(
    overscan: str | None, trim: str | None, shape: tuple[int, int]
) -> tuple[Section | None, Section | None, list[str]]:
    """Return the overscan and the section to keep, where they make sense for an array of this shape.

    Parameters
    ----------
    overscan, trim : str or None
        What BIASSEC and TRIMSEC (or DATASEC) say.
    shape : (int, int)
        Rows and columns of the array.

    Returns
    -------
    overscan, trim : Section or None
        None where there is nothing to do.
    marks : list of str
        What was ignored, and why.
    """
    marks: list[str] = []
    bias = _read("BIASSEC", overscan, shape, marks)
    keep = _read("TRIMSEC", trim, shape, marks)
    if keep is not None and keep.shape == shape:
        keep = None
    if bias is None:
        return None, keep, marks
    if keep is None:
        keep = _beside(bias, shape)
        if keep is None:
            return None, None, [*marks, f"BIASSEC {bias} leaves no image beside it: ignored"]
        marks.append(f"there is no TRIMSEC: {keep} was kept, beside the overscan {bias}")
    if bias.overlaps(keep):
        return None, keep, [*marks, f"BIASSEC {bias} overlaps the image {keep}: ignored"]
    whole = _spanning(bias, keep, shape)
    if whole is None:
        return None, keep, [*marks, f"BIASSEC {bias} does not span the image {keep}: ignored"]
    return whole, keep, marks


def _read(name: str, text: str | None, shape: tuple[int, int], marks: list[str]) -> Section | None:
    if text is None:
        return None
    match = _FORM.match(text.strip())
    if not match:
        marks.append(f"{name} {text.strip()!r} cannot be read: ignored")
        return None
    left, right, bottom, top = (None if group is None else int(group) for group in match.groups())
    ends = (1, shape[1], 1, shape[0])
    said = (left, right, bottom, top)
    section = Section(*(end if one is None else one for end, one in zip(ends, said, strict=True)))
    if not (1 <= section.left <= section.right and 1 <= section.bottom <= section.top):
        marks.append(f"{name} {text.strip()} runs backwards: ignored")
        return None
    if section.right > shape[1] or section.top > shape[0]:
        marks.append(f"{name} {text.strip()} reaches beyond the {shape[1]} x {shape[0]} array (stale): ignored")
        return None
    return section


def _beside(bias: Section, shape: tuple[int, int]) -> Section | None:
    """Return the image beside an overscan that lies at one edge."""
    rows, columns = shape
    if bias.shape[0] >= bias.shape[1]:
        sides = [Section(1, bias.left - 1, 1, rows), Section(bias.right + 1, columns, 1, rows)]
    else:
        sides = [Section(1, columns, 1, bias.bottom - 1), Section(1, columns, bias.top + 1, rows)]
    best = max(sides, key=lambda s: s.shape[0] * s.shape[1])
    return best if min(best.shape) >= 2 else None


def _spanning(bias: Section, keep: Section, shape: tuple[int, int]) -> Section | None:
    """Return the overscan stretched over the whole array, where it covers every row (or column) that is kept.

    What is added lies outside the section that is kept, and falls away with the trimming.
    """
    if bias.shape[0] >= bias.shape[1]:
        covers = bias.bottom <= keep.bottom and keep.top <= bias.top
        return Section(bias.left, bias.right, 1, shape[0]) if covers else None
    covers = bias.left <= keep.left and keep.right <= bias.right
    return Section(1, shape[1], bias.bottom, bias.top) if covers else None
