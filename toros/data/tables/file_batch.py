"""FileBatch: the frames of a night or of one observation, as one order reduced them."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Table
from sqlalchemy.orm import Mapped, mapped_column, relationship

from toros.data.tables.base import Base, Location, Name, Number, Utc
from toros.data.tables.exposure import Exposure

__all__ = ["FileBatch", "batch_exposure"]

batch_exposure = Table(  # the same raw frames may be reduced more than once
    "batch_exposure",
    Base.metadata,
    Column("batch", ForeignKey("file_batch.number"), primary_key=True),
    Column("exposure", ForeignKey("exposure.number"), primary_key=True, index=True),
)


class FileBatch(Base):
    """The frames that one order reduced together.

    Attributes
    ----------
    name : str
        The order that reduced it.
    location : str
        Folder of the raw frames.
    night : str or None
        Evening of the night; local date.
    observation : str or None
        The observation order that took the frames.
    """

    __tablename__ = "file_batch"

    number: Mapped[Number]
    name: Mapped[Name] = mapped_column(unique=True)
    location: Mapped[Location]
    night: Mapped[Name | None] = mapped_column(index=True)
    observation: Mapped[Name | None] = mapped_column(index=True)
    target: Mapped[Name | None] = mapped_column(index=True)
    event: Mapped[Name | None] = mapped_column(index=True)
    recorded: Mapped[Utc]
    exposures: Mapped[list[Exposure]] = relationship(secondary=batch_exposure, order_by=Exposure.location)
