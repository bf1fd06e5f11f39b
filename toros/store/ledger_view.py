"""What the ledger shows: one order, many orders, and figures."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from toros.store.ledger_base import LedgerBase, moment_of
from toros.store.schema import Event, Order, Parcel, in_state
from workorders import Refusal
from workorders.envelope import State
from workorders.refusal import FaultCode

__all__ = ["Viewing"]

LONG = 0.02  # seconds


class Viewing(LedgerBase):
    """The part of the ledger behind `status`, `list_orders` and the metrics."""

    def status(self, order_id: str) -> dict[str, Any]:
        """Return one order as plain values, with its history; raise Refusal (UNKNOWN_ORDER) where it is not here."""

        def query(session: Session) -> dict[str, Any] | None:
            row = session.execute(sa.select(*_COLUMNS).where(Order.id == order_id)).first()
            return None if row is None else self._shown(session, [row])[0] | {"history": _history(session, row)}

        found = self.database.read(query)
        if found is None:
            raise Refusal(FaultCode.UNKNOWN_ORDER, "no order with this id here", field="order_id", value=order_id)
        return found

    def list_orders(
        self,
        *,
        state: str | None = None,
        named: str | None = None,
        root: str | None = None,
        limit: int = 100,
        before: str | None = None,
    ) -> dict[str, Any]:
        """Return orders, the latest first: {"orders": [...], "more": bool}.

        Parameters
        ----------
        state, named : str, optional
            Only orders in this state; only for this request.
        root : str, optional
            Only the order with this id and what it caused, as far as this desk knows.
        limit : int
            Most rows.
        before : str, optional
            Only orders accepted before the one with this id.
        """
        age = _QUEUED_NUMBER if state == State.QUEUED else Order.number
        statement = sa.select(*_COLUMNS).order_by(age.desc()).limit(limit + 1)
        if state is not None:
            statement = statement.where(in_state(state))
        if named is not None:
            statement = statement.where(Order.request == named)
        if root is not None:
            statement = statement.where(Order.number.in_(_below(root)))
        if before is not None:
            other = sa.select(Order.number).where(Order.id == before).scalar_subquery()
            statement = statement.where(Order.number < other)

        def query(session: Session) -> dict[str, Any]:
            rows = session.execute(statement).all()
            return {"orders": self._shown(session, rows[:limit]), "more": len(rows) > limit}

        return self.database.read(query)

    def figures(self) -> dict[str, Any]:
        """Return counts by state, what waits and is parked in the outbox, and how long the oldest order has waited.

        Returns
        -------
        dict
            `counts`: {state: number}; `outbox`: {"waiting": n, "parked": n}; `oldest_queued`: seconds.
        """

        def query(session: Session) -> dict[str, Any]:
            counts = self._counted(session)
            outbox = {"waiting": 0, "parked": 0}
            for state, count in session.execute(_UNDELIVERED):
                outbox[state] = count
            oldest = session.execute(sa.select(sa.func.min(_QUEUED_NUMBER)).where(in_state(State.QUEUED))).scalar()
            return {"counts": counts, "outbox": outbox, "oldest_queued": self._waited(session, oldest)}

        return self.database.read(query)

    def _waited(self, session: Session, number: int | None) -> float:
        """Return for how many seconds an order has waited; 0 where there is none."""
        if number is None:
            return 0.0
        since = session.execute(sa.select(Order.accepted).where(Order.number == number)).scalar_one()
        return max(0.0, (self.clock.now() - moment_of(since)).total_seconds())

    def _counted(self, session: Session) -> dict[str, int]:
        """Count orders by state; where that takes long, a count is good for a hundred times as long."""
        counts, until = self._counts
        began = time.monotonic()
        if began < until:
            return dict(counts)
        counts = dict.fromkeys((state.value for state in State), 0)
        counts |= {row.state: row.orders for row in session.execute(_COUNTED)}
        spent = time.monotonic() - began
        self._counts = counts, began + (100 * spent if spent > LONG else 0.0)
        return dict(counts)

    def _shown(self, session: Session, rows: Sequence[Any]) -> list[dict[str, Any]]:
        onward = _onward(session, [row.number for row in rows])
        return [self._plain(row) | {"onward": onward.get(row.number, [])} for row in rows]

    def _plain(self, row: Any) -> dict[str, Any]:
        """Return a row as values that XML-RPC carries: what is absent is left out."""
        values = {
            "id": row.id, "request": row.request, "desk": self.service, "instance": self.instance, "state": row.state,
            "parent": row.parent, "user": row.asked_by, "priority": row.priority, "accepted": row.accepted,
            "started": row.started, "finished": row.finished, "attempts": row.tries, "fraction": row.fraction,
            "message": row.message, "reason": row.reason, "worker": row.owner,
        }  # fmt: skip
        shown = {name: value for name, value in values.items() if value is not None}
        return shown | {"result": json.loads(row.result or "{}"), "fields": json.loads(row.fields)}


_COLUMNS = (
    Order.number, Order.id, Order.request, Order.state, Order.parent, Order.asked_by, Order.priority, Order.accepted,
    Order.started, Order.finished, Order.tries, Order.fraction, Order.message, Order.reason, Order.owner, Order.result,
    Order.fields,
)  # fmt: skip
_QUEUED_NUMBER = Order.number + 0  # by the bare column SQLite looks for what is queued through all orders ever
_COUNTED: sa.CompoundSelect[Any] = sa.union_all(
    sa.select(sa.literal_column("'queued'").label("state"), sa.func.count().label("orders")).where(
        in_state(State.QUEUED)
    ),
    sa.select(Order.state, sa.func.count()).where(~in_state(State.QUEUED)).group_by(Order.state),
)
_UNDELIVERED = (
    sa.select(Parcel.state, sa.func.count()).where(Parcel.state.in_(("waiting", "parked"))).group_by(Parcel.state)
)


def _below(root: str) -> sa.Select[tuple[int]]:
    """Return the numbers of an order and everything below it."""
    tree = sa.select(Order.number, Order.id).where(sa.or_(Order.id == root, Order.parent == root)).cte(recursive=True)
    tree = tree.union(sa.select(Order.number, Order.id).where(Order.parent == tree.c.id))
    return sa.select(tree.c.number)


def _onward(session: Session, numbers: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    """Return what each of these orders sent on."""
    columns = (
        Parcel.order_number,
        Parcel.id,
        Parcel.desk,
        Parcel.instance,
        Parcel.request,
        Parcel.state,
        Parcel.reason,
    )
    rows = session.execute(sa.select(*columns).where(Parcel.order_number.in_(numbers)).order_by(Parcel.number))
    found: dict[int, list[dict[str, Any]]] = {}
    for number, id_, desk, to, request, state, reason in rows:
        item = {"id": id_, "desk": desk, "to": to, "request": request, "state": state, "reason": reason}
        found.setdefault(number, []).append({name: value for name, value in item.items() if value is not None})
    return found


def _history(session: Session, order: Any) -> list[dict[str, Any]]:
    """Return an order's birth and every move, the earliest first."""
    columns = (Event.at, Event.earlier, Event.later, Event.owner, Event.reason)
    moves = sa.select(*columns).where(Event.order_number == order.number, Event.earlier.is_not(None))
    birth = (order.accepted, None, State.QUEUED.value, None, None)
    rows = [birth, *session.execute(moves.order_by(Event.step))]
    items = ({"at": at, "from": e, "to": t, "worker": w, "reason": why} for at, e, t, w, why in rows)
    return [{name: value for name, value in item.items() if value is not None} for item in items]
