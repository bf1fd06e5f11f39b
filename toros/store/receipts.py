"""What the alert robot's listeners received: a receipt for every content, and where to read on.

A receipt is written in the transaction that stores the alert's order and moves the offset. So an alert that was
acknowledged has its order, one that was not comes again, and one that comes again has no second effect.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, String
from sqlalchemy.orm import Mapped, Session, mapped_column

from toros.store.alerts import Base
from toros.store.schema import Order, in_state
from workorders.envelope import State

__all__ = ["OffsetRow", "ReceiptRow", "keep_offsets", "offsets_of", "receipt_with_hash", "unreadable_alerts"]


class ReceiptRow(Base):
    """One content, however often it came.

    Attributes
    ----------
    hash : str
        SHA-256 of the bytes.
    source, topic, name : str
        The listener that brought it first, Kafka's topic, and what the source calls it.
    size : int
        Bytes.
    location : str
        Where the bytes are spooled; root:path.
    order_id : str
        The `process_alert` order that it became.
    times : int
        How often it came.
    last_source, last_arrived : str
        By which listener and when it came last.
    """

    __tablename__ = "receipts"
    __table_args__ = (CheckConstraint("length(hash) = 64", name="hash"),)

    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    source: Mapped[str] = mapped_column(String(80))
    topic: Mapped[str] = mapped_column(String(256))
    name: Mapped[str] = mapped_column(String(256))
    arrived: Mapped[str] = mapped_column(String(32), index=True)
    size: Mapped[int]
    location: Mapped[str] = mapped_column(String(1024))
    order_id: Mapped[str] = mapped_column(String(64), unique=True)
    times: Mapped[int]
    last_source: Mapped[str] = mapped_column(String(80))
    last_arrived: Mapped[str] = mapped_column(String(32))


class OffsetRow(Base):
    """Where a listener reads on in one partition."""

    __tablename__ = "offsets"

    listener: Mapped[str] = mapped_column(String(80), primary_key=True)
    topic: Mapped[str] = mapped_column(String(256), primary_key=True)
    partition: Mapped[int] = mapped_column(primary_key=True)
    offset: Mapped[int] = mapped_column(sa.BigInteger)


def receipt_with_hash(session: Session, content_hash: str) -> ReceiptRow | None:
    """Return the receipt of this very content, if it was received."""
    return session.get(ReceiptRow, content_hash)


def offsets_of(session: Session, listener: str) -> dict[tuple[str, int], int]:
    """Return where a listener reads on, by topic and partition."""
    rows = session.scalars(sa.select(OffsetRow).where(OffsetRow.listener == listener))
    return {(row.topic, row.partition): row.offset for row in rows}


def keep_offsets(session: Session, listener: str, offsets: Mapping[tuple[str, int], int]) -> None:
    """Remember where a listener reads on."""
    for (topic, partition), offset in offsets.items():
        session.merge(OffsetRow(listener=listener, topic=topic, partition=partition, offset=offset))


def unreadable_alerts(session: Session, limit: int) -> Sequence[dict[str, Any]]:
    """Return the alerts whose orders were buried, the latest first: those that nobody could understand.

    Returns
    -------
    sequence of dict
        `order_id`, `received`, `reason`; what a listener brought has `location`, `source`, `topic`, `name` and `size`
        besides. What came to the desk is in its order.
    """
    asked = (
        sa.select(Order.id, Order.accepted, Order.reason, ReceiptRow)
        .outerjoin(ReceiptRow, ReceiptRow.order_id == Order.id)
        .where(Order.request == "process_alert", in_state(State.BURIED))
        .order_by(Order.number.desc())
        .limit(limit)
    )
    return [
        {"order_id": order_id, "received": accepted, "reason": reason or ""} | (_plain(row) if row is not None else {})
        for order_id, accepted, reason, row in session.execute(asked)
    ]


def _plain(row: ReceiptRow) -> dict[str, Any]:
    """Return what a list shows of a receipt; what is empty is left out."""
    values = {"location": row.location, "source": row.source, "topic": row.topic, "name": row.name, "size": row.size}
    return {name: value for name, value in values.items() if value != ""}
