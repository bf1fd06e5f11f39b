"""The raw frames of a folder from which a camera can be learnt: of one camera, read out in one way."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from toros.reduction.amplifier import Amplifier
from toros.reduction.inventory import Seen
from toros.reduction.learning import MOST
from toros.reduction.patches import Sample
from toros.reduction.section import Section

__all__ = ["CameraFrames", "choose_frames", "open_frames", "read_out"]

KINDS = ("bias", "dark", "flat")


@dataclass(frozen=True)
class CameraFrames:
    """Open frames of one camera.

    Attributes
    ----------
    samples : sequence of Sample
    amplifiers : sequence of Amplifier
    header : mapping
        Of the first frame.
    """

    samples: Sequence[Sample]
    amplifiers: Sequence[Amplifier]
    header: Mapping[str, Any]


def choose_frames(seen: Sequence[Seen]) -> tuple[list[Seen], list[str]]:
    """Return the raw biases, darks and flats of that camera and read-out mode that has most of them.

    Parameters
    ----------
    seen : sequence of Seen
        Everything in the folder that could be read.

    Returns
    -------
    chosen : list of Seen
        Each image once, at most 20 biases, 60 flats and 20 darks; empty where there are none.
    remarks : list of str
        What was left out, and why.
    """
    groups: dict[object, list[Seen]] = defaultdict(list)
    finished = copies = 0
    known: set[str] = set()
    for one in (one for one in seen if one.frame.kind in KINDS):
        if one.frame.master or one.frame.done or one.frame.unit != "adu":
            finished += 1
        elif one.pixels in known:
            copies += 1
        else:
            known.add(one.pixels)
            groups[_read_out_key(one)].append(one)
    chosen = max(groups.values(), key=len, default=[])
    remarks = []
    if finished:
        remarks.append(f"{finished} frames are finished or calibrated: only raw ones tell a camera's noise")
    if copies:
        remarks.append(f"{copies} frames have the pixels of another one: counted once")
    others = sum(map(len, groups.values())) - len(chosen)
    if others:
        remarks.append(f"{others} frames are of another camera, binning, read-out mode or shape: left out")
    return _not_too_many(chosen), remarks


def _read_out_key(one: Seen) -> object:
    """Return what frames must have in common; what their headers say of gain and noise may be wrong."""
    frame = one.frame
    sections = tuple((a.data, a.overscan, a.place, a.flip_rows, a.flip_columns) for a in frame.amplifiers)
    return (
        frame.settings.name, frame.camera, frame.binning, frame.readout_mode, one.shape, frame.overscan, frame.trim,
        sections,
    )  # fmt: skip


def _not_too_many(chosen: Sequence[Seen]) -> list[Seen]:
    taken: dict[str, int] = defaultdict(int)
    kept = []
    for one in chosen:
        taken[one.frame.kind] += 1
        if taken[one.frame.kind] <= MOST[one.frame.kind]:
            kept.append(one)
    return kept


def read_out(one: Seen) -> tuple[Amplifier, ...]:
    """Return the amplifiers of a frame; one that covers it where there is a single read-out."""
    frame = one.frame
    if frame.amplifiers:
        return frame.amplifiers
    data = frame.trim or Section(1, one.shape[1], 1, one.shape[0])
    place = Section(1, data.shape[1], 1, data.shape[0])
    beside = frame.overscan.beside(data) if frame.overscan else None
    return (Amplifier(data, beside, place),)


@contextmanager
def open_frames(chosen: Sequence[Seen], scratch: Path | None = None) -> Iterator[CameraFrames]:
    """Open frames together.

    Parameters
    ----------
    chosen : sequence of Seen
        As `choose_frames` returns them; at least one.
    scratch : Path, optional
        Folder that packed files are unpacked into; in memory where absent.

    Raises
    ------
    BadFrame
        One cannot be read any more.
    """
    from toros.reduction.frame import open_frame

    with ExitStack() as stack:
        opened = [stack.enter_context(open_frame(Path(one.path), scratch=scratch)) for one in chosen]
        samples = [
            Sample(
                kind=one.frame.kind, image=frame.image, level=one.median, exposure_time=one.frame.exposure_time or 0.0,
                filter=one.frame.filter, name=one.file,
            )
            for one, frame in zip(chosen, opened, strict=True)
        ]  # fmt: skip
        header = {key: value for key, value in opened[0].header.items() if key}
        yield CameraFrames(samples, [replace(a, saturation=None) for a in read_out(chosen[0])], header)
