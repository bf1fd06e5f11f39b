"""A telescope: its devices, where it stands, and the one word that stops everything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from toros.errors import Permanent
from toros.observatory.devices.base import Camera, Dome
from toros.observatory.devices.simulator import SimulatedCamera, SimulatedDome
from toros.observatory.exposure import CameraModel, Site

if TYPE_CHECKING:
    from datetime import datetime

    from toros.clock import Clock
    from toros.config import Config

__all__ = ["Telescope", "simulated_telescope"]

LOOK = 0.2  # seconds of the machine's clock between two looks at the camera


@dataclass
class Telescope:
    """The devices of one telescope, shared by everything that uses them.

    Attributes
    ----------
    camera : Camera
        Takes one exposure at a time.
    dome : Dome
        Does at once what it is told last.
    site : Site
        Where it stands.
    aborts : list of str
        Who stopped everything, the latest last.
    """

    camera: Camera
    dome: Dome
    site: Site
    aborts: list[str] = field(default_factory=list)

    def abort(self, by: str) -> None:
        """Stop every exposure and motion now; whatever is under way ends with the words `aborted by …`."""
        self.aborts.append(by)
        self.camera.abort()
        self.dome.stop()

    def expose(self, seconds: float, tell: Callable[[float], None]) -> datetime:
        """Expose, and return when the exposure began; UTC.

        Parameters
        ----------
        seconds : float
            Exposure time.
        tell : callable
            Called a few times a second with the part that is over, 0 to 1; whatever it raises ends the exposure.

        Raises
        ------
        Permanent
            The exposure was aborted.
        """
        aborts = len(self.aborts)
        start = self.camera.start(seconds)
        try:
            while (elapsed := self.camera.elapsed()) < 1.0:
                tell(elapsed)
                self.camera.wait(LOOK)
        except BaseException:
            self.camera.abort()
            raise
        self.check(aborts)
        self.camera.wait(0.0)
        return start

    def check(self, aborts: int) -> None:
        """Raise Permanent where there was another abort than the first `aborts`."""
        if len(self.aborts) > aborts:
            raise Permanent(f"aborted by {self.aborts[-1]}")


def simulated_telescope(config: Config, clock: Clock) -> Telescope:
    """Return the telescope that the configuration describes; its camera and dome are simulated.

    Parameters
    ----------
    config : Config
        The sections `observatory` and `camera`; the dome's memory is the file `dome.json` below `state`.
    clock : Clock
        The observatory's.
    """
    place, settings = config.observatory, config.camera
    model = CameraModel(
        name="TOROS simulated CCD", telescope="TOROS simulated telescope", rows=settings.rows,
        columns=settings.columns, gain=settings.gain, read_noise=settings.read_noise, saturation=60000.0,
        pixel_scale=settings.pixel_scale, temperature=-20.0, simulated=True,
    )  # fmt: skip
    return Telescope(
        camera=SimulatedCamera(model, clock, rate=settings.clock_rate, seed=settings.seed),
        dome=SimulatedDome(clock, config.state.expanduser() / "dome.json"),
        site=Site(place.name, place.longitude, place.latitude, place.elevation),
    )
