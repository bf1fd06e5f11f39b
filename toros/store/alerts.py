"""What the alert robot remembers: every alert, what it meant, and what it has ordered at which telescope.

Times are UTC, ISO 8601 with milliseconds: they sort as text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import JSON, CheckConstraint, MetaData, String, select, update
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from toros.store.names import CONSTRAINT_NAMES
from toros.store.schema import Parcel

__all__ = [
    "METADATA", "AlertRow", "PlanRow", "alert_with_hash", "alerts_before", "alerts_of", "deliveries_of",
    "keep_deliveries", "plans_of", "take_plans_back",
]  # fmt: skip


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
    source, kind, format : str
        Who sent it, of what kind of event it is, and what it is written in.
    ivorn, serial, cites, meaning : str, int or None, list of str, str
        What decides which alert follows which, and whether two ask for the same.
    ranked : str or None
        When it was known what it means.
    location : str
        The spooled text; root:path.
    result : dict
        What it meant, as the order's result tells it.
    """

    __tablename__ = "alerts"
    __table_args__ = (CheckConstraint("length(hash) = 64", name="hash"),)

    number: Mapped[int] = mapped_column(primary_key=True)  # by arrival
    order_id: Mapped[str] = mapped_column(String(64), unique=True)
    event: Mapped[str] = mapped_column(String(64), index=True)
    source: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(16))
    format: Mapped[str] = mapped_column(String(16))
    ivorn: Mapped[str] = mapped_column(String(512))
    serial: Mapped[int | None]
    cites: Mapped[list[str]] = mapped_column(JSON)
    meaning: Mapped[str] = mapped_column(String(64))
    alert_type: Mapped[str] = mapped_column(String(32))
    time_created: Mapped[str] = mapped_column(String(32))
    event_time: Mapped[str | None] = mapped_column(String(32))
    received: Mapped[str] = mapped_column(String(32))
    ranked: Mapped[str | None] = mapped_column(String(32))
    hash: Mapped[str] = mapped_column(String(64), unique=True)
    significant: Mapped[bool | None]
    far: Mapped[float | None]  # hertz
    is_mock: Mapped[bool]
    location: Mapped[str] = mapped_column(String(1024))
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
            "source": self.source,
            "kind": self.kind,
            "alert_type": self.alert_type,
            "time_created": self.time_created,
            "event_time": self.event_time,
            "received": self.received,
            "ranked": self.ranked,
            "significant": self.significant,
            "far": self.far,
            "mock": self.is_mock,
            "location": self.location,
        }
        return {name: value for name, value in values.items() if value is not None}


class PlanRow(Base):
    """What an alert has ordered at one telescope.

    Attributes
    ----------
    order_id : str
        The list of targets that the telescope received.
    alert : str
        The order that brought the alert.
    telescope : str
        By its name in the configuration.
    instance : str or None
        Whom the order is addressed to; None for this node's own.
    digest : str
        SHA-256 of what is observed and how: the same again is not ordered again.
    targets : list of str
        What is observed.
    expires : str
        What is not begun by then never is.
    taken_back : str or None
        When it was taken back.
    accepted : str or None
        When the telescope accepted it; noted when the ledger forgets the order, and known from there before.
    """

    __tablename__ = "plans"
    __table_args__ = (CheckConstraint("length(digest) = 64", name="digest"),)

    number: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[str] = mapped_column(String(64), unique=True)
    alert: Mapped[str] = mapped_column(String(64), index=True)
    event: Mapped[str] = mapped_column(String(64), index=True)
    telescope: Mapped[str] = mapped_column(String(64))
    instance: Mapped[str | None] = mapped_column(String(64))
    digest: Mapped[str] = mapped_column(String(64))
    targets: Mapped[list[str]] = mapped_column(JSON)
    written: Mapped[str] = mapped_column(String(32))
    expires: Mapped[str] = mapped_column(String(32))
    taken_back: Mapped[str | None] = mapped_column(String(32))
    accepted: Mapped[str | None] = mapped_column(String(32))


METADATA = Base.metadata


def alert_with_hash(session: Session, content_hash: str) -> AlertRow | None:
    """Return the alert that says exactly this, if it was received."""
    return session.scalar(select(AlertRow).where(AlertRow.hash == content_hash))


def alerts_of(session: Session, event: str) -> Sequence[AlertRow]:
    """Return an event's alerts in the order in which they arrived."""
    return session.scalars(select(AlertRow).where(AlertRow.event == event).order_by(AlertRow.number)).all()


def plans_of(session: Session, event: str) -> Sequence[PlanRow]:
    """Return what was ever ordered for an event, in order."""
    return session.scalars(select(PlanRow).where(PlanRow.event == event).order_by(PlanRow.number)).all()


def take_plans_back(session: Session, order_ids: Sequence[str], now: str) -> None:
    """Remember that lists of targets were taken back."""
    taken = update(PlanRow).where(PlanRow.order_id.in_(order_ids), PlanRow.taken_back.is_(None))
    session.execute(taken.values(taken_back=now))


def deliveries_of(session: Session, order_ids: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Return how orders fare on their way to other desks: by id, the state, and when they were accepted or why not."""
    asked = select(Parcel.id, Parcel.state, Parcel.delivered, Parcel.reason).where(Parcel.id.in_(order_ids))
    return {row.id: (row.state, row.delivered or row.reason or "") for row in session.execute(asked)}


def keep_deliveries(session: Session, order_ids: Sequence[str]) -> None:
    """Note with the plans of some alerts when they were accepted; the ledger is about to forget their orders.

    Parameters
    ----------
    order_ids : sequence of str
        The orders that are forgotten, of whatever kind.
    """
    when = select(Parcel.delivered).where(Parcel.id == PlanRow.order_id, Parcel.state == "delivered").scalar_subquery()
    kept = update(PlanRow).where(PlanRow.alert.in_(order_ids), PlanRow.accepted.is_(None)).values(accepted=when)
    session.execute(kept, execution_options={"synchronize_session": False})


def alerts_before(session: Session, order_id: str | None, limit: int) -> Sequence[AlertRow]:
    """Return the latest arrivals first, those before the one that an order brought where it is given."""
    rows = select(AlertRow).order_by(AlertRow.number.desc()).limit(limit)
    if order_id is not None:
        number = select(AlertRow.number).where(AlertRow.order_id == order_id).scalar_subquery()
        rows = rows.where(AlertRow.number < number)
    return session.scalars(rows).all()
