"""The two clocks: the machine's (leases, time-outs) and the observatory's (twilight, exposures)."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

__all__ = ["Clock", "MachineClock", "RehearsalClock", "iso"]


class Clock(Protocol):
    """Anything that tells the time in UTC."""

    def now(self) -> datetime:
        """Return the time, timezone-aware, UTC."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait for so many seconds of this clock."""
        ...


class MachineClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Return the machine's time, UTC."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Wait for so many real seconds."""
        time.sleep(seconds)


class RehearsalClock:
    """A clock that starts when told and runs `rate` times as fast as the machine's.

    Parameters
    ----------
    start : datetime
        What it shows at first; UTC.
    rate : float
        Seconds of this clock in one real second.
    """

    def __init__(self, start: datetime, rate: float) -> None:
        if rate <= 0:
            raise ValueError(f"rate must be positive, not {rate}")
        self._start = start
        self._rate = rate
        self._origin = time.monotonic()

    def now(self) -> datetime:
        """Return the rehearsal's time, UTC."""
        return self._start + timedelta(seconds=(time.monotonic() - self._origin) * self._rate)

    def sleep(self, seconds: float) -> None:
        """Wait for so many seconds of the rehearsal."""
        time.sleep(max(0.0, seconds) / self._rate)


def iso(moment: datetime) -> str:
    """Return a UTC moment as orders write it: ISO 8601 with milliseconds, without offset."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds")
