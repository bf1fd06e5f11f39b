"""What an operator does to orders: cancel and retry."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from toros.store.ledger_base import OUTBOX, LedgerBase, clean
from toros.store.schema import AT_ONCE, NOTES, ORDERS, PARCELS, CancelNote, Order, Parcel
from workorders import Refusal
from workorders.envelope import State
from workorders.refusal import FaultCode

__all__ = ["Controlling"]


class Controlling(LedgerBase):
    """The part of the ledger behind the requests `cancel` and `retry`; called inside a change."""

    def cancel(
        self, session: Session, order_id: str, *, by: str, reason: str = "", tree: bool = False, stop: bool = True
    ) -> dict[str, Any]:
        """Take an order back: a queued one never starts, a running one hears of it, an unknown one is noted.

        Parameters
        ----------
        tree : bool
            Also keep back what it has caused and what is not sent yet.
        stop : bool
            Whether a running order hears of it; else it may end.

        Returns
        -------
        dict
            `id`; `state`, what it is now ("unknown" where it has not arrived); `asked`, True where a running
            order's worker was told; `children`, what it has caused: a list of {id, desk, to} (`to` only where given).
        """
        why = clean(f"cancelled by {by}" + (f": {reason}" if reason else ""))
        row = session.execute(sa.select(Order.number, Order.state).where(Order.id == order_id)).first()
        if row is None:
            self._note(session, order_id, why)
            return {"id": order_id, "state": "unknown", "asked": False, "children": []}
        number, state = row
        children = self._children(session, number)
        if tree:
            self._hold_back(session, number, why)
        if state == State.QUEUED:
            now = self._now()
            values = {"state": State.CANCELLED.value, "changed": now, "finished": now, "reason": why}
            session.execute(sa.update(ORDERS).where(Order.number == number).values(**values))
            state = State.CANCELLED
        elif state == State.RUNNING and stop:
            session.execute(sa.update(ORDERS).where(Order.number == number).values(cancel_asked=why))
        return {"id": order_id, "state": str(state), "asked": stop and state == State.RUNNING, "children": children}

    def _hold_back(self, session: Session, number: int, why: str) -> None:
        """Take what an order has caused and what was not sent yet off its way."""
        waiting = (Parcel.order_number == number, Parcel.state == "waiting", Parcel.request != "cancel")
        session.execute(sa.update(PARCELS).where(*waiting).values(state="parked", reason=why))

    def _note(self, session: Session, order_id: str, why: str) -> None:
        """Keep in mind that an order is unwanted, for when it arrives."""
        session.execute(sa.delete(NOTES).where(CancelNote.id == order_id))
        session.execute(sa.insert(NOTES).values(id=order_id, reason=why, written=self._now()))

    def _children(self, session: Session, number: int) -> list[dict[str, str]]:
        rows = session.execute(
            sa.select(Parcel.id, Parcel.desk, Parcel.instance)
            .where(Parcel.order_number == number, Parcel.request != "cancel")
            .order_by(Parcel.number)
        )
        return [{"id": id_, "desk": desk} | ({"to": to} if to else {}) for id_, desk, to in rows]

    def retry(self, session: Session, order_id: str) -> dict[str, Any]:
        """Queue a buried order again with all its tries, or send a parked parcel again.

        Raises
        ------
        Refusal
            UNKNOWN_ORDER, or ILLEGAL_MOVE where it is neither buried nor parked.
        """
        row = session.execute(sa.select(Order.number, Order.state, Order.lane).where(Order.id == order_id)).first()
        parcel = session.execute(sa.select(Parcel.number, Parcel.state).where(Parcel.id == order_id)).first()
        if row is not None and row.state == State.BURIED:
            self._queue_again(session, row.number, row.lane)
            return {"id": order_id, "state": State.QUEUED.value}
        if parcel is not None and parcel.state == "parked":
            again = {"state": "waiting", "due": AT_ONCE}
            session.execute(sa.update(PARCELS).where(Parcel.number == parcel.number).values(**again))
            self.database.afterwards(lambda: self._bells.ring(OUTBOX))
            return {"id": order_id, "state": "waiting"}
        if row is None and parcel is None:
            raise Refusal(FaultCode.UNKNOWN_ORDER, "no order with this id here", field="order_id", value=order_id)
        state = row.state if row is not None else parcel.state if parcel is not None else ""
        raise Refusal(
            FaultCode.ILLEGAL_MOVE, f"the order is {state}: there is nothing to try again", field="order_id",
            value=order_id, allowed="an order that is buried, or parked on its way to another desk",
        )  # fmt: skip

    def _queue_again(self, session: Session, number: int, lane: str) -> None:
        values: dict[str, Any] = {"state": State.QUEUED.value, "changed": self._now(), "finished": None, "tries": 0}
        values |= {"due": AT_ONCE, "reason": None, "interrupted": False, "cancel_asked": None}
        values |= {"fraction": None, "message": None}
        session.execute(sa.update(ORDERS).where(Order.number == number).values(**values))
        self.database.afterwards(lambda: self._bells.ring(lane))
