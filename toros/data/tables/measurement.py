"""Measurement: one point of a series; what the nouns of photometry call a ReducedDatum."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from toros.data.tables.base import Base, Utc

__all__ = ["Measurement"]


class Measurement(Base):
    """One value, or upper limit, at one time.

    The rows lie in the order of their key, a light curve beside itself: it is read in one go, and a new point costs
    the same in a large table as in a small one. There is no other index for that reason.

    Attributes
    ----------
    time : int
        Mid-exposure; microseconds since MJD 0 in the scale of the series.
    value, error : float, float or None
        In the unit of the series. Of an upper limit, the value is the limit.
    bjd : float or None
        Barycentric Julian date of mid-exposure, TDB; where the site is known.
    flags : int
        As the source gives them.
    active : bool
        False where somebody has switched it off; a later ingestion leaves that as it is.
    product : int or None
        The file that it came from.
    revision : int
        1, and one more each time that another value replaced it; the older ones are in `measurement_history`.
    recorded : str
        When this revision came; UTC, ISO 8601.
    """

    __tablename__ = "measurement"
    __table_args__ = (
        CheckConstraint("error >= 0", name="error"),
        CheckConstraint("revision >= 1", name="revision"),
        {"sqlite_with_rowid": False},
    )

    series: Mapped[int] = mapped_column(ForeignKey("series.number"), primary_key=True)
    time: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    value: Mapped[float]
    error: Mapped[float | None]
    upper_limit: Mapped[bool]
    bjd: Mapped[float | None]
    flags: Mapped[int] = mapped_column(BigInteger)
    active: Mapped[bool]
    product: Mapped[int | None] = mapped_column(ForeignKey("data_product.number"))
    revision: Mapped[int]
    recorded: Mapped[Utc]
