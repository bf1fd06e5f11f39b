"""Galaxies that an event may have happened in: one file a catalogue, in the order of the sky."""

from __future__ import annotations

from toros.alerts.galaxies.open_ngc import open_ngc
from toros.alerts.galaxies.store import Galaxies, open_store

__all__ = ["Galaxies", "open_ngc", "open_store"]
