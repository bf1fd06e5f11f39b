"""What the observatory asks of its devices; the simulator, and later real drivers, answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    import numpy as np
    from numpy.typing import NDArray

    from toros.observatory.exposure import CameraModel, Exposure

__all__ = ["Camera", "Dome", "DomeReading"]

Shutter = Literal["open", "closed", "opening", "closing", "stopped"]


class Camera(Protocol):
    """A camera that takes one exposure at a time."""

    @property
    def model(self) -> CameraModel:
        """What is known of the camera."""
        ...

    def start(self, seconds: float) -> datetime:
        """Begin an exposure; return when it began, UTC by the observatory's clock."""
        ...

    def elapsed(self) -> float:
        """Return how much of the exposure is over: 0 to 1, and 1 where none is under way."""
        ...

    def wait(self, seconds: float) -> None:
        """Wait for the exposure's end, at most so many seconds of the machine's clock; an abort ends the wait."""
        ...

    def abort(self) -> None:
        """End the exposure now; its light is lost."""
        ...

    def pixels(self, exposure: Exposure) -> Callable[[], NDArray[np.uint16]]:
        """Return what reads the frame out: it gives ADU, shape (rows, columns), and may be sent to a child process."""
        ...


@dataclass(frozen=True)
class DomeReading:
    """What a dome's sensors say at one moment.

    Attributes
    ----------
    shutter : {"open", "closed", "opening", "closing", "stopped"}
        From the position sensor and the motor, never from what was asked last.
    position : float
        How far the shutter is open: 0 to 1.
    azimuth : float
        Where the opening points; degrees from north through east.
    parked : bool
        Whether it is closed and stands at its parking azimuth.
    """

    shutter: Shutter
    position: float
    azimuth: float
    parked: bool


class Dome(Protocol):
    """A dome with a shutter and a position sensor. What it is told last wins, at once; nothing here waits."""

    def read(self) -> DomeReading:
        """Return what the sensors say."""
        ...

    def open(self) -> None:
        """Let the shutter open."""
        ...

    def close(self) -> None:
        """Let the shutter close, whatever it was believed to be."""
        ...

    def park(self) -> None:
        """Let the shutter close and the dome turn to its parking azimuth."""
        ...

    def stop(self) -> None:
        """Stop every motion where it is."""
        ...
