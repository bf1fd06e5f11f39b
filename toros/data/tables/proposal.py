"""Proposal: time at the telescopes that was granted to somebody."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from toros.data.tables.base import Base, Json, Name, Number, Utc

__all__ = ["Proposal"]


class Proposal(Base):
    """Granted time. What of it was asked for and used, the observations say.

    Attributes
    ----------
    key : str
        The name as people type it; see `TargetName`.
    investigator : str or None
        The user who leads it.
    members : list of str
        Users who may spend its time, beside the investigator; where both are empty, everybody.
    facility : str or None
        The only facility that it is for; None for any.
    hours : float
        Time granted.
    valid_from, valid_to : str or None
        UTC, ISO 8601: windows of observations lie between them.
    """

    __tablename__ = "proposal"
    __table_args__ = (
        CheckConstraint("hours >= 0", name="hours"),
        CheckConstraint("valid_to > valid_from", name="validity"),
        {"sqlite_autoincrement": True},
    )

    number: Mapped[Number]
    key: Mapped[str] = mapped_column(String(256), unique=True)
    name: Mapped[Name]
    title: Mapped[str | None] = mapped_column(String(500))
    investigator: Mapped[Name | None]
    members: Mapped[list[str]] = mapped_column(Json)
    facility: Mapped[Name | None]
    hours: Mapped[float]
    valid_from: Mapped[Utc | None]
    valid_to: Mapped[Utc | None]
    closed: Mapped[bool]
    created: Mapped[Utc]
    changed: Mapped[Utc]
