"""DataProduct: any file that the observatory keeps, with what is known about it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, String, UniqueConstraint
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
    batch : FileBatch or None
        The batch that it came out of; None of a file that no reduction made.
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
    observatory : str or None
        Where it was taken.
    observers : list of str
        Who took it.
    owner : str or None
        The user who brought it; None of what the observatory made itself.
    access : str
        Who sees it, of those who see its target: "open", "public" (every named user), "private" (owner and groups).
    stored : str or None
        Its key in the storage, where we keep a copy.
    options : dict
        What the sender says about a file that does not say it itself; for the processor.
    processing : str or None
        What became of it at its processor: "waiting", "done", "failed"; None where nothing reads its type.
    report : dict or None
        What the processor says: what was taken, or the reason why not.
    deleted, deleted_by, deleted_reason : str or None
        When, by whom and why it was deleted: the row stays.
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
        CheckConstraint("access IN ('open', 'public', 'private')", name="access"),
        CheckConstraint("processing IN ('waiting', 'done', 'failed')", name="processing"),
        CheckConstraint("(deleted IS NULL) = (deleted_by IS NULL)", name="deleted"),
        CheckConstraint("combination_number IS NULL OR exposure_number IS NULL", name="one_frame"),
        {"sqlite_autoincrement": True},  # readers page by number: one is never used twice
    )

    number: Mapped[Number]
    location: Mapped[Location]
    sha256: Mapped[Sha256]
    size: Mapped[int] = mapped_column(BigInteger)
    product_type: Mapped[Name] = mapped_column(index=True)
    batch_number: Mapped[int | None] = mapped_column(ForeignKey("file_batch.number"), index=True)
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
    filter: Mapped[FilterName | None] = mapped_column(index=True)
    thumbnails: Mapped[dict[str, str]] = mapped_column(Json)
    marks: Mapped[list[str]] = mapped_column(Json)
    quality: Mapped[dict[str, Any]] = mapped_column(Json)
    observatory: Mapped[Name | None] = mapped_column(index=True)
    observers: Mapped[list[str]] = mapped_column(Json, default=list, server_default="[]")
    owner: Mapped[Name | None] = mapped_column(index=True)
    access: Mapped[str] = mapped_column(String(16), default="open", server_default="open")
    description: Mapped[str | None] = mapped_column(String(2000))
    stored: Mapped[str | None] = mapped_column(String(128))
    options: Mapped[dict[str, Any]] = mapped_column(Json, default=dict, server_default="{}")
    processing: Mapped[str | None] = mapped_column(String(16), index=True)
    report: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    deleted: Mapped[Utc | None]
    deleted_by: Mapped[Name | None]
    deleted_reason: Mapped[str | None] = mapped_column(String(500))
    ingested_by: Mapped[Name]
    recorded: Mapped[Utc]

    batch: Mapped[FileBatch | None] = relationship()
    combination: Mapped[Combination | None] = relationship()
    exposure: Mapped[Exposure | None] = relationship()
