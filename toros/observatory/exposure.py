"""What a frame is of, where it is taken, and with what: plain facts that travel to the process that writes it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

__all__ = ["CameraModel", "Exposure", "FrameKind", "Site"]

FrameKind = Literal["bias", "dark", "flat", "light"]


@dataclass(frozen=True)
class Site:
    """Where the telescope stands.

    Attributes
    ----------
    name : str
        Of the observatory.
    longitude, latitude : float
        Degrees east and north.
    elevation : float
        Metres.
    """

    name: str
    longitude: float
    latitude: float
    elevation: float


@dataclass(frozen=True)
class CameraModel:
    """What is known of a camera and the optics before it.

    Attributes
    ----------
    name, telescope : str
        As FITS headers call them.
    rows, columns : int
        Pixels.
    gain : float
        Electrons per ADU.
    read_noise : float
        Electrons.
    saturation : float
        ADU from which a pixel is full.
    pixel_scale : float
        Arcseconds per pixel.
    temperature : float
        Of the sensor; degrees Celsius.
    simulated : bool
        Whether its frames are made up.
    """

    name: str
    telescope: str
    rows: int
    columns: int
    gain: float
    read_noise: float
    saturation: float
    pixel_scale: float
    temperature: float
    simulated: bool = False


@dataclass(frozen=True)
class Exposure:
    """One frame, taken or about to be.

    Attributes
    ----------
    kind : {"bias", "dark", "flat", "light"}
        What it is of.
    number : int
        Of its kind in its batch, from one.
    seconds : float
        Exposure time.
    start : datetime
        When the exposure begins; UTC.
    order : str
        The observation order.
    filter : str or None
        None where no light falls on the sensor.
    ra, dec : float or None
        Where the telescope points; ICRS, degrees. None where it does not matter.
    target, event : str or None
        What the observation is of.
    dome : str or None
        What the dome's sensor says of its shutter.
    """

    kind: FrameKind
    number: int
    seconds: float
    start: datetime
    order: str
    filter: str | None = None
    ra: float | None = None
    dec: float | None = None
    target: str | None = None
    event: str | None = None
    dome: str | None = None

    @property
    def end(self) -> datetime:
        """When the exposure ends; UTC."""
        return self.start + timedelta(seconds=self.seconds)

    @property
    def middle(self) -> datetime:
        """The time that what it shows happened, on average; UTC."""
        return self.start + timedelta(seconds=self.seconds / 2)
