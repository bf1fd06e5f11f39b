"""A file batch: the frames of one observation, taken one after another, the lights first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from toros.errors import ChildDied, Temporary
from toros.observatory.exposure import Exposure, FrameKind
from toros.observatory.frames import write_frame
from toros.observatory.telescope import Telescope

__all__ = ["BatchPlan", "Frame", "take_batch"]

Teller = Callable[[float, str], None]
FLAT_EXPOSURE = 5.0  # seconds before the lamp


@dataclass(frozen=True)
class Frame:
    """One frame of a plan: its kind, its number of that kind, and its exposure time in seconds."""

    kind: FrameKind
    number: int
    seconds: float

    @property
    def file_name(self) -> str:
        """The frame's name in its batch's folder."""
        return f"{self.kind}-{self.number:03d}.fits"


@dataclass(frozen=True)
class BatchPlan:
    """What an observation wants.

    Attributes
    ----------
    order : str
        The observation order.
    ra, dec : float
        Where to point; ICRS, degrees.
    seconds : float
        Exposure time of lights, and of the darks that belong to them.
    lights, calibrations : int
        Light frames; bias, dark and flat frames of each kind.
    filter : str
        For lights and flats.
    target, event : str or None
        What it is of.
    """

    order: str
    ra: float
    dec: float
    seconds: float
    lights: int
    calibrations: int
    filter: str
    target: str | None = None
    event: str | None = None

    def frames(self) -> list[Frame]:
        """Return every frame, the lights first: the sky changes, the camera does not."""
        kinds: list[tuple[FrameKind, int, float]] = [
            ("light", self.lights, self.seconds),
            ("flat", self.calibrations, FLAT_EXPOSURE),
            ("dark", self.calibrations, self.seconds),
            ("bias", self.calibrations, 0.0),
        ]
        return [Frame(kind, number, seconds) for kind, count, seconds in kinds for number in range(1, count + 1)]

    def exposure(self, frame: Frame, start: datetime, dome: str) -> Exposure:
        """Return the facts of one frame: when it began, and what the dome's sensor said then."""
        lit, pointed = frame.kind in ("light", "flat"), frame.kind == "light"
        return Exposure(
            frame.kind, frame.number, frame.seconds, start, self.order,
            filter=self.filter if lit else None,
            ra=self.ra if pointed else None, dec=self.dec if pointed else None,
            target=self.target if pointed else None, event=self.event if pointed else None,
            dome=dome,
        )  # fmt: skip


def take_batch(
    plan: BatchPlan,
    telescope: Telescope,
    folder: Path,
    *,
    run: Callable[..., int],
    tell: Callable[[float, str], None],
) -> int:
    """Take the frames of a batch that are not in its folder yet.

    A frame is in the folder whole or not at all, so that this may be called again after a crash.

    Parameters
    ----------
    plan : BatchPlan
        What is wanted.
    telescope : Telescope
        What takes it.
    folder : Path
        Where the frames go.
    run : callable
        Runs a function with its arguments in another process.
    tell : callable
        Hears how far the batch is, 0 to 1, and in words; whatever it raises ends the batch, the exposure under way too.

    Returns
    -------
    int
        Frames that were there already.

    Raises
    ------
    Permanent
        The telescope was aborted.
    Temporary
        A frame could not be written.
    """
    frames, aborts = plan.frames(), len(telescope.aborts)
    for unfinished in folder.glob(".*.tmp"):  # of a writer that was killed
        unfinished.unlink(missing_ok=True)
    missing = [frame for frame in frames if not (folder / frame.file_name).exists()]
    found = len(frames) - len(missing)
    for done, frame in enumerate(missing, found):
        _take(frame, plan, telescope, folder / frame.file_name, run, _teller(tell, frame, done, len(frames)))
        telescope.check(aborts)
    return found


def _take(
    frame: Frame, plan: BatchPlan, telescope: Telescope, path: Path, run: Callable[..., int], tell: Teller
) -> None:
    """Expose one frame and let another process write it."""
    shutter = telescope.dome.read().shutter
    start = telescope.expose(frame.seconds, lambda part: tell(part, "exposing"))
    exposure, camera = plan.exposure(frame, start, shutter), telescope.camera
    tell(1.0, "writing")
    try:
        run(write_frame, camera.pixels(exposure), exposure, camera.model, telescope.site, path)
    except (ChildDied, OSError) as error:
        raise Temporary(f"{path.name} could not be written: {error}") from error


def _teller(tell: Callable[[float, str], None], frame: Frame, done: int, total: int) -> Teller:
    """Return what tells the progress of one frame as the batch's."""
    words = f"{frame.kind} {frame.number} ({done + 1} of {total} frames), {frame.seconds:g} s"
    return lambda part, what: tell((done + part) / total, f"{words}: {what}")
