"""What a handler may use beside its order, and how it hears that the order is not its own any more."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from toros.errors import DatabaseError, LeaseLost, OrderCancelled, TorosError
from toros.network.engine import EngineForOrder

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from toros.clock import Clock
    from toros.config import Config
    from toros.network.engine import Pool
    from toros.network.service import Engine, Files
    from toros.store.database import Database
    from toros.store.ledger import Claim, Ledger

__all__ = ["Attempt", "OrderContext", "QuestionContext", "Workshop"]

T = TypeVar("T")
SAY = 0.25  # seconds between two writes of one order's progress
WORDS = 300  # characters of a progress message that are kept


@dataclass(frozen=True)
class Workshop:
    """What all handlers of a daemon share."""

    config: Config
    service: str
    instance: str
    owner: str
    database: Database
    ledger: Ledger
    pool: Pool
    files: Files
    clock: Clock
    observatory_clock: Clock
    resources: Any


class Attempt:
    """One try at an order: its claim, and whether that is still ours.

    Parameters
    ----------
    claim : Claim
        What the ledger gave.
    ledger : Ledger
        Where it beats.
    """

    def __init__(self, claim: Claim, ledger: Ledger) -> None:
        self.claim = claim
        self.heard = True  # the last beat could be stored
        self._ledger = ledger
        self._lock = threading.Lock()
        self._ended: TorosError | None = None
        self._said: tuple[float, str] | None = None
        self._last = 0.0

    def ended(self) -> TorosError | None:
        """Return what ends this try early, or None."""
        return self._ended

    def end(self, reason: TorosError) -> None:
        """End this try: whatever it does from now on is in vain."""
        self._ended = self._ended or reason

    def say(self, fraction: float, message: str) -> None:
        """Keep the progress to be written, at once where the last time is long enough ago."""
        with self._lock:
            self._said = min(1.0, max(0.0, float(fraction))), message[:WORDS]
            due = time.monotonic() - self._last >= SAY
        if due:
            self.beat()

    def beat(self) -> None:
        """Renew the lease, write what was said, and hear whether the order is still ours."""
        with self._lock:
            said, self._said = self._said, None
            self._last = time.monotonic()
        try:
            verdict = self._ledger.beat(self.claim, *(said or (None, None)))
        except DatabaseError as error:  # work goes on while the disk is full: what it yields is stored when it can be
            logging.getLogger("toros.worker").warning("%s: no heartbeat: %s", self.claim.id, error)
            self.heard = False
            return
        self.heard = True
        if verdict == "cancelled":
            self.end(OrderCancelled("it was cancelled while it ran"))
        elif verdict == "lost":
            self.end(LeaseLost("another worker holds this order now"))


class _Shared:
    """The part of a context that needs no order."""

    def __init__(self, shop: Workshop, name: str) -> None:
        self.config: Config = shop.config
        self.service: str = shop.service
        self.worker: str = shop.owner
        self.files: Files = shop.files
        self.clock: Clock = shop.clock
        self.observatory_clock: Clock = shop.observatory_clock
        self.resources: Any = shop.resources
        self.log: logging.LoggerAdapter[Any] = _Prefixed(logging.getLogger(f"toros.{shop.service}"), {"order": name})
        self._shop = shop

    def read(self, query: Callable[[Session], T]) -> T:
        """Run a query on the daemon's own tables."""
        return self._shop.database.read(query)


class OrderContext(_Shared):
    """The context of an order's handler.

    Parameters
    ----------
    shop : Workshop
        What all handlers share.
    attempt : Attempt
        This try.
    """

    def __init__(self, shop: Workshop, attempt: Attempt) -> None:
        super().__init__(shop, attempt.claim.id)
        self.attempt: int = attempt.claim.attempt
        self.engine: Engine = EngineForOrder(shop.pool, attempt.ended)
        self._try = attempt

    def progress(self, fraction: float, message: str) -> None:
        """Say how far the order is, 0 to 1; raise OrderCancelled or LeaseLost where it is not ours any more."""
        self._try.say(fraction, message)
        ended = self._try.ended()
        if ended is not None:
            raise ended

    def write(self, change: Callable[[Session], T]) -> T:
        """Run a change in a short transaction of its own, refused (LeaseLost) where another worker holds the order."""

        def fenced(session: Session) -> T:
            self._shop.ledger.fence(session, self._try.claim)
            return change(session)

        return self._shop.database.write(fenced)


class QuestionContext(_Shared):
    """The context of a question's handler, and of an order that acts without the ledger."""

    def __init__(self, shop: Workshop, name: str) -> None:
        super().__init__(shop, name)
        self.attempt: int = 1
        self.engine: Engine = EngineForOrder(shop.pool)

    def progress(self, fraction: float, message: str) -> None:
        """Nobody follows a question's progress; it is logged."""
        self.log.debug("%.0f %%: %s", 100 * fraction, message)

    def write(self, change: Callable[[Session], T]) -> T:
        """Run a change in a short transaction of its own."""
        return self._shop.database.write(change)


class _Prefixed(logging.LoggerAdapter[logging.Logger]):
    """Begins each line with the order's id."""

    def process(self, msg: Any, kwargs: Any) -> tuple[Any, Any]:
        """Return the message with the id before it."""
        return f"{(self.extra or {}).get('order', '')}: {msg}", kwargs
