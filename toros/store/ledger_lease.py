"""Giving orders out: claims, heartbeats, and the ways in which a try ends."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, Protocol

import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlalchemy.orm import Session

from toros.errors import DatabaseError, LeaseLost, OrderCancelled
from toros.store.connection import Driver, Statement
from toros.store.ledger_base import OUTBOX, LedgerBase, canonical, clean, moment_of
from toros.store.schema import AT_ONCE, ORDERS, PARCELS, Body, Order
from workorders import DESKS, Refusal, WorkOrder
from workorders.envelope import State

__all__ = ["Addressed", "Claim", "Leasing", "Result"]

LOST = "the order went to another worker, or is over: this try changes nothing any more"


class Addressed(Protocol):
    """An onward order whose desk the vocabulary cannot tell; see `toros.network.service.Onward`."""

    @property
    def order(self) -> WorkOrder:
        """What is asked."""
        ...

    @property
    def desk(self) -> str:
        """The service that it goes to."""
        ...


class Result(Protocol):
    """What a handler gives back; see `toros.network.service.Outcome`."""

    @property
    def result(self) -> Mapping[str, Any]:
        """Plain values."""
        ...

    @property
    def orders(self) -> Sequence[WorkOrder | Addressed]:
        """Onward orders, with their desk where the vocabulary cannot tell it."""
        ...

    @property
    def record(self) -> Any:
        """A change of the daemon's own tables, `(session) -> None`, or None."""
        ...


@dataclass(frozen=True)
class Claim:
    """A worker's hold on an order.

    Attributes
    ----------
    order : WorkOrder
        As it was accepted.
    number, lease : int
        Which row, and which hold: a later one makes this one worthless.
    attempt : int
        Which try this is, from 1.
    owner : str
        The worker.
    interrupted : bool
        An earlier try was cut off by a crash.
    """

    order: WorkOrder
    number: int
    lease: int
    attempt: int
    owner: str
    interrupted: bool

    @property
    def id(self) -> str:
        """The order's id."""
        return self.order.id

    @property
    def request(self) -> str:
        """What the order asks."""
        return self.order.request


class Leasing(LedgerBase):
    """The part of the ledger behind the workers."""

    def claim(self, lane: str, owner: str) -> Claim | None:
        """Take the most urgent order of a lane: by priority, then due time, then age; None where there is none.

        Raises
        ------
        DatabaseError
            The database is full or away.
        """
        self._bells.listen(lane)
        while True:
            row = self.database.submit_plain(lambda driver: self._claim(driver, lane, owner)).result()
            if row is None:
                return None
            number, lease, attempt, interrupted, hash_, body = row
            try:
                order = self._read_body(body, hash_)
            except (Refusal, DatabaseError) as error:
                reason = error.sentence() if isinstance(error, Refusal) else str(error)
                self._end(number, lease, owner, State.BURIED, f"cannot be read any more: {reason}")
                continue
            return Claim(order, number, lease, attempt, owner, bool(interrupted))

    def _claim(self, driver: Driver, lane: str, owner: str) -> tuple[Any, ...] | None:
        now = self._now()
        row = driver.run(self._take, wanted_lane=lane, owner=owner, now=now, ahead=self._ahead()).fetchone()
        if row is None:
            return None
        body = driver.run(self._body, target=row[0]).fetchone()
        return (*row, body[0] if body else "")

    def wait(self, lane: str, timeout: float) -> None:
        """Sleep until something may be claimable in this lane, or so many seconds."""
        statement = sa.select(sa.func.min(Order.due)).where(
            Order.state == State.QUEUED.value, Order.lane == lane, Order.due > AT_ONCE
        )
        due = self.database.read(lambda session: session.execute(statement).scalar())
        if due is not None:
            timeout = min(timeout, max(0.0, (moment_of(due) - self.clock.now()).total_seconds()))
        self._bells.wait(lane, timeout)

    def beat(
        self, claim: Claim, fraction: float | None = None, message: str | None = None
    ) -> Literal["ours", "cancelled", "lost"]:
        """Say that the worker lives and how far it is; hear whether the order is still wanted from it.

        Parameters
        ----------
        fraction : float, optional
            0 to 1.
        message : str, optional
            For a person.
        """
        self._beats[claim.number] += 1
        values: dict[str, Any] = {"beats": Order.beats + 1}
        if fraction is not None:
            values["fraction"] = min(1.0, max(0.0, float(fraction)))
        if message is not None:
            values["message"] = clean(message)
        statement = self._ours(claim).values(**values).returning(Order.cancel_asked)
        row = self.database.write(lambda session: session.execute(statement).first())
        if row is None:
            return "lost"
        return "ours" if row[0] is None else "cancelled"

    def fence(self, session: Session, claim: Claim) -> None:
        """Inside a change: raise LeaseLost unless this claim holds its order, OrderCancelled where nobody wants it."""
        held = sa.select(Order.number).where(
            Order.number == claim.number, Order.lease == claim.lease, Order.owner == claim.owner,
            Order.state == State.RUNNING.value,
        )  # fmt: skip
        if session.execute(held).first() is None:
            raise LeaseLost(LOST)
        self.heed(session, claim)

    def heed(self, session: Session, claim: Claim) -> None:
        """Inside a change: raise OrderCancelled where the order was taken back."""
        asked = session.execute(sa.select(Order.cancel_asked).where(Order.number == claim.number)).scalar()
        if asked is not None:
            raise OrderCancelled(asked)

    def wake(self) -> None:
        """Wake every worker that waits: the daemon stops."""
        self._bells.ring_all()

    def finish(self, claim: Claim, outcome: Result) -> None:
        """Commit a try's effect, result and onward orders with the order's end, in one transaction.

        Raises
        ------
        LeaseLost
            Another worker holds the order, or it is over; nothing was stored.
        DatabaseError
            The database is full or away; nothing was stored, and the same call may be tried again.
        """
        parcels = [self._parcel(claim, onward) for onward in outcome.orders]
        result = canonical(outcome.result)
        record = outcome.record

        def change(session: Session) -> None:
            session.connection()  # the savepoint is set before the driver writes
            if self._done(self.database.driver(), claim, result, parcels) and record is not None:
                record(session)

        if record is None:
            self.database.submit_plain(lambda driver: self._done(driver, claim, result, parcels)).result()
        else:
            self.database.write(change)

    def _done(self, driver: Driver, claim: Claim, result: str, parcels: Sequence[Mapping[str, Any]]) -> bool:
        """Write the end of an order and what it sends on; return False where this very lease has done so before."""
        now = self._now()
        ours = {"wanted_number": claim.number, "wanted_lease": claim.lease, "wanted_owner": claim.owner}
        if driver.run(self._finish, now=now, outcome=result, **ours).rowcount != 1:
            _lost_unless(driver.run(self._ended, **ours).fetchone(), State.DONE)
            return False
        for parcel in parcels:
            driver.run(self._send, **parcel)
        if parcels:
            self.database.afterwards(lambda: self._bells.ring(OUTBOX))
        return True

    def fail(self, claim: Claim, reason: str, *, permanent: bool) -> State:
        """End a try that did not succeed: back in the queue after a growing delay, or buried.

        Returns
        -------
        State
            QUEUED or BURIED; CANCELLED where it was taken back meanwhile.

        Raises
        ------
        LeaseLost
            Another worker holds the order, or it is over.
        """
        if permanent or claim.attempt >= self.settings.tries:
            tail = "" if permanent else f" (given up after {claim.attempt} tries)"
            return self._end(claim.number, claim.lease, claim.owner, State.BURIED, clean(reason) + tail)
        due = self._now(self._delay(claim.attempt))
        return self.database.write(lambda session: self._queue_again_or_cancel(session, claim, clean(reason), due=due))

    def _queue_again_or_cancel(self, session: Session, claim: Claim, reason: str | None, **values: Any) -> State:
        """Put an order back, unless it was taken back while it ran."""
        asked = session.execute(sa.select(Order.cancel_asked).where(Order.number == claim.number)).scalar()
        if asked is not None:
            self._close(session, claim, State.CANCELLED, asked)
            return State.CANCELLED
        self._close(session, claim, State.QUEUED, reason, **values)
        self.database.afterwards(lambda: self._bells.ring(self._request_of(claim.order).lane))
        return State.QUEUED

    def _delay(self, attempt: int) -> float:
        """Return seconds before the next try: doubling, a quarter more or less by chance."""
        growing: float = self.settings.first_delay * 2.0 ** min(attempt - 1, 40)
        return min(growing, self.settings.longest_delay) * random.uniform(0.75, 1.25)

    def drop(self, claim: Claim, reason: str) -> None:
        """End a try because the order was taken back; raise LeaseLost where it is not ours."""
        self._end(claim.number, claim.lease, claim.owner, State.CANCELLED, clean(reason))

    def give_back(self, claim: Claim) -> None:
        """Return an order untouched, as when a daemon drains: the try does not count."""
        back = {"due": AT_ONCE, "tries": Order.tries - 1}
        self.database.write(lambda session: self._queue_again_or_cancel(session, claim, None, **back))

    def _end(self, number: int, lease: int, owner: str, state: State, reason: str) -> State:
        def change(session: Session) -> State:
            self._close_row(session, number, lease, owner, state, reason)
            return state

        return self.database.write(change)

    def _close(self, session: Session, claim: Claim, state: State, reason: str | None, **values: Any) -> bool:
        return self._close_row(session, claim.number, claim.lease, claim.owner, state, reason, **values)

    def _close_row(
        self, session: Session, number: int, lease: int, owner: str, state: State, reason: str | None, **values: Any
    ) -> bool:
        """Move a running order out of a lease; return False where this very lease has done so before.

        The second case is a commit whose answer was lost: trying again must find it done.
        """
        now = self._now()
        ours = (Order.number == number, Order.lease == lease, Order.owner == owner)
        finished = None if state is State.QUEUED else now
        statement = sa.update(ORDERS).where(*ours, Order.state == State.RUNNING.value).values(
            state=state.value, changed=now, finished=finished, reason=reason, **values
        )  # fmt: skip
        if session.execute(statement).rowcount == 1:  # type: ignore[attr-defined]
            return True
        _lost_unless(session.execute(sa.select(Order.state).where(*ours)).first(), state)
        return False

    def _ours(self, claim: Claim) -> sa.Update:
        return sa.update(ORDERS).where(
            Order.number == claim.number, Order.lease == claim.lease, Order.owner == claim.owner,
            Order.state == State.RUNNING.value,
        )  # fmt: skip

    def _parcel(self, claim: Claim, onward: WorkOrder | Addressed) -> dict[str, Any]:
        """Return the outbox row of an onward order."""
        if isinstance(onward, WorkOrder):
            desk, order = self._request_of(onward).desk, onward
        else:
            desk, order = onward.desk, onward.order
        if desk not in DESKS:
            raise ValueError(f"{order.request} is served by {desk} desk: say which one it goes to")
        return {
            "id": order.id, "order_number": claim.number, "desk": desk, "instance": order.to, "request": order.request,
            "body": canonical(order.body()), "state": "waiting", "due": AT_ONCE, "attempts": 0, "written": self._now(),
        }  # fmt: skip

    @cached_property
    def _take(self) -> Statement:
        now = bindparam("now", type_=sa.String)
        chosen = (
            sa.select(Order.number)
            .where(
                Order.state == sa.literal_column("'queued'"),
                Order.lane == bindparam("wanted_lane"),
                sa.or_(Order.due <= now, Order.due > bindparam("ahead", type_=sa.String)),
                sa.or_(Order.expires.is_(None), Order.expires > now),
            )
            .order_by(Order.priority.desc(), Order.due, Order.number)
            .limit(1)
            .with_for_update(skip_locked=True)
            .scalar_subquery()
        )
        statement = sa.update(ORDERS).where(Order.number == chosen).values(
            state=State.RUNNING.value, owner=bindparam("owner"), lease=Order.lease + 1, tries=Order.tries + 1, beats=0,
            started=now, changed=now, fraction=None, message=None, reason=None,
        )  # fmt: skip
        return self.database.compiled(
            statement.returning(Order.number, Order.lease, Order.tries, Order.interrupted, Order.hash)
        )

    @cached_property
    def _finish(self) -> Statement:
        now: Any = bindparam("now", type_=sa.String)
        statement = sa.update(ORDERS).where(*_OURS, Order.state == State.RUNNING.value).values(
            state=State.DONE.value, changed=now, finished=now, reason=None, fraction=1.0, result=bindparam("outcome")
        )  # fmt: skip
        return self.database.compiled(statement)

    @cached_property
    def _ended(self) -> Statement:
        return self.database.compiled(sa.select(Order.state).where(*_OURS))

    @cached_property
    def _send(self) -> Statement:
        columns: dict[str, Any] = {name: bindparam(name) for name in _WRITTEN}
        return self.database.compiled(sa.insert(PARCELS).values(**columns))

    @cached_property
    def _body(self) -> Statement:
        return self.database.compiled(sa.select(Body.body).where(Body.number == bindparam("target")))


_OURS = (
    Order.number == bindparam("wanted_number"),
    Order.lease == bindparam("wanted_lease"),
    Order.owner == bindparam("wanted_owner"),
)
_WRITTEN = ("id", "order_number", "desk", "instance", "request", "body", "state", "due", "attempts", "written")


def _lost_unless(row: Sequence[Any] | None, state: State) -> None:
    """Raise LeaseLost unless this lease has brought its order to this state before.

    That is so where the answer to a commit was lost: who tries again must find it done.
    """
    if row is None or row[0] != state.value:
        raise LeaseLost(LOST)
