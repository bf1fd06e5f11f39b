"""Carrying onward orders to other desks, again and again until each has its receipt.

Every peer has a thread of its own, so that one that is slow, hung or away delays nobody else. Orders for one peer go in
the order in which they were caused, and always byte for byte the same.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from toros.errors import ConfigurationError, DatabaseError
from toros.network import wire
from toros.network.client import Client, Unreachable, client_of
from workorders import Refusal
from workorders.refusal import FaultCode

if TYPE_CHECKING:
    from toros.config import Config
    from toros.store.ledger import Ledger, Parcel

__all__ = ["Courier"]

FIRST, LONGEST = 0.5, 10.0  # seconds before a peer that failed is tried again: doubling, a quarter more or less
LOOK = 30.0  # seconds after which the outbox is looked at although nobody rang
STRANGER = 1.0  # seconds, where a peer that has not been tried yet has something waiting for later
HOPELESS = 10  # times in a row that one parcel may fail by a defect at its peer before it is parked
DEFECTS = frozenset(
    {FaultCode.INTERNAL, FaultCode.MALFORMED}
)  # our own orders are well formed: something is broken there

log = logging.getLogger("toros.courier")

Peer = tuple[str, str | None]  # desk and instance


class Courier:
    """Delivers what is in the outbox.

    Parameters
    ----------
    ledger : Ledger
        Whose outbox.
    config : Config
        Where the desks are, this node's token, and how long a peer may take.
    connect : callable, optional
        `(desk, instance) -> Client`, the instance None for any; by the configuration where absent.
    """

    def __init__(
        self, ledger: Ledger, config: Config, connect: Callable[[str, str | None], Client] | None = None
    ) -> None:
        self._ledger = ledger
        self._connect = connect or (lambda desk, instance: client_of(config, desk, instance=instance))
        self._peers: dict[Peer, _Route] = {}
        self._bell = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="courier", daemon=True)

    def start(self) -> None:
        """Begin to deliver."""
        self._thread.start()

    def wake(self) -> None:
        """Look at the outbox now."""
        self._bell.set()

    def well(self) -> bool:
        """True while the thread that reads the outbox lives; those of peers are made anew where they ended."""
        return self._thread.is_alive()

    def stop(self, seconds: float = 1.0) -> None:
        """End the threads; what is not delivered stays in the outbox."""
        self._stopping = True
        self._bell.set()
        routes = list(self._peers.values())
        for route in routes:
            route.stop()
        deadline = time.monotonic() + seconds
        for thread in (self._thread, *routes):
            if thread.is_alive():
                thread.join(max(0.0, deadline - time.monotonic()))

    def _run(self) -> None:
        """Hand what is due to the thread of its peer, until stopped."""
        while not self._stopping:
            self._bell.clear()
            rest = LOOK
            try:
                self._hand_out()
                rest = self._rest()
            except DatabaseError as error:
                log.error("the outbox cannot be read: %s", error)
            except Exception:  # noqa: BLE001 - a defect in one round must not end deliveries for good
                log.exception("a defect while reading the outbox")
            self._bell.wait(rest)

    def _rest(self) -> float:
        """Return in how many seconds to look again although nobody rings."""
        known = {desk for desk, _ in self._peers}
        strangers = set(self._ledger.waiting_desks()) - known  # left by an earlier daemon, not due yet
        return min([LOOK, *([STRANGER] if strangers else []), *(route.rest() for route in self._peers.values())])

    def _hand_out(self) -> None:
        due: dict[Peer, list[Parcel]] = {}
        for parcel in self._ledger.due():
            due.setdefault(parcel.peer, []).append(parcel)
        for peer, parcels in due.items():
            route = self._peers.get(peer)
            if route is None or not route.is_alive():
                route = self._peers[peer] = _Route(peer, self._ledger, self._connect, self._bell.set)
                route.start()
            route.hand(parcels)


class _Route(threading.Thread):
    """The thread that delivers to one peer."""

    def __init__(
        self, peer: Peer, ledger: Ledger, connect: Callable[[str, str | None], Client], finished: Callable[[], None]
    ) -> None:
        self._peer = peer
        self._desk = " ".join(name for name in peer if name)
        super().__init__(name=f"courier-{self._desk}", daemon=True)
        self._ledger = ledger
        self._connect = connect
        self._finished = finished
        self._client: Client | None = None
        self._condition = threading.Condition()
        self._parcels: list[Parcel] = []
        self._again = 0.0  # monotonic time before which this peer is left alone
        self._stopping = False
        self._defects = ("", 0)  # a parcel, and how often in a row its peer failed over it

    def hand(self, parcels: list[Parcel]) -> None:
        """Take what is to be delivered; nothing where there is still something in hand, or the peer is left alone."""
        with self._condition:
            if not self._parcels and time.monotonic() >= self._again:
                self._parcels = parcels
                self._condition.notify()

    def rest(self) -> float:
        """Return in how many seconds this peer should be looked at again."""
        with self._condition:
            left = self._again - time.monotonic()
        return left if left > 0 else LOOK

    def stop(self) -> None:
        """End after the parcel in hand."""
        with self._condition:
            self._stopping = True
            self._condition.notify()

    def run(self) -> None:
        """Deliver what is handed over until stopped."""
        while True:
            with self._condition:
                self._condition.wait_for(lambda: self._parcels or self._stopping)
                if self._stopping:
                    break
            try:
                rest = self._round()
            except Exception as error:  # noqa: BLE001 - one bad round must not end deliveries for good
                known = isinstance(error, DatabaseError)
                log.error("%s: delivering is interrupted: %s", self._desk, error, exc_info=None if known else error)
                rest = _delay(3)
            with self._condition:
                self._parcels = []
                self._again = time.monotonic() + rest
            self._finished()
        if self._client is not None:
            self._client.close()

    def _round(self) -> float:
        """Deliver in order; return the seconds for which the peer is left alone after a failure."""
        for parcel in self._parcels:
            if self._stopping:
                break
            trouble = self._deliver(parcel)
            if trouble:
                delay = _delay(parcel.attempts)
                self._ledger.postpone(parcel, trouble, delay)
                log.warning("%s %s is not with %s yet, again in %.1f s: %s", parcel.request, parcel.id, self._desk,
                            delay, trouble)  # fmt: skip
                return delay
        return 0.0

    def _deliver(self, parcel: Parcel) -> str:
        """Deliver one parcel, or park it; return why it must be tried again, or nothing."""
        try:
            if self._client is None:
                self._client = self._connect(*self._peer)
            receipt = self._client.call_raw(wire.call(parcel.fields()))
            if receipt.get("id") != parcel.id:
                raise Refusal(FaultCode.MALFORMED, f"{self._desk} gave a receipt for another order")
        except Unreachable as error:
            return str(error)
        except Refusal as refusal:
            if self._may_pass(refusal, parcel):
                return refusal.sentence()
            self._park(parcel, refusal.sentence())
        except (KeyError, ConfigurationError) as error:
            self._park(parcel, f"{self._desk} is not a desk that this node's configuration can reach: {error}")
        else:
            self._ledger.delivered(parcel, receipt)
            log.info("%s %s is with %s", parcel.request, parcel.id, self._desk)
        return ""

    def _may_pass(self, refusal: Refusal, parcel: Parcel) -> bool:
        """True where the same parcel may be taken later: the desk has no room, stops, or fails and may be mended."""
        if refusal.code not in DEFECTS:
            return refusal.temporary
        before = self._defects[1] if self._defects[0] == parcel.id else 0
        self._defects = (parcel.id, before + 1)
        return before + 1 < HOPELESS

    def _park(self, parcel: Parcel, reason: str) -> None:
        self._ledger.park(parcel, reason)
        log.error("%s %s is refused by %s for good and parked: %s", parcel.request, parcel.id, self._desk, reason)


def _delay(attempts: int) -> float:
    """Return seconds before the next try."""
    growing: float = FIRST * 2.0 ** min(attempts, 20)
    return min(LONGEST, growing) * random.uniform(0.75, 1.25)  # noqa: S311 - against a herd, not a secret
