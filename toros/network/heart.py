"""The thread that keeps the leases of all running orders alive, and hears who lost or cancelled one."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from toros.network.context import Attempt

__all__ = ["Heart"]


class Heart:
    """Beats every running try a few times within its lease; at rest while nothing runs.

    Parameters
    ----------
    period : float
        Time between two beats of one try; seconds.
    """

    def __init__(self, period: float) -> None:
        self._period = period
        self._condition = threading.Condition()
        self._attempts: list[Attempt] = []
        self._now = False
        self._stopping = False
        self._tick = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="heart", daemon=True)

    def start(self) -> None:
        """Begin to beat."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        with self._condition:
            self._stopping = True
            self._condition.notify()
        self._thread.join(1.0)

    @contextmanager
    def beating(self, attempt: Attempt) -> Iterator[None]:
        """Beat this try while the block runs."""
        with self._condition:
            if not self._attempts:
                self._tick = time.monotonic()
            self._attempts.append(attempt)
            self._condition.notify()
        try:
            yield
        finally:
            with self._condition:
                self._attempts.remove(attempt)

    def running(self) -> list[Attempt]:
        """Return the tries under way."""
        with self._condition:
            return list(self._attempts)

    def at_once(self) -> None:
        """Beat now: somebody may just have cancelled what runs."""
        with self._condition:
            self._now = True
            self._condition.notify()

    def steady(self) -> bool:
        """True where the last beat of every try could be stored; otherwise beat again now."""
        if all(attempt.heard for attempt in self.running()):
            return True
        self.at_once()
        return False

    def well(self) -> bool:
        """True while the thread lives and, where there is something to beat, beats."""
        with self._condition:
            resting = not self._attempts
        return self._thread.is_alive() and (resting or time.monotonic() - self._tick < 3 * self._period + 10)

    def _run(self) -> None:
        while True:
            with self._condition:
                while not self._due():
                    self._condition.wait(self._rest())
                if self._stopping:
                    return
                self._now = False
                attempts = list(self._attempts)
                self._tick = time.monotonic()
            for attempt in attempts:
                self._beat(attempt)

    def _due(self) -> bool:
        late = bool(self._attempts) and time.monotonic() - self._tick >= self._period
        return self._stopping or self._now or late

    def _rest(self) -> float | None:
        return max(0.0, self._tick + self._period - time.monotonic()) if self._attempts else None

    def _beat(self, attempt: Attempt) -> None:
        try:
            attempt.beat()
        except Exception:  # noqa: BLE001 - one order's trouble must not stop the heart of the others
            logging.getLogger("toros.worker").exception("%s: no heartbeat", attempt.claim.id)
