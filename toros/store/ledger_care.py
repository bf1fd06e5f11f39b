"""What the ledger does by itself: gives back what dead workers held, expires what is late, forgets what is old."""

from __future__ import annotations

import time
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from toros.clock import iso
from toros.store.ledger_accept import time_of_id
from toros.store.ledger_base import LedgerBase
from toros.store.schema import (
    AT_ONCE,
    BODIES,
    EVENTS,
    NOTES,
    ORDERS,
    PARCELS,
    REMEMBERED,
    Body,
    CancelNote,
    Event,
    Order,
    Parcel,
)
from workorders import VOCABULARY
from workorders.envelope import State

__all__ = ["Caring"]

CHUNK = 200  # orders in one transaction: none may last over 50 ms
PRUNE = 3600.0  # seconds between two rounds of forgetting
_FORGETTABLE = (State.DONE.value, State.CANCELLED.value, State.EXPIRED.value, State.BURIED.value)


class Caring(LedgerBase):
    """The part of the ledger that the daemon calls at its start and every second."""

    def recover(self, owner_prefix: str | None = None) -> list[str]:
        """At the start of a daemon: give back the orders of workers that are no more.

        What may be repeated is queued again; what may never be is queued only where its handler can find out what
        is true, and buried for a person elsewhere; what has used up its tries is buried.

        Parameters
        ----------
        owner_prefix : str, optional
            Only those of these workers; all of them by default: a database has one daemon, and it has just started.

        Returns
        -------
        list of str
            The orders' ids.
        """
        where = [Order.state == State.RUNNING.value]
        if owner_prefix is not None:
            where.append(Order.owner.startswith(owner_prefix, autoescape=True))
        rows = self.database.read(lambda session: session.execute(sa.select(*_HELD).where(*where)).all())
        for row in rows:
            self._take_back(row, "its worker died")
        return [row.id for row in rows]

    def tidy(self) -> None:
        """Expire what is late, take back what silent workers hold, and now and then forget what is old."""
        self._watch_leases()
        self._expire()
        if time.monotonic() >= self.__dict__.get("_next_prune", 0.0):
            self.__dict__["_next_prune"] = time.monotonic() + PRUNE
            self._prune()

    def _watch_leases(self) -> None:
        """Take back orders whose heartbeat has not changed for a lease, by a clock that nobody can set."""
        rows = self.database.read(
            lambda session: session.execute(sa.select(*_HELD).where(Order.state == State.RUNNING.value)).all()
        )
        watched: dict[int, tuple[tuple[int, int], float]] = self.__dict__.setdefault("_watched", {})
        now = time.monotonic()
        for gone in watched.keys() - {row.number for row in rows}:
            del watched[gone]
        for row in rows:
            sign = (row.lease, row.beats)
            if watched.get(row.number, (None, 0.0))[0] != sign:
                watched[row.number] = (sign, now)
            elif now - watched[row.number][1] > self.settings.lease:
                self._take_back(row, f"its worker was silent for {self.settings.lease:g} s")

    def _take_back(self, row: Any, why: str) -> None:
        now = self._now()
        state, reason = self._fate(row, why)
        values: dict[str, Any] = {"state": state.value, "changed": now, "reason": reason, "interrupted": True}
        values |= {"due": AT_ONCE} if state is State.QUEUED else {"finished": now}
        statement = sa.update(ORDERS).where(
            Order.number == row.number, Order.lease == row.lease, Order.state == State.RUNNING.value
        )

        def change(session: Session) -> None:
            session.execute(statement.values(**values))
            self.database.afterwards(lambda: self._bells.ring(row.lane))

        self.database.write(change)

    def _fate(self, row: Any, why: str) -> tuple[State, str]:
        """Return what becomes of an order whose try was cut off, and the reason."""
        if row.cancel_asked is not None:
            return State.CANCELLED, row.cancel_asked
        known = VOCABULARY.get(row.request)
        if row.tries >= self.settings.tries:
            return State.BURIED, f"{why} in each of {row.tries} tries: it may be the order that kills it"
        if known is not None and known.repeat == "never" and row.request not in self.recoverable:
            return State.BURIED, f"{why} in the middle, and {row.request} may not be done twice: look, then decide"
        return State.QUEUED, f"{why}; tried again"

    def _expire(self) -> None:
        now = self._now()
        late = (Order.state == State.QUEUED.value, Order.expires <= now)
        values = {"state": State.EXPIRED.value, "changed": now, "finished": now, "reason": "nobody could do it in time"}

        def change(session: Session) -> int:
            numbers = session.execute(sa.select(Order.number).where(*late).limit(CHUNK)).scalars().all()
            session.execute(sa.update(ORDERS).where(Order.number.in_(numbers), *late).values(**values))
            return len(numbers)

        if self.database.read(lambda session: session.execute(sa.select(Order.number).where(*late).limit(1)).first()):
            while self.database.write(change) == CHUNK:
                pass

    def _prune(self) -> None:
        """Forget finished orders older than the retention; their ids stay refused or remembered."""
        oldest = self._oldest_remembered()
        while self.database.write(lambda session: _forget(session, iso(oldest), oldest.timestamp())) == CHUNK:
            pass
        notes = sa.delete(NOTES).where(CancelNote.written < iso(oldest))
        self.database.write(lambda session: session.execute(notes) and None)


_HELD = (Order.number, Order.id, Order.request, Order.lane, Order.lease, Order.beats, Order.tries, Order.cancel_asked)


def _forget(session: Session, oldest: str, horizon: float) -> int:
    """Forget a chunk of orders that finished before `oldest` and have nothing left to send; return how many."""
    sending = sa.select(Parcel.number).where(Parcel.order_number == Order.number, Parcel.state != "delivered").exists()
    rows = session.execute(
        sa.select(Order.number, Order.id, Order.request, Order.hash, Order.accepted)
        .where(Order.state.in_(_FORGETTABLE), Order.finished < oldest, ~sending)
        .order_by(Order.number)
        .limit(CHUNK)
    ).all()
    for row in rows:
        made = time_of_id(row.id)
        if made is None or made >= horizon:
            kept = {"id": row.id, "request": row.request, "hash": row.hash, "accepted": row.accepted}
            session.execute(sa.insert(REMEMBERED).values(**kept))
    numbers = [row.number for row in rows]
    for table, column in ((BODIES, Body.number), (EVENTS, Event.order_number), (PARCELS, Parcel.order_number)):
        session.execute(sa.delete(table).where(column.in_(numbers)))
    session.execute(sa.delete(ORDERS).where(Order.number.in_(numbers)))
    return len(numbers)
