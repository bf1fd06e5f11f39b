"""What can be asked of the preprocessor."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from workorders.envelope import WorkOrder
from workorders.quantities import Location, Name, OrderId

__all__ = ["CalibrateFileBatch"]


class CalibrateFileBatch(WorkOrder):
    """Classify the FITS frames of a folder, make or find masters, calibrate the lights, order their ingestion."""

    request: Literal["calibrate_file_batch"] = "calibrate_file_batch"
    file_location: Location = Field(description="root:path of the folder that holds the frames")
    observation: OrderId | None = Field(None, description="the observation order that wrote the batch")
    target: Name | None = Field(None, description="name of the target")
    event: Name | None = Field(None, description="the alert's event that this follows up")
    cosmic_rays: bool = Field(False, description="find and replace cosmic rays with ccdproc's LA Cosmic")
