"""The ledger's tables, the same in every daemon's database.

Times are UTC, ISO 8601 with milliseconds, as orders write them: they sort as text. The law on states is in `moves`.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, Double, ForeignKey, Index, Integer, String, Text, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from toros.store.moves import FINISHED, PARCEL_STATES
from workorders.envelope import State

__all__ = [
    "AT_ONCE", "BODIES", "EVENTS", "HORIZON", "NOTES", "ORDERS", "PARCELS", "REMEMBERED",
    "Base", "Body", "CancelNote", "Event", "Horizon", "Move", "Order", "Parcel", "Remembered", "in_state",
]  # fmt: skip

AT_ONCE = ""  # a due time that sorts before every other


def _one_of(column: str, values: tuple[str, ...]) -> str:
    listed = ", ".join(f"'{value}'" for value in values)
    return f"{column} IN ({listed})"


class Base(DeclarativeBase):
    """Base of the ledger's tables; its metadata is the branch `ledger` of the migrations."""


class Order(Base):
    """An order and where it is in its life; its body is in `bodies`, so that lists and claims stay light."""

    __tablename__ = "orders"

    number: Mapped[int] = mapped_column(Integer, primary_key=True)  # by age
    id: Mapped[str] = mapped_column(String(64), unique=True)
    request: Mapped[str] = mapped_column(String(64))
    lane: Mapped[str] = mapped_column(String(32))
    state: Mapped[str] = mapped_column(String(16))
    priority: Mapped[float] = mapped_column(Double)  # 0 to 10
    due: Mapped[str] = mapped_column(String(32))  # not before; empty for at once
    expires: Mapped[str | None] = mapped_column(String(32))
    parent: Mapped[str | None] = mapped_column(String(64))
    asked_by: Mapped[str | None] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))  # SHA-256 of the body
    fields: Mapped[str] = mapped_column(Text)  # its own short values, JSON, for lists
    accepted: Mapped[str] = mapped_column(String(32))
    changed: Mapped[str] = mapped_column(String(32))  # time of the latest move
    started: Mapped[str | None] = mapped_column(String(32))
    finished: Mapped[str | None] = mapped_column(String(32))
    tries: Mapped[int]  # counted when a worker claims it, so that a death counts
    lease: Mapped[int]  # grows with every claim: what an older one commits is refused
    owner: Mapped[str | None] = mapped_column(String(200))  # the worker that holds or held it
    beats: Mapped[int]  # heartbeats of this lease
    fraction: Mapped[float | None] = mapped_column(Double)  # progress, 0 to 1
    message: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    interrupted: Mapped[bool]  # an earlier try was cut off by a crash
    cancel_asked: Mapped[str | None] = mapped_column(Text)  # why a running order was taken back
    result: Mapped[str | None] = mapped_column(Text)  # JSON

    __table_args__ = (
        CheckConstraint(_one_of("state", tuple(State)), name="orders_state"),
        CheckConstraint("priority >= 0 AND priority <= 10", name="orders_priority"),
        CheckConstraint("fraction IS NULL OR (fraction >= 0 AND fraction <= 1)", name="orders_fraction"),
        CheckConstraint("state <> 'running' OR owner IS NOT NULL", name="orders_running_owned"),
        CheckConstraint("state <> 'buried' OR reason IS NOT NULL", name="orders_buried_reason"),
        CheckConstraint(
            f"({_one_of('state', tuple(sorted(FINISHED)))}) = (finished IS NOT NULL)", name="orders_finished"
        ),
        Index("orders_claim", "lane", text("priority DESC"), "due", "number", "state",
              sqlite_where=text("state = 'queued'"), postgresql_where=text("state = 'queued'")),
        Index("orders_by_state", "state", "number", sqlite_where=text("state <> 'queued'"),
              postgresql_where=text("state <> 'queued'")),  # queued ones are in orders_claim alone
        Index("orders_by_parent", "parent", sqlite_where=text("parent IS NOT NULL"),
              postgresql_where=text("parent IS NOT NULL")),
    )  # fmt: skip


class Body(Base):
    """An order as it was accepted: canonical JSON."""

    __tablename__ = "bodies"

    number: Mapped[int] = mapped_column(
        Integer, ForeignKey("orders.number", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    body: Mapped[str] = mapped_column(Text)


class Event(Base):
    """One move of one order; written by the database itself. Older ledgers hold births too, `earlier` NULL."""

    __tablename__ = "events"

    order_number: Mapped[int] = mapped_column(
        Integer, ForeignKey("orders.number", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    step: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)  # from 1, for each order
    at: Mapped[str] = mapped_column(String(32))
    earlier: Mapped[str | None] = mapped_column(String(16))
    later: Mapped[str] = mapped_column(String(16))
    lease: Mapped[int]
    owner: Mapped[str | None] = mapped_column(String(200))
    reason: Mapped[str | None] = mapped_column(Text)

    __table_args__ = ({"sqlite_with_rowid": False},)  # kept in the order of its key: one page less to write


class Move(Base):
    """A legal move; what is not here is refused by a trigger."""

    __tablename__ = "moves"

    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    earlier: Mapped[str] = mapped_column(String(16), primary_key=True)
    later: Mapped[str] = mapped_column(String(16), primary_key=True)


class Parcel(Base):
    """An onward order on its way to another desk, committed together with the order that caused it."""

    __tablename__ = "outbox"

    number: Mapped[int] = mapped_column(Integer, primary_key=True)  # by age
    id: Mapped[str] = mapped_column(String(64), unique=True)
    order_number: Mapped[int] = mapped_column(Integer, ForeignKey("orders.number", ondelete="CASCADE"), index=True)
    desk: Mapped[str] = mapped_column(String(64))
    instance: Mapped[str | None] = mapped_column(String(64))
    request: Mapped[str] = mapped_column(String(64))
    body: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(16))
    due: Mapped[str] = mapped_column(String(32))
    attempts: Mapped[int]
    written: Mapped[str] = mapped_column(String(32))
    delivered: Mapped[str | None] = mapped_column(String(32))
    reason: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        CheckConstraint(_one_of("state", PARCEL_STATES), name="outbox_state"),
        CheckConstraint("state <> 'parked' OR reason IS NOT NULL", name="outbox_parked_reason"),
        CheckConstraint("(state = 'delivered') = (delivered IS NOT NULL)", name="outbox_delivered"),
        Index("outbox_undelivered", "state", "number", sqlite_where=text("state <> 'delivered'"),
              postgresql_where=text("state <> 'delivered'")),
    )  # fmt: skip


class CancelNote(Base):
    """An order that was cancelled before it arrived."""

    __tablename__ = "cancel_notes"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    reason: Mapped[str] = mapped_column(Text)
    written: Mapped[str] = mapped_column(String(32))


class Remembered(Base):
    """What is left of a pruned order whose id does not tell its age: enough to give its receipt again."""

    __tablename__ = "remembered"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    request: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))
    accepted: Mapped[str] = mapped_column(String(32))


class Horizon(Base):
    """The time before which orders were forgotten: one row, never moved back, whatever the settings or the clock."""

    __tablename__ = "horizon"

    single: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    forgotten: Mapped[str] = mapped_column(String(32))

    __table_args__ = (CheckConstraint("single = 1", name="horizon_single"),)


# The same as tables, for statements that need no object of them.
ORDERS, BODIES, EVENTS, PARCELS, NOTES, REMEMBERED, HORIZON = (
    Base.metadata.tables[table.__tablename__] for table in (Order, Body, Event, Parcel, CancelNote, Remembered, Horizon)
)


def in_state(state: str) -> sa.ColumnElement[bool]:
    """Return the condition that orders are in a state, in the words by which SQLite knows which index holds them."""
    queued: sa.ColumnClause[str] = sa.literal_column("'queued'")
    if state == State.QUEUED:
        return Order.state == queued
    return sa.and_(Order.state != queued, Order.state == str(state))
