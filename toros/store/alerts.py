"""What the alert robot remembers: every alert, what it meant, and the observation it caused.

Times are UTC, ISO 8601 with milliseconds: they sort as text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import JSON, CheckConstraint, MetaData, String, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from toros.store.names import CONSTRAINT_NAMES

__all__ = ["METADATA", "AlertRow", "alert_with_hash", "alerts_before", "alerts_of"]


class Base(DeclarativeBase):
    """Base of the alert robot's tables; its metadata is the branch `alert_robot` of the migrations."""

    metadata = MetaData(naming_convention=CONSTRAINT_NAMES)


class AlertRow(Base):
    """One alert, as one order brought it.

    Attributes
    ----------
    order_id : str
        The order that brought it.
    hash : str
        SHA-256 of what it says: the same alert is kept once, whoever brings it how often.
    location : str
        The spooled text; root:path.
    observation : str or None
        The order for an observation that it caused.
    ra, dec : float or None
        What that observes; ICRS, degrees.
    result : dict
        What it meant, as the order's result tells it.
    """

    __tablename__ = "alerts"
    __table_args__ = (
        CheckConstraint("length(hash) = 64", name="hash"),
        CheckConstraint("observation IS NULL OR (ra IS NOT NULL AND dec IS NOT NULL)", name="observed_place"),
    )

    number: Mapped[int] = mapped_column(primary_key=True)  # by arrival
    order_id: Mapped[str] = mapped_column(String(64), unique=True)
    event: Mapped[str] = mapped_column(String(32), index=True)
    alert_type: Mapped[str] = mapped_column(String(32))
    time_created: Mapped[str] = mapped_column(String(32))
    event_time: Mapped[str | None] = mapped_column(String(32))
    received: Mapped[str] = mapped_column(String(32))
    hash: Mapped[str] = mapped_column(String(64), unique=True)
    significant: Mapped[bool | None]
    far: Mapped[float | None]  # hertz
    is_mock: Mapped[bool]
    location: Mapped[str] = mapped_column(String(1024))
    observation: Mapped[str | None] = mapped_column(String(64))
    ra: Mapped[float | None]
    dec: Mapped[float | None]
    result: Mapped[dict[str, Any]] = mapped_column(JSON)

    @property
    def is_retraction(self) -> bool:
        """True where the event was taken back."""
        return self.alert_type == "RETRACTION"

    def plain(self) -> dict[str, Any]:
        """Return the row for the wire, without its result; what is not known is left out."""
        values = {
            "order_id": self.order_id,
            "event": self.event,
            "alert_type": self.alert_type,
            "time_created": self.time_created,
            "event_time": self.event_time,
            "received": self.received,
            "significant": self.significant,
            "far": self.far,
            "mock": self.is_mock,
            "location": self.location,
            "observation": self.observation,
            "ra": self.ra,
            "dec": self.dec,
        }
        return {name: value for name, value in values.items() if value is not None}


METADATA = Base.metadata


def alert_with_hash(session: Session, content_hash: str) -> AlertRow | None:
    """Return the alert that says exactly this, if it was received."""
    return session.scalar(select(AlertRow).where(AlertRow.hash == content_hash))


def alerts_of(session: Session, event: str) -> Sequence[AlertRow]:
    """Return an event's alerts in the order in which they were written, whatever the order of their arrival."""
    rows = select(AlertRow).where(AlertRow.event == event).order_by(AlertRow.time_created, AlertRow.number)
    return session.scalars(rows).all()


def alerts_before(session: Session, order_id: str | None, limit: int) -> Sequence[AlertRow]:
    """Return the latest arrivals first, those before the one that an order brought where it is given."""
    rows = select(AlertRow).order_by(AlertRow.number.desc()).limit(limit)
    if order_id is not None:
        number = select(AlertRow.number).where(AlertRow.order_id == order_id).scalar_subquery()
        rows = rows.where(AlertRow.number < number)
    return session.scalars(rows).all()
