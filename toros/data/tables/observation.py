"""Observation: what was asked of a facility, how it stands, and how it came to that."""

from __future__ import annotations

from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from toros.data.tables.base import Base, Json, Name, Number, Seconds, Utc
from toros.data.tables.cadence import Cadence
from toros.data.tables.observation_group import ObservationGroup
from toros.data.tables.proposal import Proposal
from toros.data.tables.target import Target

__all__ = ["Observation", "ObservationEvent"]

STATUSES = "'PENDING', 'COMPLETED', 'WINDOW_EXPIRED', 'CANCELED', 'FAILURE_LIMIT_REACHED', 'NOT_ATTEMPTED'"


class Observation(Base):
    """One observation of one target, asked of one facility.

    Attributes
    ----------
    facility : str
        Name of the facility's entry point.
    parameters : dict
        The facility's form, filled in.
    facility_id : str or None
        What the facility calls it; None while it was not handed over yet. Products name it.
    order_id : str
        The order that asked for it.
    status : str
        See `toros.data.observations.life`.
    window_start, window_end : str or None
        When it may be observed; UTC, ISO 8601.
    scheduled_start, scheduled_end : str or None
        When the facility will observe it, or did.
    priority : float or None
        0 to 10.
    seconds, seconds_used : float
        Time asked for, and what it took.
    tell : list of str
        Mail addresses and URLs that hear of changes.
    follows : int or None
        The observation of the same cadence that this one came after. One has one follower at most, by law: a
        cadence that is looked at twice does nothing twice.
    cancel_asked : str or None
        When it was taken back, where the facility has yet to say that it was.
    silent_since : str or None
        When its facility was asked how it stands and told nothing, as at every question since; UTC, ISO 8601.
    due : str or None
        When somebody must look at it next; UTC, ISO 8601.
    """

    __tablename__ = "observation"
    __table_args__ = (
        UniqueConstraint("facility", "facility_id"),
        UniqueConstraint("follows"),
        CheckConstraint(f"status IN ({STATUSES})", name="status"),
        CheckConstraint("window_end > window_start", name="window"),
        CheckConstraint("scheduled_end >= scheduled_start", name="schedule"),
        CheckConstraint("priority >= 0 AND priority <= 10", name="priority"),
        CheckConstraint("seconds >= 0", name="seconds"),
        CheckConstraint("seconds_used >= 0", name="seconds_used"),
        CheckConstraint("follows <> number", name="follows"),
        Index(None, "target", "number"),
        Index(None, "status", "number"),
        Index(None, "proposal", "status"),
        Index(None, "observation_group", "number"),
        Index(None, "cadence", "number"),
        Index(None, "asked_by", "number"),
        Index(None, "order_id"),
        Index(None, "facility_id"),
        Index(None, "due"),
        {"sqlite_autoincrement": True},  # readers page by number: one is never used twice
    )

    number: Mapped[Number]
    target: Mapped[int] = mapped_column(ForeignKey("target.number"))
    facility: Mapped[Name]
    parameters: Mapped[dict[str, Any]] = mapped_column(Json)
    facility_id: Mapped[Name | None]
    order_id: Mapped[Name]
    status: Mapped[str] = mapped_column(String(32))
    window_start: Mapped[Utc | None]
    window_end: Mapped[Utc | None]
    scheduled_start: Mapped[Utc | None]
    scheduled_end: Mapped[Utc | None]
    priority: Mapped[float | None]
    seconds: Mapped[Seconds]
    seconds_used: Mapped[Seconds | None]
    observation_group: Mapped[int | None] = mapped_column(ForeignKey("observation_group.number"))
    proposal: Mapped[int | None] = mapped_column(ForeignKey("proposal.number"))
    cadence: Mapped[int | None] = mapped_column(ForeignKey("cadence.number"))
    follows: Mapped[int | None] = mapped_column(ForeignKey("observation.number"))
    tell: Mapped[list[str]] = mapped_column(Json)
    asked_by: Mapped[Name | None]
    cancel_asked: Mapped[Utc | None]
    due: Mapped[Utc | None]
    created: Mapped[Utc]
    changed: Mapped[Utc]
    silent_since: Mapped[Utc | None]

    of_target: Mapped[Target] = relationship()
    of_group: Mapped[ObservationGroup | None] = relationship()
    of_proposal: Mapped[Proposal | None] = relationship()
    of_cadence: Mapped[Cadence | None] = relationship()


class ObservationEvent(Base):
    """One thing that happened to an observation.

    Attributes
    ----------
    time : str
        When it was recorded; UTC, ISO 8601.
    status : str
        Its status from then on.
    who : str or None
        User or daemon that told so.
    order_id : str or None
        The order that told so.
    note : str or None
        In words.
    """

    __tablename__ = "observation_event"
    __table_args__ = (Index(None, "observation", "number"),)

    number: Mapped[Number]
    observation: Mapped[int] = mapped_column(ForeignKey("observation.number"))
    time: Mapped[Utc]
    status: Mapped[str] = mapped_column(String(32))
    who: Mapped[Name | None]
    order_id: Mapped[Name | None]
    note: Mapped[str | None] = mapped_column(String(500))
