"""Giving orders out: claims, heartbeats, and waking those who wait for work."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlalchemy.orm import Session

from toros.errors import DatabaseError, LeaseLost, OrderCancelled
from toros.store.claim import Claim, Hold
from toros.store.connection import Driver, Statement
from toros.store.ledger_base import clean, moment_of
from toros.store.ledger_end import LOST, Ending
from toros.store.schema import AT_ONCE, ORDERS, Body, Order, in_state
from workorders import Refusal
from workorders.envelope import State

__all__ = ["Leasing"]


class Leasing(Ending):
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
                self._end(Hold(number, lease, owner), State.BURIED, f"cannot be read any more: {reason}")
                continue
            return Claim(number, lease, owner, order, attempt, bool(interrupted))

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
            in_state(State.QUEUED), Order.lane == lane, Order.due > AT_ONCE
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

    def _ours(self, claim: Claim) -> sa.Update:
        return sa.update(ORDERS).where(
            Order.number == claim.number, Order.lease == claim.lease, Order.owner == claim.owner,
            Order.state == State.RUNNING.value,
        )  # fmt: skip

    @cached_property
    def _take(self) -> Statement:
        now = bindparam("now", type_=sa.String)
        chosen = (
            sa.select(Order.number)
            .where(
                in_state(State.QUEUED),
                Order.lane == bindparam("wanted_lane"),
                sa.or_(Order.due <= now, sa.and_(Order.due > bindparam("ahead", type_=sa.String), Order.tries > 0)),
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
    def _body(self) -> Statement:
        return self.database.compiled(sa.select(Body.body).where(Body.number == bindparam("target")))
