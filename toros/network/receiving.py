"""Keeping what a listener received: its bytes in a file, then its order, its receipt and the offset in one transaction.

Only when `keep` has returned may anything be acknowledged. A crash before leaves at most a file that nobody asks for;
the source sends again.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from typing import TYPE_CHECKING

from toros.clock import iso
from toros.durable import write_durably
from toros.errors import DatabaseError, Temporary
from toros.store.receipts import ReceiptRow, keep_offsets, offsets_of, receipt_with_hash
from workorders.alerts import ProcessAlert
from workorders.envelope import new_id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.orm import Session

    from toros.network.context import Workshop
    from toros.network.service import Arrival

__all__ = ["Receiver", "Stopped"]

FOLDER = "alerts:received"
PATIENCE = (0.2, 10.0)  # seconds between two tries to store: first, longest
NAMED = 256  # characters of a source's own name that are kept

log = logging.getLogger("toros.listening")


class Stopped(Temporary):
    """The daemon stops before a message could be stored: it is not acknowledged."""


class Receiver:
    """Makes arrivals durable.

    Parameters
    ----------
    shop : Workshop
        Database, ledger, files and clock of the daemon.
    stopping : Event
        Set when nobody waits for a database that is away any more.
    """

    def __init__(self, shop: Workshop, stopping: threading.Event) -> None:
        self._shop = shop
        self._stopping = stopping

    def offsets(self, listener: str) -> dict[tuple[str, int], int]:
        """Return where a listener reads on."""
        return self._shop.database.read(lambda session: offsets_of(session, listener))

    def keep_offsets(self, listener: str, offsets: Mapping[tuple[str, int], int]) -> None:
        """Remember where a listener begins."""
        self._shop.database.write(lambda session: keep_offsets(session, listener, offsets))

    def keep(self, listener: str, arrival: Arrival) -> bool:
        """Store an arrival, again and again while the disk is full or the database away.

        Returns
        -------
        bool
            True where it became an order, False where this very content was here before.

        Raises
        ------
        Stopped
            The daemon stops first; nothing may be acknowledged.
        """
        pause, longest = PATIENCE
        while True:
            try:
                return self._keep(listener, arrival)
            except (OSError, DatabaseError, Temporary) as error:
                log.error("%s: an alert cannot be stored, and is not acknowledged: %s; again in %.1f s",
                          listener, error, pause)  # fmt: skip
                if self._stopping.wait(pause):
                    raise Stopped(f"an alert of {listener} was not stored before the daemon stopped") from None
                pause = min(longest, 2 * pause)

    def _keep(self, listener: str, arrival: Arrival) -> bool:
        hash_ = hashlib.sha256(arrival.content).hexdigest()
        location = self._spooled(arrival.content, hash_)
        order = ProcessAlert(
            id=new_id(), file_location=location, topic=arrival.topic or None, user=f"listener {listener}"
        )
        receipt = self._receipt(listener, arrival, hash_, order)

        def change(session: Session) -> bool:
            known = receipt_with_hash(session, hash_)
            if known is None:
                self._shop.ledger.accept_within(order)
                session.add(receipt)
            else:
                known.times += 1
                known.last_source, known.last_arrived = receipt.source, receipt.arrived
            if arrival.partition is not None and arrival.offset is not None:
                keep_offsets(session, listener, {(arrival.topic, arrival.partition): arrival.offset + 1})
            return known is None

        return self._shop.database.write(change)

    def _spooled(self, content: bytes, hash_: str) -> str:
        """Return where the bytes are, written durably unless they were received before."""
        known = self._shop.database.read(lambda session: receipt_with_hash(session, hash_))
        if known is not None:
            return known.location
        day = self._shop.clock.now().strftime("%Y-%m-%d")
        location = f"{FOLDER}/{day}/{hash_}.{_ending(content)}"
        write_durably(self._shop.files.path(location, must_exist=False), content)
        return location

    def _receipt(self, listener: str, arrival: Arrival, hash_: str, order: ProcessAlert) -> ReceiptRow:
        now = iso(self._shop.clock.now())
        return ReceiptRow(
            hash=hash_, source=listener, topic=arrival.topic, name=arrival.name[:NAMED], arrived=now,
            size=len(arrival.content), location=order.file_location, order_id=order.id, times=1,
            last_source=listener, last_arrived=now,
        )  # fmt: skip


def _ending(content: bytes) -> str:
    """Return what a file's name may end with, for people who look into the folder."""
    first = content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    return {b"{": "json", b"<": "xml"}.get(first, "bin")
