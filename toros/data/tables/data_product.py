"""DataProduct: any file that the observatory keeps, with what is known about it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from toros.data.tables.base import Base, Degrees, FilterName, Json, Location, Name, Number, Seconds, Sha256, Utc, a_hash
from toros.data.tables.combination import Combination
from toros.data.tables.exposure import Exposure
from toros.data.tables.file_batch import FileBatch

__all__ = ["DataProduct"]


class DataProduct(Base):
    """One file, known by where it lies and what it holds.

    Attributes
    ----------
    size : int
        Bytes.
    product_type : str
        "master_bias", "calibrated", "raw", and so on.
    batch : FileBatch
        The batch that it came out of.
    combination, exposure : Combination or Exposure or None
        The frame that the file holds, the one or the other.
    target : str or None
        What the order called its target.
    target_number : int or None
        The target itself, where we have it.
    thumbnails : dict of str to str
        Locations of pictures: "before", "after".
    marks : list of str
        What the reduction guessed, ignored or went without.
    quality : dict
        Numbers measured on the frame.
    ingested_by : str
        The order that had it recorded.
    recorded : str
        When; UTC, ISO 8601.
    """

    __tablename__ = "data_product"
    __table_args__ = (
        UniqueConstraint("sha256", "location"),
        a_hash("sha256"),
        CheckConstraint("size >= 0", name="size"),
        CheckConstraint("ra >= 0 AND ra < 360", name="ra"),
        CheckConstraint("dec >= -90 AND dec <= 90", name="dec"),
        CheckConstraint("exposure_time >= 0", name="exposure_time"),
        CheckConstraint("combination_number IS NULL OR exposure_number IS NULL", name="one_frame"),
        {"sqlite_autoincrement": True},  # readers page by number: one is never used twice
    )

    number: Mapped[Number]
    location: Mapped[Location]
    sha256: Mapped[Sha256]
    size: Mapped[int] = mapped_column(BigInteger)
    product_type: Mapped[Name] = mapped_column(index=True)
    batch_number: Mapped[int] = mapped_column(ForeignKey("file_batch.number"), index=True)
    combination_number: Mapped[int | None] = mapped_column(ForeignKey("combination.number"), index=True)
    exposure_number: Mapped[int | None] = mapped_column(ForeignKey("exposure.number"), index=True)
    target_number: Mapped[int | None] = mapped_column(ForeignKey("target.number"), index=True)
    night: Mapped[Name | None] = mapped_column(index=True)
    target: Mapped[Name | None] = mapped_column(index=True)
    event: Mapped[Name | None] = mapped_column(index=True)
    observation: Mapped[Name | None] = mapped_column(index=True)
    ra: Mapped[Degrees | None]
    dec: Mapped[Degrees | None]
    date_obs: Mapped[Utc | None]
    exposure_time: Mapped[Seconds | None]
    filter: Mapped[FilterName | None]
    thumbnails: Mapped[dict[str, str]] = mapped_column(Json)
    marks: Mapped[list[str]] = mapped_column(Json)
    quality: Mapped[dict[str, Any]] = mapped_column(Json)
    ingested_by: Mapped[Name]
    recorded: Mapped[Utc]

    batch: Mapped[FileBatch] = relationship()
    combination: Mapped[Combination | None] = relationship()
    exposure: Mapped[Exposure | None] = relationship()
