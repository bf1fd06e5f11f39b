"""A desk on a real port over a ledger in memory, for the tests of what lies before the ledger."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

from toros.network.front_desk import FrontDesk
from toros.network.server import Bounds, DeskServer
from workorders import Receipt, WorkOrder


class MemoryLedger:
    """Keeps orders in a dict; `broken` is raised and `silent` never answers, as a ledger in trouble does."""

    def __init__(self) -> None:
        self.orders: dict[str, WorkOrder] = {}
        self.broken: Exception | None = None
        self.silent = False

    def accept(self, order: WorkOrder) -> Future[Receipt]:
        future: Future[Receipt] = Future()
        if self.silent:
            return future
        if self.broken is not None:
            future.set_exception(self.broken)
            return future
        self.orders[order.id] = order
        future.set_result(
            Receipt(id=order.id, request=order.request, desk="telescope", instance="telescope",
                    accepted="2026-11-20T02:14:05.123", hash="0" * 64)
        )  # fmt: skip
        return future

    def figures(self) -> dict[str, Any]:
        return {"orders": {"queued": len(self.orders)}, "oldest_queued_seconds": 1.5}


def dome(question: WorkOrder) -> Mapping[str, Any]:
    """Answer every question as a dome would."""
    return {"dome": "closed", "asked": question.request, "by": question.user, "nothing": None}


@contextmanager
def served(
    ledger: MemoryLedger | None = None,
    answer: Callable[[WorkOrder], Mapping[str, Any]] = dome,
    *,
    bounds: Bounds | None = None,
    tls: tuple[str, str] | None = None,
    **named: Any,
) -> Iterator[tuple[FrontDesk, DeskServer]]:
    """Serve a telescope's desk on a free port for the length of the block."""
    desk = FrontDesk("telescope", ledger or MemoryLedger(), answer=answer, **named)
    server = DeskServer(desk, bounds=bounds, tls=tls)
    listening = threading.Event()
    thread = threading.Thread(target=server.run, args=(listening.set,))
    thread.start()
    assert listening.wait(10)
    try:
        yield desk, server
    finally:
        server.stop()
        thread.join(10)
        desk.close()
    assert not thread.is_alive()
