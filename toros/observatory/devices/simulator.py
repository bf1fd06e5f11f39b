"""A camera and a dome that exist only here, yet behave: noisy frames, slow shutters, the memory of metal."""

from __future__ import annotations

import functools
import json
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from toros.clock import Clock
from toros.durable import write_durably
from toros.observatory.devices.base import DomeReading, Shutter
from toros.observatory.devices.sensor import expose
from toros.observatory.exposure import CameraModel, Exposure

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["SimulatedCamera", "SimulatedDome"]

SHUTTER_TIME = 5.0  # seconds from closed to open
TURNING_SPEED = 30.0  # degrees per second
PARKING_AZIMUTH = 0.0  # degrees

log = logging.getLogger(__name__)


class SimulatedCamera:
    """A camera whose exposures pass faster than time does.

    Parameters
    ----------
    model : CameraModel
        What it is like.
    clock : Clock
        The observatory's clock.
    rate : float
        Seconds of exposure in one second of that clock. While an exposure is under way the camera's time runs
        ahead, so that exposures never overlap; the clock catches up afterwards.
    seed : int
        Of the sky and of the sensor's faults.
    """

    def __init__(self, model: CameraModel, clock: Clock, *, rate: float, seed: int) -> None:
        self._model = model
        self._clock = clock
        self._rate = rate
        self._seed = seed
        self._free = threading.Condition()
        self._began: tuple[datetime, float, float] | None = None  # camera's time, monotonic time, seconds of exposure
        self._ahead: datetime | None = None

    @property
    def model(self) -> CameraModel:
        """What is known of the camera."""
        return self._model

    def now(self) -> datetime:
        """Return the time as the camera sees it; UTC."""
        now = self._clock.now()
        if self._began is not None:
            start, origin, _ = self._began
            now = max(now, start + timedelta(seconds=(time.monotonic() - origin) * self._rate))
        return max(now, self._ahead) if self._ahead else now

    def start(self, seconds: float) -> datetime:
        """Begin an exposure; return when it began."""
        with self._free:
            start = self.now()
            self._began = start, time.monotonic(), seconds
            return start

    def elapsed(self) -> float:
        """Return how much of the exposure is over, 0 to 1."""
        began = self._began
        if began is None:
            return 1.0
        _, origin, seconds = began
        return 1.0 if seconds <= 0 else min(1.0, (time.monotonic() - origin) * self._rate / seconds)

    def wait(self, seconds: float) -> None:
        """Wait for the exposure's end, at most so many seconds of the machine's clock."""
        with self._free:
            if self._began is None:
                return
            start, origin, exposure = self._began
            left = origin + exposure / self._rate - time.monotonic()
            if left > 0:
                self._free.wait(min(left, seconds))
            if self._began is not None and self.elapsed() >= 1.0:
                self._ahead, self._began = start + timedelta(seconds=exposure), None

    def abort(self) -> None:
        """End the exposure now."""
        with self._free:
            self._ahead, self._began = self.now(), None
            self._free.notify_all()

    def pixels(self, exposure: Exposure) -> Callable[[], NDArray[np.uint16]]:
        """Return what makes the frame: importable, small, the same pixels whenever it is called."""
        return functools.partial(expose, exposure, self._model, self._seed)


@dataclass(frozen=True)
class Motion:
    """Something that moves evenly from where it was to where it shall be.

    Attributes
    ----------
    origin, goal : float
        From where, to where.
    since : str
        When it set off; UTC, ISO 8601.
    speed : float
        Per second.
    """

    origin: float
    goal: float
    since: str
    speed: float

    def at(self, now: datetime) -> float:
        """Return where it is."""
        passed = max(0.0, (now - datetime.fromisoformat(self.since)).total_seconds()) * self.speed
        way = self.goal - self.origin
        return self.goal if passed >= abs(way) else self.origin + passed * (1 if way > 0 else -1)

    def towards(self, goal: float, now: datetime) -> Motion:
        """Return the motion to another goal, from where it is now."""
        return replace(self, origin=self.at(now), goal=goal, since=now.isoformat())


class SimulatedDome:
    """A dome that remembers its position through every crash of its daemon, as metal does.

    Parameters
    ----------
    clock : Clock
        The observatory's clock; the shutter needs 5 seconds of it.
    memory : Path
        The file that stands for the metal; a new dome is closed.
    """

    def __init__(self, clock: Clock, memory: Path) -> None:
        self._clock = clock
        self._memory = memory
        self._lock = threading.RLock()
        self._shutter, self._turning = self._remembered()

    def read(self) -> DomeReading:
        """Return what the sensors say."""
        with self._lock:
            now = self._clock.now()
            position, azimuth = self._shutter.at(now), self._turning.at(now)
            return DomeReading(
                self._word(position), position, azimuth % 360.0, position == 0.0 and azimuth == PARKING_AZIMUTH
            )

    def open(self) -> None:
        """Let the shutter open."""
        self._move(shutter=1.0)

    def close(self) -> None:
        """Let the shutter close."""
        self._move(shutter=0.0)

    def park(self) -> None:
        """Let the shutter close and the dome turn to its parking azimuth."""
        self._move(shutter=0.0, azimuth=PARKING_AZIMUTH)

    def stop(self) -> None:
        """Stop every motion where it is."""
        with self._lock:
            now = self._clock.now()
            self._move(shutter=self._shutter.at(now), azimuth=self._turning.at(now))

    def _move(self, *, shutter: float, azimuth: float | None = None) -> None:
        """Set the goals and write them down."""
        with self._lock:
            now = self._clock.now()
            self._shutter = self._shutter.towards(shutter, now)
            if azimuth is not None:
                self._turning = self._turning.towards(azimuth, now)
            state = {"shutter": asdict(self._shutter), "turning": asdict(self._turning)}
            try:
                write_durably(self._memory, json.dumps(state).encode())
            except OSError as error:  # the motor turns although nobody writes it down
                log.warning("the dome moves, but %s cannot be written: %s", self._memory.name, error)

    def _word(self, position: float) -> Shutter:
        if position == self._shutter.goal:
            return "open" if position == 1.0 else "closed" if position == 0.0 else "stopped"
        return "opening" if self._shutter.goal > position else "closing"

    def _remembered(self) -> tuple[Motion, Motion]:
        """Return the motions on file, brought up to now; those of a new, closed dome where there is none."""
        now = self._clock.now()
        try:
            state = json.loads(self._memory.read_text())
            shutter, turning = Motion(**state["shutter"]), Motion(**state["turning"])
        except FileNotFoundError:
            return _at_rest(0.0, now)
        except (OSError, ValueError, TypeError, KeyError) as error:
            log.warning("where the dome stands cannot be read from %s, so it counts as open: %s", self._memory, error)
            return _at_rest(1.0, now)
        return shutter.towards(shutter.goal, now), turning.towards(turning.goal, now)


def _at_rest(shutter: float, now: datetime) -> tuple[Motion, Motion]:
    """Return the motions of a dome whose shutter stands still, so far open, above its parking azimuth."""
    since = now.isoformat()
    return (
        Motion(shutter, shutter, since, 1.0 / SHUTTER_TIME),
        Motion(PARKING_AZIMUTH, PARKING_AZIMUTH, since, TURNING_SPEED),
    )
