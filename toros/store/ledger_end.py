"""How tries end: done with everything that they caused, tried again later, buried, cancelled, or given back."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlalchemy.orm import Session

from toros.errors import LeaseLost
from toros.store.claim import Claim, Hold
from toros.store.connection import Driver, Statement
from toros.store.ledger_base import OUTBOX, LedgerBase, canonical, clean
from toros.store.schema import AT_ONCE, ORDERS, PARCELS, Order
from workorders import DESKS, WorkOrder
from workorders.envelope import State

__all__ = ["LOST", "Addressed", "Ending", "Result"]

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
        """A change of the daemon's own tables, `(session) -> mapping or None`, or None."""
        ...


class Ending(LedgerBase):
    """The part of the ledger that workers report to."""

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
                told = record(session)
                if told:
                    whole = canonical({**outcome.result, **told})
                    session.execute(sa.update(ORDERS).where(Order.number == claim.number).values(result=whole))

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
            return self._end(claim, State.BURIED, clean(reason) + tail)
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
        self._end(claim, State.CANCELLED, clean(reason))

    def give_back(self, claim: Claim) -> None:
        """Return an order untouched, as when a daemon drains: the try does not count."""
        back = {"due": AT_ONCE, "tries": Order.tries - 1}
        self.database.write(lambda session: self._queue_again_or_cancel(session, claim, None, **back))

    def _end(self, hold: Hold, state: State, reason: str) -> State:
        def change(session: Session) -> State:
            self._close(session, hold, state, reason)
            return state

        return self.database.write(change)

    def _close(self, session: Session, hold: Hold, state: State, reason: str | None, **values: Any) -> bool:
        """Move a running order out of a lease; return False where this very lease has done so before.

        The second case is a commit whose answer was lost: trying again must find it done.
        """
        now = self._now()
        ours = (Order.number == hold.number, Order.lease == hold.lease, Order.owner == hold.owner)
        finished = None if state is State.QUEUED else now
        statement = sa.update(ORDERS).where(*ours, Order.state == State.RUNNING.value).values(
            state=state.value, changed=now, finished=finished, reason=reason, **values
        )  # fmt: skip
        if session.execute(statement).rowcount == 1:  # type: ignore[attr-defined]
            return True
        _lost_unless(session.execute(sa.select(Order.state).where(*ours)).first(), state)
        return False

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
    def _finish(self) -> Statement:
        now: Any = bindparam("now", type_=sa.String)
        statement = sa.update(ORDERS).where(*_OURS, Order.state == State.RUNNING.value).values(
            state=State.DONE.value, changed=now, finished=now, reason=None, fraction=1.0, message=None,
            result=bindparam("outcome"),
        )  # fmt: skip
        return self.database.compiled(statement)

    @cached_property
    def _ended(self) -> Statement:
        return self.database.compiled(sa.select(Order.state).where(*_OURS))

    @cached_property
    def _send(self) -> Statement:
        columns: dict[str, Any] = {name: bindparam(name) for name in _WRITTEN}
        return self.database.compiled(sa.insert(PARCELS).values(**columns))


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
