"""What can be asked of the data manager."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from workorders.envelope import WorkOrder
from workorders.quantities import (
    Comment,
    Count,
    Declination,
    ExposureTime,
    FilterName,
    Location,
    Measurements,
    Name,
    Night,
    OrderId,
    RightAscension,
    Sha256,
    UtcTime,
)

__all__ = ["FindProducts", "FrameInput", "IngestDataProduct"]

ProductKind = Literal["master_bias", "master_dark", "master_flat", "master_bad_pixels", "calibrated", "raw"]
InputKind = Literal[
    "bias", "dark", "flat", "light",
    "master_bias", "master_dark", "master_flat", "master_bad_pixels", "calibrated", "raw",
]  # fmt: skip
PictureName = Annotated[str, Field(pattern=r"^[a-z][a-z_]{0,31}$")]


class FrameInput(BaseModel):
    """A file that a product was made from: a raw frame, or another product."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True)

    location: Location
    sha256: Sha256
    role: Literal["exposure", "combination"] = Field(description="raw frame, or a frame made from others")
    kind: InputKind = Field(description="what the frame shows, or what it was made into")
    date_obs: UtcTime | None = Field(None, description="start of the exposure; UTC, ISO 8601")
    exposure_time: ExposureTime | None = Field(None, description="time that the shutter was open; seconds")
    filter: FilterName | None = Field(None, description="name of the filter as the wheel calls it")


class IngestDataProduct(WorkOrder):
    """Record a product, the batch it belongs to, and the exposures and combinations that it came from."""

    request: Literal["ingest_data_product"] = "ingest_data_product"
    file_location: Location
    sha256: Sha256
    size: Count = Field(description="of the file; bytes")
    product_type: ProductKind = Field(description="what the product is")
    batch: Name = Field(description="name of the file batch: the order that reduced it")
    batch_location: Location = Field(description="folder of the raw frames")
    night: Night | None = Field(None, description="evening of the night; local date")
    inputs: list[FrameInput] = Field(
        default_factory=list,
        max_length=1000,
        description="the frames that the product came from; more of them come in further orders of the same product",
    )
    thumbnails: dict[PictureName, Location] = Field(
        default_factory=dict, max_length=8, description="pictures of the frame: before, after"
    )
    target: Name | None = Field(None, description="name of the target")
    event: Name | None = Field(None, description="the alert's event that was followed up")
    observation: OrderId | None = Field(None, description="the observation order behind it")
    ra: RightAscension | None = Field(None, description="right ascension of the frame's centre; ICRS, degrees")
    dec: Declination | None = Field(None, description="declination of the frame's centre; ICRS, degrees")
    date_obs: UtcTime | None = Field(None, description="start of the exposure; UTC, ISO 8601")
    exposure_time: ExposureTime | None = Field(None, description="time that the shutter was open; seconds")
    filter: FilterName | None = Field(None, description="name of the filter as the wheel calls it")
    marks: list[Comment] = Field(
        default_factory=list,
        max_length=100,
        description="what the reduction guessed, ignored or went without",
    )
    quality: Measurements = Field(
        default_factory=dict, description="measured on the frame; each with its unit in its name, such as fwhm_pixels"
    )


class FindProducts(WorkOrder):
    """Products by batch, type, target, event, night or observation, with their parentage."""

    request: Literal["find_products"] = "find_products"
    batch: Name | None = Field(None, description="only those of this file batch")
    product_type: ProductKind | None = Field(None, description="only those of this type")
    target: Name | None = Field(None, description="only those of this target; any of its names")
    event: Name | None = Field(None, description="only those that followed up this event")
    night: Night | None = Field(None, description="only those of this night; the evening's local date")
    observation: OrderId | None = Field(None, description="only those of this observation order")
    limit: int = Field(100, ge=1, le=1000, description="most rows to answer")
    after: int = Field(0, ge=0, le=2_147_483_647, description="page on: products with a larger number than this")
    before: int | None = Field(
        None, ge=0, le=2_147_483_647, description="the latest first instead: products with a smaller number than this"
    )
