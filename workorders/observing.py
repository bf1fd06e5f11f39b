"""What can be asked of a telescope."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from workorders.envelope import WorkOrder
from workorders.quantities import Declination, ExposureTime, FilterName, Name, RightAscension, UtcTime

__all__ = [
    "Abort", "CloseDome", "DomeStatus", "Observation", "OpenDome", "ParkDome", "ReceiveTargets", "TargetToObserve",
]  # fmt: skip


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
    not_before: UtcTime | None = Field(None, description="not to be started before this time; UTC, ISO 8601")


class TargetToObserve(BaseModel):
    """One target of a list that a telescope receives."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True, hide_input_in_errors=True)

    name: Name = Field(description="what it is called")
    ra: RightAscension
    dec: Declination
    exposure_time: ExposureTime = 60.0
    exposures: int = Field(1, ge=1, le=1000, description="light frames to take; number")
    filter: FilterName = "r"
    priority: float | None = Field(None, ge=0, le=10, description="0 to 10; that of the order where absent")
    start: UtcTime | None = Field(None, description="not to be started before; UTC, ISO 8601")
    end: UtcTime | None = Field(None, description="not to be started after; UTC, ISO 8601")
    probability: float | None = Field(None, ge=0, le=1, description="that the event is there; for those who look")

    @model_validator(mode="after")
    def _has_time(self) -> TargetToObserve:
        if self.start is not None and self.end is not None and self.start >= self.end:
            context = {"name": self.name, "field": "end", "allowed": f"a time after its start, {self.start}"}
            raise PydanticCustomError("one_of", "gives {name} a window that ends before it begins", context)
        return self


class ReceiveTargets(WorkOrder):
    """Take a list of targets: an observation of each is ordered, the most urgent first, each in its own window.

    Taking the list back takes back all of its observations.
    """

    request: Literal["receive_targets"] = "receive_targets"
    targets: Annotated[list[TargetToObserve], Field(min_length=1, max_length=500)] = Field(
        description="what to observe; of the same priority, first what may begin first"
    )
    event: Name | None = Field(None, description="the alert's event that these follow up")
    calibration_frames: int = Field(
        5, ge=0, le=100, description="bias, dark and flat frames taken with each batch; number of each kind"
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
