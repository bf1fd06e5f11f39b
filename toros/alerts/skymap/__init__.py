"""Probability maps: made of HEALPix cells of several sizes, read as they are and never rasterised."""

from __future__ import annotations

from toros.alerts.skymap.cells import Skymap
from toros.alerts.skymap.fields import probability_in
from toros.alerts.skymap.reading import SkymapCache, read_skymap

__all__ = ["Skymap", "SkymapCache", "probability_in", "read_skymap"]
