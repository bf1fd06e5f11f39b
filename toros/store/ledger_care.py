"""What the ledger does by itself: gives back what dead workers held, expires what is late, forgets what is old."""

from __future__ import annotations

import functools
import time
from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from toros.clock import iso
from toros.store.ledger_accept import time_of_id
from toros.store.ledger_base import LedgerBase
from toros.store.schema import AT_ONCE, HORIZON, NOTES, ORDERS, REMEMBERED, CancelNote, Horizon, Order, Parcel, in_state
from workorders.envelope import State

__all__ = ["Caring"]

CHUNK = 200  # orders in one transaction: none may last over 50 ms
PRUNE = 3600.0  # seconds between two rounds of forgetting
DAY = 86400.0


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
        where = [] if owner_prefix is None else [Order.owner.startswith(owner_prefix, autoescape=True)]
        rows = self.database.read(lambda session: session.execute(_RUNNING.where(*where)).all())
        for row in rows:
            self._take_back(row, "its worker died")
        return [row.id for row in rows]

    def tidy(self) -> None:
        """Expire what is late, take back what silent workers hold; now and then forget what is old, and make a backup.

        Raises
        ------
        DatabaseError
            The database is full or away; call it again.
        """
        self._watch_leases()
        self._expire()
        if time.monotonic() >= self._next_prune:
            self._next_prune = time.monotonic() + PRUNE
            self._prune()
            self.database.keep_backup(every=DAY)

    def _watch_leases(self) -> None:
        """Take back orders whose worker has given no sign of life for a lease, by a clock that nobody can set."""
        rows = self.database.read(lambda session: session.execute(_RUNNING).all())
        now = time.monotonic()
        for gone in self._watched.keys() - {row.number for row in rows}:
            del self._watched[gone]
            self._beats.pop(gone, None)
        for row in rows:
            sign = (row.lease, row.beats, self._beats[row.number])
            known, since = self._watched.get(row.number, ((), 0.0))
            if known != sign:
                self._watched[row.number] = (sign, now)
            elif now - since > self.settings.lease:
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
        known = self._vocabulary.get(row.request)
        if row.tries >= self.settings.tries:
            return State.BURIED, f"{why}, in the last of {row.tries} tries: perhaps the order itself kills it"
        if known is not None and known.repeat == "never" and row.request not in self.recoverable:
            return State.BURIED, f"{why} in the middle, and {row.request} may not be done twice: look, then decide"
        return State.QUEUED, f"{why}; tried again"

    def _expire(self) -> None:
        now = self._now()
        late = (in_state(State.QUEUED), Order.expires <= now)
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
        text, horizon = iso(oldest), oldest.timestamp()
        for numbers in self._old(text):
            self.database.write(functools.partial(self._forget, numbers=numbers, oldest=text, horizon=horizon))
        notes = sa.delete(NOTES).where(CancelNote.written < text)
        if self.database.read(lambda session: session.execute(_NOTE.where(CancelNote.written < text)).first()):
            self.database.write(lambda session: session.execute(notes) and None)

    def _old(self, oldest: str) -> Iterator[list[int]]:
        """Yield the numbers of orders that may be forgotten, the oldest first, some at a time."""
        last = 0
        while True:
            rows = self.database.read(functools.partial(_window, after=last))
            if not rows:
                return
            last = rows[-1].number
            numbers = [row.number for row in rows if row.finished is not None and row.finished < oldest]
            if numbers:
                yield numbers
            if rows[-1].accepted >= oldest:
                return

    def _forget(self, session: Session, numbers: list[int], oldest: str, horizon: float) -> None:
        """Forget these orders, but for those that changed meanwhile and those that have something left to send.

        What no longer can be told from its id (it is no ULID, or one made by a clock that runs ahead) leaves its
        receipt.
        """
        sent = Parcel.state == "delivered"
        sending = sa.select(Parcel.number).where(Parcel.order_number == Order.number, ~sent).exists()
        columns = (Order.number, Order.id, Order.request, Order.hash, Order.accepted)
        chosen = sa.select(*columns).where(Order.number.in_(numbers), Order.finished < oldest, ~sending)
        rows = session.execute(chosen).all()
        kept = [
            {"id": row.id, "request": row.request, "hash": row.hash, "accepted": row.accepted}
            for row in rows
            if not (time_of_id(row.id) or horizon) < horizon
        ]
        if kept:
            session.execute(sa.insert(REMEMBERED), kept)
        session.execute(sa.update(HORIZON).where(Horizon.forgotten < oldest).values(forgotten=oldest))
        if self._forgetting is not None:
            self._forgetting(session, [row.id for row in rows])
        session.execute(sa.delete(ORDERS).where(Order.number.in_([row.number for row in rows])))


_HELD = (Order.number, Order.id, Order.request, Order.lane, Order.lease, Order.beats, Order.tries, Order.cancel_asked)
_RUNNING = sa.select(*_HELD).where(in_state(State.RUNNING))
_WINDOW = sa.select(Order.number, Order.accepted, Order.finished).order_by(Order.number).limit(CHUNK)
_NOTE = sa.select(CancelNote.id).limit(1)


def _window(session: Session, after: int) -> Sequence[Any]:
    return session.execute(_WINDOW.where(Order.number > after)).all()
