"""The threads that listen: one a source, connected again when it is lost, and heard of when it falls silent."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from toros.clock import iso
from toros.errors import TorosError
from toros.network.receiving import Receiver, Stopped

if TYPE_CHECKING:
    from datetime import datetime

    from toros.network.context import Workshop
    from toros.network.service import Arrival, Listener

__all__ = ["Listening"]

TURN = 0.5  # seconds that a thread waits for a message before it looks whether it should stop
DELAYS = (0.5, 60.0)  # seconds before a source is connected again: first, longest
AWAY = 60.0  # seconds without a connection after which a source that has no silence of its own raises the alarm
JOIN = 5.0  # seconds for the threads to end

log = logging.getLogger("toros.listening")


class Listening:
    """All sources of a daemon.

    Parameters
    ----------
    shop : Workshop
        Of the daemon.
    listeners : sequence of Listener
        None for a daemon that listens to nothing.
    """

    def __init__(self, shop: Workshop, listeners: Sequence[Listener]) -> None:
        self._stopping = threading.Event()
        receiver = Receiver(shop, self._stopping)
        self._ears = [Ear(one, receiver, shop, self._stopping) for one in listeners]
        self._threads = [
            threading.Thread(target=ear.run, name=f"listener {ear.name}", daemon=True) for ear in self._ears
        ]

    def start(self) -> None:
        """Begin to listen."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let what is being stored be stored, then hang up everywhere."""
        self._stopping.set()
        until = time.monotonic() + JOIN
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
            if thread.is_alive():
                log.warning("the %s did not end within %g s", thread.name, JOIN)

    def well(self) -> bool:
        """True while every thread lives."""
        return all(thread.is_alive() for thread in self._threads)

    def plain(self) -> list[dict[str, Any]]:
        """Return how each source is, for `status`; what is not known is left out."""
        return [ear.plain() for ear in self._ears]

    def figures(self) -> dict[str, Any]:
        """Return numbers for the metrics, by listener."""
        if not self._ears:
            return {}
        rows = {ear.name: ear.figures() for ear in self._ears}
        names = sorted({name for row in rows.values() for name in row})
        return {f"listener_{name}": {who: row[name] for who, row in rows.items() if name in row} for name in names}


class Ear:
    """One source, and what is known of it.

    Parameters
    ----------
    listener : Listener
    receiver : Receiver
        Where messages are kept.
    shop : Workshop
        For the clock.
    stopping : Event
        Set when the daemon stops.
    """

    def __init__(self, listener: Listener, receiver: Receiver, shop: Workshop, stopping: threading.Event) -> None:
        self.name = listener.name
        self._listener = listener
        self._receiver = receiver
        self._clock = shop.clock
        self._stopping = stopping
        self._since: datetime | None = None  # connected
        self._last_message: datetime | None = None
        self._last_heartbeat: datetime | None = None
        self._received = self._repeated = self._connections = 0
        self._heard = self._opened = time.monotonic()
        self._alarmed = False
        self._trouble = ""
        self._lag: int | None = None

    def run(self) -> None:
        """Listen until the daemon stops, whatever happens to the source."""
        pause, longest = DELAYS
        while not self._stopping.is_set():
            heard = self._heard
            try:
                self._listen()
            except Stopped as error:
                log.warning("%s", error)
            except TorosError as error:
                self._complain(str(error))
            except Exception as error:  # noqa: BLE001 - a defect in one listener must not end the listening
                log.exception("%s: a defect while listening", self.name)
                self._trouble = f"a defect: {type(error).__name__}"
            self._hang_up()
            pause = DELAYS[0] if self._heard > heard else min(longest, 2 * pause)
            self._wait(pause)

    def plain(self) -> dict[str, Any]:
        """Return how the source is; times are UTC."""
        times = {
            "connected_since": self._since,
            "last_message": self._last_message,
            "last_heartbeat": self._last_heartbeat,
        }
        values: dict[str, Any] = {
            "name": self.name,
            "kind": self._listener.kind,
            "where": self._listener.where,
            "state": self.state,
            "received": self._received,
            "repeated": self._repeated,
            **{name: iso(moment) for name, moment in times.items() if moment is not None},
        }
        lag = self._lag
        return values | ({} if lag is None else {"lag": lag}) | ({"trouble": self._trouble} if self._trouble else {})

    @property
    def state(self) -> str:
        """ "silent" once the alarm was raised, "connected", or "connecting"."""
        if self._alarmed:
            return "silent"
        return "connecting" if self._since is None else "connected"

    def figures(self) -> dict[str, float]:
        """Return the source's numbers."""
        values: dict[str, float] = {
            "received": self._received,
            "repeated": self._repeated,
            "connections": self._connections,
            "connected": float(self._since is not None),
            "silent": float(self._alarmed),
            "quiet_seconds": time.monotonic() - self._heard,
        }
        lag = self._lag
        return values if lag is None else {**values, "lag": lag}

    def _listen(self) -> None:
        """Connect, and take messages until the daemon stops or the source is lost."""
        self._opened = time.monotonic()
        self._listener.open(self._receiver.offsets(self.name))
        self._since, self._trouble = self._clock.now(), ""
        self._connections += 1
        log.info("%s: listening to %s %s", self.name, self._listener.kind, self._listener.where)
        known: set[tuple[str, int]] = set()
        while not self._stopping.is_set():
            positions = self._listener.positions()
            if positions.keys() - known:
                self._receiver.keep_offsets(self.name, positions)
                known = set(positions)
            arrival = self._listener.receive(TURN)
            if arrival is not None:
                self._take(arrival)
            self._lag = self._listener.lag()
            self._look_at_silence()

    def _take(self, arrival: Arrival) -> None:
        """Keep what has come, and only then let it be acknowledged."""
        now = self._clock.now()
        if arrival.heartbeat:
            self._last_heartbeat = now
        else:
            self._last_message = now
            new = self._receiver.keep(self.name, arrival)
            self._received += 1
            self._repeated += not new
            log.info("%s: %s %s, %d bytes%s", self.name, arrival.topic or self._listener.kind, arrival.name,
                     len(arrival.content), "" if new else ": received before")  # fmt: skip
        self._listener.settle(arrival)
        self._hear()

    def _hear(self) -> None:
        """Note a sign of life, and say so where the alarm was raised."""
        if self._alarmed:
            log.warning("%s speaks again, after %.0f s of silence", self.name, time.monotonic() - self._heard)
        self._heard = time.monotonic()
        self._alarmed, self._trouble = False, ""

    def _look_at_silence(self) -> None:
        """Raise the alarm where nothing was heard for too long, and give up the connection that carries nothing."""
        silence = self._listener.silence
        if not silence:
            self._heard = time.monotonic()
            self._alarmed = self._end_of_alarm()
            return
        if time.monotonic() - self._heard > silence:
            self._alarm()
            if time.monotonic() - self._opened > silence:
                raise TorosError(f"{self._listener.where} said nothing for {silence:g} s: connecting anew")

    def _end_of_alarm(self) -> bool:
        if self._alarmed:
            log.warning("%s is connected again", self.name)
        return False

    def _alarm(self) -> None:
        """Raise the alarm, once a silence."""
        if not self._alarmed:
            self._alarmed = True
            log.error("%s: nothing was heard from %s for %.0f s%s", self.name, self._listener.where,
                      time.monotonic() - self._heard, f" ({self._trouble})" if self._trouble else "")  # fmt: skip

    def _complain(self, why: str) -> None:
        """Say once what is wrong with a source."""
        if why != self._trouble:
            log.warning("%s: %s", self.name, why)
        self._trouble = why

    def _hang_up(self) -> None:
        self._since = self._lag = None
        try:
            self._listener.close()
        except Exception:  # noqa: BLE001 - whatever it was, it is given up
            log.exception("%s: a defect while hanging up", self.name)

    def _wait(self, seconds: float) -> None:
        """Wait before the source is connected again; the alarm may become due meanwhile."""
        until = time.monotonic() + seconds
        limit = self._listener.silence or AWAY
        while (left := until - time.monotonic()) > 0 and not self._stopping.wait(min(left, TURN)):
            if time.monotonic() - self._heard > limit:
                self._alarm()
