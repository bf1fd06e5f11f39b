"""Named windows in the life of an order, in which a test can stop a daemon and kill it.

Only the test services import this, and it does nothing unless the environment names a window:
`TOROS_FAULT_POINT=accepting:3` stops the daemon's thread the third time it comes through the window `accepting`,
after touching the file `TOROS_FAULT_FILE`; what is killed then dies exactly there. Once that file exists, no window
stops a thread any more, so that a daemon that is started again lives.

Windows
-------
accepting
    The order is written, its transaction not committed.
replying
    The order is durable, its receipt not sent.
handler
    The handler works.
closed
    The dome is closed, its order not ended.
finished
    Result and onward orders are durable, the courier does not know yet.
delivering
    The peer has taken the onward order, its receipt is not noted.
spooled
    What a listener received is in its file, its order not written.
received
    What a listener received is durable, and not acknowledged.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

__all__ = ["WINDOWS", "install", "window"]

WINDOWS = ("accepting", "replying", "handler", "closed", "finished", "delivering", "spooled", "received")
_count = threading.Lock()
_passed: dict[str, int] = {}


def window(name: str) -> None:
    """Stop here for good where the environment says so."""
    chosen, _, number = os.environ.get("TOROS_FAULT_POINT", "").partition(":")
    if chosen != name:
        return
    with _count:
        _passed[name] = _passed.get(name, 0) + 1
        due = _passed[name] == int(number or 1)
    note = Path(os.environ["TOROS_FAULT_FILE"])
    if due and not note.exists():
        note.write_text(f"{name} {os.getpid()}")
        time.sleep(3600)


def install() -> None:
    """Put the windows into the daemon's classes; nothing where no window is named."""
    if not os.environ.get("TOROS_FAULT_POINT"):
        return
    from toros.network.courier import Courier
    from toros.store.ledger import Ledger

    accept, delivered, wake = Ledger._accept, Ledger.delivered, Courier.wake

    def accepting(self: Ledger, *arguments: Any) -> Any:
        receipt = accept(self, *arguments)
        window("accepting")
        return receipt

    def delivering(self: Ledger, *arguments: Any) -> None:
        window("delivering")
        delivered(self, *arguments)

    def waking(self: Courier) -> None:
        window("finished")
        wake(self)

    Ledger._accept = accepting  # type: ignore[method-assign]
    Ledger.delivered = delivering  # type: ignore[method-assign]
    Courier.wake = waking  # type: ignore[method-assign]
    _install_replying()
    _install_receiving()


def _install_receiving() -> None:
    """Stop after a listener's message was spooled, and after it was kept."""
    from toros.network.receiving import Receiver

    keep, spooled = Receiver.keep, Receiver._spooled

    def keeping(self: Receiver, *arguments: Any) -> bool:
        new = keep(self, *arguments)
        window("received")
        return new

    def spooling(self: Receiver, *arguments: Any) -> str:
        location = spooled(self, *arguments)
        window("spooled")
        return location

    Receiver.keep = keeping  # type: ignore[method-assign]
    Receiver._spooled = spooling  # type: ignore[method-assign]


def _install_replying() -> None:
    """Stop between the durable order and its receipt: where the desk writes the receipt's XML."""
    from toros.network import wire

    answer: Callable[..., bytes] = wire.answer

    def replying(value: Any) -> bytes:
        if value.get("status") == "accepted":
            window("replying")
        return answer(value)

    wire.answer = replying
