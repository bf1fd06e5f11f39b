"""Every order of the data manager passes here: what it changes is written down under the name of who asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast

from toros.clock import iso
from toros.data.auditing import Author, recorded
from toros.network.service import Context, Handler, Outcome
from workorders import VOCABULARY, WorkOrder

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = ["audited"]

T = TypeVar("T")


def audited(handlers: Mapping[str, Handler]) -> dict[str, Handler]:
    """Return the handlers, those of orders so that what they change leaves its rows in `audit`."""
    return {
        name: replace(handler, function=partial(_served, handler.function))
        if VOCABULARY[name].kind == "order"
        else handler
        for name, handler in handlers.items()
    }


def _served(function: Callable[[Any, Context], Any], order: WorkOrder, context: Context) -> Any:
    """Serve an order; its transactions are watched."""
    author = Author(order.user or context.service, order.id, iso(context.clock.now()))
    outcome = function(order, cast("Context", _Watched(context, author)))
    if isinstance(outcome, Outcome) and outcome.record is not None:
        return replace(outcome, record=partial(_recording, outcome.record, author))
    return outcome


def _recording(change: Callable[[Session], T], author: Author, session: Session) -> T:
    with recorded(session, author):
        return change(session)


class _Watched:
    """A context whose transactions are watched."""

    def __init__(self, context: Context, author: Author) -> None:
        self._context = context
        self._author = author

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)

    def write(self, change: Callable[[Session], T]) -> T:
        """Run a change in a short transaction, and write down what it changed."""
        return self._context.write(partial(_recording, change, self._author))
