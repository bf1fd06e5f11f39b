"""Moving the dome and watching its sensors until it is where it was told to be."""

from __future__ import annotations

import time
from collections.abc import Callable

from toros.errors import Permanent
from toros.observatory.devices.base import Dome, DomeReading

__all__ = ["bring_to_park", "bring_to_rest_closed", "bring_to_rest_open", "words"]

LOOK = 0.1  # seconds between two looks at the sensors
PATIENCE = 60.0  # seconds after which a motion that is not over has failed

Tell = Callable[[float, str], None]


def bring_to_rest_open(dome: Dome, tell: Tell) -> DomeReading:
    """Open the shutter; return the sensors' word once it is open.

    Parameters
    ----------
    dome : Dome
        What is moved.
    tell : callable
        Hears how far it is, 0 to 1, and in words.

    Raises
    ------
    Permanent
        The shutter was told otherwise meanwhile, or does not get there.
    """
    dome.open()
    return _watched(dome, lambda now: now.shutter == "open", lambda now: now.position, ("opening", "open"), tell)


def bring_to_rest_closed(dome: Dome, tell: Tell) -> DomeReading:
    """Close the shutter, also where it is believed to be closed; as `bring_to_rest_open` otherwise."""
    dome.close()
    return _watched(
        dome, lambda now: now.shutter == "closed", lambda now: 1 - now.position, ("closing", "closed"), tell
    )


def bring_to_park(dome: Dome, tell: Tell) -> DomeReading:
    """Close the shutter and turn the dome to its parking azimuth; as `bring_to_rest_open` otherwise."""
    dome.park()
    return _watched(dome, lambda now: now.parked, lambda now: 1 - now.position, ("closing", "closed"), tell)


def words(reading: DomeReading) -> str:
    """Return the sensors' word as a sentence's end: `open`, or `closing, 40 % open`."""
    at_rest = reading.shutter in ("open", "closed")
    return reading.shutter if at_rest else f"{reading.shutter}, {100 * reading.position:.0f} % open"


def _watched(
    dome: Dome,
    arrived: Callable[[DomeReading], bool],
    part: Callable[[DomeReading], float],
    expected: tuple[str, str],
    tell: Tell,
) -> DomeReading:
    """Watch until the dome has arrived; raise Permanent where its shutter does anything else than expected."""
    deadline = time.monotonic() + PATIENCE
    while not arrived(reading := dome.read()):
        if reading.shutter not in expected:
            raise Permanent(f"the dome was told otherwise meanwhile: its shutter is {words(reading)}")
        if time.monotonic() > deadline:
            raise Permanent(f"after {PATIENCE:g} s the dome is not there: its shutter is {words(reading)}")
        tell(part(reading), f"shutter {words(reading)}")
        time.sleep(LOOK)
    return reading
