"""MeasurementHistory: what a measurement said before it was revised."""

from __future__ import annotations

from sqlalchemy import BigInteger, ForeignKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column

from toros.data.tables.base import Base, Utc

__all__ = ["MeasurementHistory"]


class MeasurementHistory(Base):
    """An older revision of a measurement, as it was; see `Measurement`.

    Attributes
    ----------
    recorded, replaced : str
        From when to when it was valid; UTC, ISO 8601.
    """

    __tablename__ = "measurement_history"
    __table_args__ = (
        ForeignKeyConstraint(["series", "time"], ["measurement.series", "measurement.time"]),
        {"sqlite_with_rowid": False},
    )

    series: Mapped[int] = mapped_column(primary_key=True)
    time: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    revision: Mapped[int] = mapped_column(primary_key=True)
    value: Mapped[float]
    error: Mapped[float | None]
    upper_limit: Mapped[bool]
    flags: Mapped[int] = mapped_column(BigInteger)
    product: Mapped[int | None]
    recorded: Mapped[Utc]
    replaced: Mapped[Utc]
