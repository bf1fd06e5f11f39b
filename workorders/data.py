"""What can be asked of the data manager about products."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from workorders.envelope import WorkOrder
from workorders.quantities import (
    Comment,
    Count,
    Declination,
    ExposureTime,
    FilterName,
    InstanceName,
    Location,
    Measurements,
    Name,
    Night,
    OrderId,
    RightAscension,
    Sha256,
    UtcTime,
    says,
)

__all__ = ["FRAMES", "CallHook", "DeleteProduct", "FindProducts", "FrameInput", "IngestDataProduct", "ProcessProduct"]

FRAMES = ("master_bias", "master_dark", "master_flat", "master_bad_pixels", "calibrated", "raw")  # of a file batch
ProductType = Annotated[
    str,
    says(
        f"small letters, digits and _: {', '.join(FRAMES)} of the reduction; photometry, spectroscopy, image, "
        "fits_file, document or any other of your own",
        pattern=r"^[a-z][a-z0-9_]{0,63}$",
    ),
]
HookName = Literal["target_saved", "observation_changed", "product_ingested", "measurements_added"]
Access = Literal["open", "public", "private"]
Tags = Annotated[list[Name], Field(max_length=100)]
RowNumber = Annotated[int, Field(ge=1, le=2_147_483_647)]
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
    """Record a product: any file, of a target perhaps, or what a reduction made, with the frames that it came from."""

    request: Literal["ingest_data_product"] = "ingest_data_product"
    file_location: Location
    sha256: Sha256 | None = Field(None, description="of the file's bytes, hexadecimal; found out where absent")
    size: Count | None = Field(None, description="of the file; bytes (found out where absent)")
    product_type: ProductType = Field(description="what the product is; a processor of this type reads it")
    batch: Name | None = Field(None, description="name of the file batch: the order that reduced it")
    batch_location: Location | None = Field(None, description="folder of the raw frames")
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
    observatory: Name | None = Field(None, description="where it was taken")
    observers: list[Name] = Field(default_factory=list, max_length=100, description="who took it")
    description: Annotated[str, Field(max_length=2000)] | None = Field(None, description="what a reader should know")
    tags: Tags = Field(default_factory=list, description="words to find it by")
    access: Access = Field(
        "open",
        description="who sees it, of those who see its target: everybody, every user (public), its owner and groups "
        "(private)",
    )
    groups: Tags = Field(default_factory=list, description="groups of people that see a private product")
    store: bool = Field(False, description="keep a copy in the storage, under its hash")
    process: bool = Field(True, description="have it read where there is a processor of its type")
    options: Measurements = Field(
        default_factory=dict,
        description="what the file does not say itself, for its processor: fields of ingest_photometry, such as "
        "system: AB",
    )
    restore: bool = Field(False, description="take it in again although it was deleted")

    @model_validator(mode="after")
    def _whole_batch(self) -> Self:
        missing = [name for name in ("batch", "batch_location") if getattr(self, name) is None]
        if len(missing) == 1 or (missing and (self.product_type in FRAMES or self.inputs)):
            why = "inputs are frames of a batch" if self.inputs else f"a {self.product_type} belongs to a batch"
            why = why if len(missing) == 2 else "batch and batch_location go together"
            raise PydanticCustomError("one_of", f"is missing: {why}", {"field": missing[0], "allowed": "both, or none"})
        return self


class FindProducts(WorkOrder):
    """Products by what is known of them, a page at a time, with their parentage."""

    request: Literal["find_products"] = "find_products"
    batch: Name | None = Field(None, description="only those of this file batch")
    product_type: ProductType | None = Field(None, description="only those of this type")
    target: Name | None = Field(None, description="only those of this target; any of its names")
    event: Name | None = Field(None, description="only those that followed up this event")
    night: Night | None = Field(None, description="only those of this night; the evening's local date")
    observation: OrderId | None = Field(None, description="only those of this observation order")
    product: RowNumber | None = Field(None, description="only the one of this number")
    sha256: Sha256 | None = Field(None, description="only those that hold these bytes")
    observatory: Name | None = Field(None, description="only those of this observatory")
    filter: FilterName | None = Field(None, description="only those through this filter")
    observer: Name | None = Field(None, description="only those that this person took")
    owner: Name | None = Field(None, description="only those that this user brought")
    tag: Name | None = Field(None, description="only those with this tag")
    processing: Literal["waiting", "done", "failed"] | None = Field(
        None, description="only those of which this became at their processor"
    )
    deleted: bool = Field(False, description="those that were deleted, instead: when, by whom and why")
    limit: int = Field(100, ge=1, le=1000, description="most rows to answer")
    after: int = Field(0, ge=0, le=2_147_483_647, description="page on: products with a larger number than this")
    before: int | None = Field(
        None, ge=0, le=2_147_483_647, description="the latest first instead: products with a smaller number than this"
    )


class DeleteProduct(WorkOrder):
    """Delete a product: its row stays and says who, when and why; our copy of its file goes."""

    request: Literal["delete_product"] = "delete_product"
    product: RowNumber = Field(description="number of the product")
    reason: Annotated[str, says("1 to 500 characters", min_length=1, max_length=500)] = Field(description="why")
    switch_off: bool = Field(False, description="switch off the measurements that came from it")


class ProcessProduct(WorkOrder):
    """Have a product read by the processor of its type, for the first time or again; the same again changes nothing."""

    request: Literal["process_product"] = "process_product"
    file_location: Location
    sha256: Sha256
    options: Measurements = Field(
        default_factory=dict, description="for the processor, instead of those that came with the product"
    )


class CallHook(WorkOrder):
    """Tell a hook of what the order before this one has done; TOROS writes such orders itself."""

    request: Literal["call_hook"] = "call_hook"
    hook: HookName = Field(description="what has happened")
    name: InstanceName = Field(description="of what is called: a function that is installed, or one of hooks.calls")
