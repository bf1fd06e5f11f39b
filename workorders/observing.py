"""What can be asked of a telescope."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from workorders.envelope import WorkOrder
from workorders.quantities import Declination, ExposureTime, FilterName, Name, RightAscension

__all__ = ["Abort", "CloseDome", "DomeStatus", "Observation", "OpenDome", "ParkDome"]


class Observation(WorkOrder):
    """Point, expose, write the file batch and order its calibration."""

    request: Literal["observation"] = "observation"
    ra: RightAscension
    dec: Declination
    exposure_time: ExposureTime = 60.0
    exposures: int = Field(1, ge=1, le=1000, description="light frames to take; number")
    filter: FilterName = "r"
    target: Name | None = Field(None, description="name of the target")
    event: Name | None = Field(None, description="the alert's event that this follows up")
    calibration_frames: int = Field(
        5, ge=0, le=100, description="bias, dark and flat frames taken with the batch; number of each kind"
    )


class DomeStatus(WorkOrder):
    """What the dome's sensors say now."""

    request: Literal["dome_status"] = "dome_status"


class OpenDome(WorkOrder):
    """Open the dome's shutter."""

    request: Literal["open_dome"] = "open_dome"


class CloseDome(WorkOrder):
    """Close the dome's shutter, now, whatever else is going on."""

    request: Literal["close_dome"] = "close_dome"


class ParkDome(WorkOrder):
    """Close the dome and turn it to its parking azimuth, now."""

    request: Literal["park_dome"] = "park_dome"


class Abort(WorkOrder):
    """Stop every exposure and motion, now."""

    request: Literal["abort"] = "abort"
