"""What the parts of the ledger share: the database, the clock, the bells that wake workers."""

from __future__ import annotations

import hashlib
import json
import threading
from collections import Counter
from collections.abc import Callable, Container, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

import workorders
from toros.clock import Clock, iso
from toros.config import OrderSettings
from toros.errors import DatabaseError
from toros.store.database import Database
from workorders import VOCABULARY, Request, WorkOrder

__all__ = [
    "OUTBOX",
    "Bells",
    "LedgerBase",
    "Parse",
    "canonical",
    "clean",
    "digest",
    "moment_of",
]

OUTBOX = "outbox"  # the courier's bell

Parse = Callable[[Mapping[str, Any], str | None], WorkOrder]


def canonical(fields: Any) -> str:
    """Return plain values as JSON in one spelling only: sorted, without spaces, ASCII."""
    return json.dumps(fields, sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest(body: str) -> str:
    """Return the SHA-256 of a body, hexadecimal."""
    return hashlib.sha256(body.encode()).hexdigest()


def clean(text: str, longest: int = 2000) -> str:
    """Return text that every database stores and every answer carries: no control characters, not too long."""
    text = text if len(text) <= longest else text[: longest - 1] + "…"
    if text.isprintable():
        return text
    return "".join(c if c in "\n\t" or (c >= " " and not "\ud800" <= c <= "\udfff") else "\ufffd" for c in text)


class Bells:
    """One bell a lane: rung when something may be waiting there, so that nobody polls."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._rung: dict[str, int] = {}
        self._heard = threading.local()

    def ring(self, *lanes: str) -> None:
        """Wake whoever waits for these lanes."""
        with self._condition:
            for lane in lanes:
                self._rung[lane] = self._rung.get(lane, 0) + 1
            self._condition.notify_all()

    def ring_all(self) -> None:
        """Wake everybody."""
        self.ring(*self._rung)

    def listen(self, lane: str) -> None:
        """Remember, for this thread, what was rung until now; what rings later is not missed by `wait`."""
        with self._condition:
            count = self._rung.setdefault(lane, 0)
        vars(self._heard)[lane] = count

    def wait(self, lane: str, timeout: float) -> None:
        """Sleep until the lane's bell has rung since this thread last listened."""
        with self._condition:
            heard = vars(self._heard).setdefault(lane, self._rung.setdefault(lane, 0))
            self._condition.wait_for(lambda: self._rung[lane] != heard, timeout)
            vars(self._heard)[lane] = self._rung[lane]


class LedgerBase:
    """What every part of the ledger stands on.

    Parameters
    ----------
    database : Database
        Prepared.
    service, instance : str
        The desk, and its name on the network.
    settings : OrderSettings
        Tries, delays, lease and retention.
    clock : Clock
        The machine's.
    recoverable : container of str
        Requests that may never be repeated but whose handler can find out what is true after a crash.
    parse : callable
        How stored orders are read again.
    vocabulary : mapping of str to Request
        Lanes, desks and ways of repeating.
    forgetting : callable, optional
        `(session, ids)`: notes in the service's own tables what is to outlast these orders, in the transaction that
        forgets them.
    """

    def __init__(
        self,
        database: Database,
        *,
        service: str,
        instance: str,
        settings: OrderSettings,
        clock: Clock,
        recoverable: Container[str] = (),
        parse: Parse = workorders.parse,
        vocabulary: Mapping[str, Request] = VOCABULARY,
        forgetting: Callable[[Session, Sequence[str]], None] | None = None,
    ) -> None:
        self.database = database
        self.service = service
        self.instance = instance
        self.settings = settings
        self.clock = clock
        self.recoverable = recoverable
        self._parse = parse
        self._vocabulary = vocabulary
        self._forgetting = forgetting
        self._bells = Bells()
        self._beats: Counter[int] = Counter()  # heartbeats of this process, also those that could not be written
        self._watched: dict[int, tuple[tuple[int, ...], float]] = {}  # last sign of life of each order, and since when
        self._next_prune = 0.0
        self._counts: tuple[dict[str, int], float] = ({}, 0.0)  # orders by state, and until when that is good enough

    def _now(self, seconds: float = 0.0) -> str:
        """Return the machine's time, or so many seconds from now, as the tables write it."""
        moment = self.clock.now()
        return iso(moment + timedelta(seconds=seconds) if seconds else moment)

    def _ahead(self) -> str:
        """Return a time so far ahead that no delay of ours reaches it: beyond it, the clock was set back.

        An order that was not tried yet may have to wait for longer: it says so itself.
        """
        return self._now(2 * self.settings.longest_delay + 60)

    def _oldest_remembered(self) -> datetime:
        """Return the time before which finished orders are forgotten."""
        return self.clock.now() - timedelta(days=self.settings.retention)

    def _request_of(self, order: WorkOrder) -> Request:
        return self._vocabulary[order.request]

    def _read_body(self, body: str, expected: str) -> WorkOrder:
        """Return a stored order; raise DatabaseError where it is not what was accepted."""
        if digest(body) != expected:
            raise DatabaseError("the stored order is damaged: it is not what was accepted")
        return self._parse(json.loads(body), self.service)


def moment_of(text: str) -> datetime:
    """Return a table's time as a moment."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
