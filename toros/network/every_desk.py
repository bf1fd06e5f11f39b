"""The requests that every desk serves: status, list_orders, describe, cancel, retry, save_identities."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import toros
from toros.clock import iso
from toros.config import config_hash
from toros.network.context import Workshop
from toros.network.people import order_save_identities
from toros.network.service import Context, Handler, Onward, Outcome
from workorders import Refusal, description
from workorders.desk import Cancel, Describe, ListOrders, Retry, Status
from workorders.refusal import FaultCode

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = ["every_desk"]


def every_desk(
    shop: Workshop,
    lanes: Mapping[str, int],
    committed: Callable[[], None],
    listeners: Callable[[], Sequence[Mapping[str, Any]]] = tuple,
) -> dict[str, Handler]:
    """Return the handlers of the requests that every desk serves.

    Parameters
    ----------
    shop : Workshop
        What all handlers share.
    lanes : mapping of lane to int
        Threads of each, shown by `status`.
    committed : callable
        Wakes the courier after a parked order was put on its way again.
    listeners : callable, optional
        Gives how each source is that the daemon listens to, shown by `status`.
    """
    started = iso(shop.clock.now())
    ledger = shop.ledger

    def status(question: Status, _context: Context) -> Mapping[str, Any]:
        if question.order_id is not None:
            return ledger.status(question.order_id)
        figures = ledger.figures()
        return {
            "desk": shop.service,
            "instance": shop.instance,
            "pid": os.getpid(),
            "worker": shop.owner,
            "version": toros.__version__,
            "configuration": config_hash(shop.config),
            "started": started,
            "counts": figures["counts"],
            "outbox": figures["outbox"],
            "lanes": dict(lanes),
            "listeners": [dict(one) for one in listeners()],
        }

    def list_orders(question: ListOrders, _context: Context) -> Mapping[str, Any]:
        return ledger.list_orders(
            state=question.state,
            named=question.named,
            root=question.root,
            limit=question.limit,
            before=question.before,
        )

    def describe(question: Describe, _context: Context) -> Mapping[str, Any]:
        described = description.describe(shop.service, question.named)
        if question.named is not None and not described["requests"]:
            known = ", ".join(sorted(description.describe(shop.service)["requests"]))
            raise Refusal(FaultCode.UNKNOWN_REQUEST, f"{shop.service} has no such request", field="named",
                          value=question.named, allowed=known)  # fmt: skip
        return {"desk": shop.service, **described}

    def cancel(order: Cancel, context: Context) -> Outcome:
        def change(session: Session) -> dict[str, Any]:
            return ledger.cancel(
                session, order.order_id, by=order.user or "nobody known", reason=order.reason, tree=order.tree,
                stop=order.running == "stop",
            )  # fmt: skip

        told = context.write(change)
        onward = [_cancel_of(child, order) for child in told.pop("children", [])] if order.tree else []
        return Outcome(result={**told, "order_id": order.order_id, "passed_on": len(onward)}, orders=onward)

    def retry(order: Retry, context: Context) -> Outcome:
        told = context.write(lambda session: ledger.retry(session, order.order_id))
        committed()
        return Outcome(result={**told, "order_id": order.order_id})

    return {
        "status": Handler(status),
        "list_orders": Handler(list_orders),
        "describe": Handler(describe),
        "cancel": Handler(cancel),
        "retry": Handler(retry),
        "save_identities": Handler(order_save_identities),
    }


def _cancel_of(child: Mapping[str, str], order: Cancel) -> Onward:
    """Return the desk of a child order, and the order that cancels it."""
    onward = Cancel(order_id=child["id"], to=child.get("to"), tree=True, running=order.running, reason=order.reason,
                    priority=order.priority)  # fmt: skip
    return Onward(onward, child["desk"])
