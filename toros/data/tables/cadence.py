"""Cadence: a rule by which one observation follows another."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from toros.data.tables.base import Base, Name, Number, Utc

__all__ = ["Cadence"]


class Cadence(Base):
    """A rule, and whether it still holds; its observations point at it.

    Attributes
    ----------
    strategy : {"retry_failed", "resume_after_failure", "repeat"}
        See `toros.data.observations.cadences`.
    hours : float
        Between two observations.
    until : str or None
        No observation begins after this time; UTC, ISO 8601.
    most : int or None
        Observations in all, the first one included.
    active : bool
    ended : str or None
        Why it is not active any more.
    """

    __tablename__ = "cadence"
    __table_args__ = (
        CheckConstraint("strategy IN ('retry_failed', 'resume_after_failure', 'repeat')", name="strategy"),
        CheckConstraint("hours > 0", name="hours"),
        CheckConstraint("most > 0", name="most"),
    )

    number: Mapped[Number]
    strategy: Mapped[str] = mapped_column(String(32))
    hours: Mapped[float]
    until: Mapped[Utc | None]
    most: Mapped[int | None]
    active: Mapped[bool]
    ended: Mapped[str | None] = mapped_column(String(500))
    asked_by: Mapped[Name | None]
    created: Mapped[Utc]
