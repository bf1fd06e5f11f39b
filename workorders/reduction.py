"""What can be asked of the preprocessor."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from workorders.complaints import one_of
from workorders.envelope import WorkOrder
from workorders.quantities import Location, Name, OrderId

__all__ = ["CalibrateFileBatch", "CalibrateFrame", "MakeMasters", "MasterKind", "ResumeFileBatch", "RestartFileBatch"]

MasterKind = Literal["bias", "dark", "flat", "bad_pixels"]


class _Calibration(WorkOrder):
    """How frames are calibrated; where a field is absent, as the node's configuration says."""

    master_validity: float | None = Field(
        None, ge=0, le=36500, description="masters of other nights serve up to this age, 0 for none; days"
    )
    temperature_tolerance: float | None = Field(
        None, ge=0, le=100, description="by which a master of another night may be warmer or colder; degrees Celsius"
    )
    dark_scaling: bool | None = Field(None, description="scale a dark where there is none of the same exposure time")
    compress: bool | None = Field(None, description="write the products Rice-compressed")


class _Lights(_Calibration):
    """What else is asked of lights."""

    cosmic_rays: bool | None = Field(None, description="find and replace cosmic rays")
    missing: Literal["mark", "refuse"] | None = Field(
        None,
        description="a light that lacks its bias, dark or flat: reduced with what there is and marked, or set aside",
    )


class CalibrateFileBatch(_Lights):
    """Classify the FITS frames of a folder, make or find masters, calibrate the lights, order their ingestion."""

    request: Literal["calibrate_file_batch"] = "calibrate_file_batch"
    file_location: Location = Field(description="root:path of the folder that holds the frames")
    observation: OrderId | None = Field(None, description="the observation order that wrote the batch")
    target: Name | None = Field(None, description="name of the target")
    event: Name | None = Field(None, description="the alert's event that this follows up")


class _OneBatch(WorkOrder):
    """Which batch is meant: one of the two fields says it."""

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        one_of(self, "batch", "file_location")
        return self


class ResumeFileBatch(_OneBatch):
    """Go on with a batch where it stopped, or with frames that arrived after it was finished; nothing is done twice."""

    request: Literal["resume_file_batch"] = "resume_file_batch"
    batch: OrderId | None = Field(None, description="the order that began the batch")
    file_location: Location | None = Field(
        None, description="root:path of the folder that holds the frames: its latest batch is meant"
    )


class RestartFileBatch(_OneBatch, _Lights):
    """Begin a batch anew as a batch of its own; what an earlier one has published stays as it is."""

    request: Literal["restart_file_batch"] = "restart_file_batch"
    batch: OrderId | None = Field(None, description="the order that began the batch")
    file_location: Location | None = Field(
        None, description="root:path of the folder that holds the frames: its latest batch is meant"
    )


class MakeMasters(_Calibration):
    """Make the masters of a folder, calibrate nothing, order their ingestion."""

    request: Literal["make_masters"] = "make_masters"
    file_location: Location = Field(description="root:path of the folder that holds the frames")
    kinds: list[MasterKind] = Field(
        default_factory=list,
        max_length=4,
        description="which masters; those that they are made with are made too; all where empty",
    )


class CalibrateFrame(_Lights):
    """Calibrate one frame with masters that there are, order its ingestion."""

    request: Literal["calibrate_frame"] = "calibrate_frame"
    file_location: Location = Field(description="root:path of the frame")
    masters: Location | None = Field(
        None, description="root:path of a folder of finished masters, which go before those of other nights"
    )
    observation: OrderId | None = Field(None, description="the observation order that took the frame")
    target: Name | None = Field(None, description="name of the target")
    event: Name | None = Field(None, description="the alert's event that this follows up")
