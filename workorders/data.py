"""What can be asked of the data manager."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from workorders.envelope import OrderId, UtcTime, WorkOrder
from workorders.quantities import (
    Declination,
    ExposureTime,
    FilterName,
    Location,
    Name,
    RightAscension,
    Sha256,
)

__all__ = ["FindProducts", "FrameInput", "IngestDataProduct"]

FrameKind = Literal["bias", "dark", "flat", "light"]
ProductKind = Literal["master_bias", "master_dark", "master_flat", "calibrated", "raw"]


class FrameInput(BaseModel):
    """A file that a product was made from: a raw frame, or another product."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True)

    location: Location
    sha256: Sha256
    role: Literal["exposure", "combination"] = Field(description="raw frame, or a frame made from others")
    kind: FrameKind | ProductKind
    date_obs: UtcTime | None = Field(None, description="start of the exposure; UTC, ISO 8601")
    exposure_time: ExposureTime | None = None
    filter: FilterName | None = None


class IngestDataProduct(WorkOrder):
    """Record a product, the batch it belongs to, and the exposures and combinations that it came from."""

    request: Literal["ingest_data_product"] = "ingest_data_product"
    file_location: Location
    sha256: Sha256
    size: int | str = Field(description="bytes; beyond 32 bits as a string of digits")
    product_type: ProductKind
    batch: Name = Field(description="name of the file batch: the order that reduced it")
    batch_location: Location = Field(description="folder of the raw frames")
    night: str | None = Field(None, pattern=r"^\d{4}-\d\d-\d\d$", description="evening of the night; local date")
    inputs: list[FrameInput] = Field(default_factory=list, max_length=5000)
    thumbnails: dict[str, Location] = Field(
        default_factory=dict, max_length=8, description="pictures of the frame: before, after"
    )
    target: Name | None = None
    event: Name | None = None
    observation: OrderId | None = Field(None, description="the observation order behind it")
    ra: RightAscension | None = None
    dec: Declination | None = None
    date_obs: UtcTime | None = None
    exposure_time: ExposureTime | None = None
    filter: FilterName | None = None
    marks: list[str] = Field(
        default_factory=list,
        max_length=100,
        description="what the reduction guessed, ignored or went without",
    )
    quality: dict[str, Any] = Field(default_factory=dict, max_length=100, description="numbers measured on the frame")


class FindProducts(WorkOrder):
    """Products by batch, type, target, event, night or observation, with their parentage."""

    request: Literal["find_products"] = "find_products"
    batch: Name | None = None
    product_type: ProductKind | None = None
    target: Name | None = None
    event: Name | None = None
    night: str | None = Field(None, pattern=r"^\d{4}-\d\d-\d\d$")
    observation: OrderId | None = None
    limit: int = Field(100, ge=1, le=1000)
    after: int = Field(0, ge=0, le=2_147_483_647, description="page on: products with a larger number than this")
