"""Maps of the sizes that LVK's have: made, so that they are at hand everywhere; the worst is real where it is."""

from __future__ import annotations

import base64
import json
import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from toros.alerts.mock import mock_skymap
from toros.alerts.shapes import circle_map, ellipse_map
from toros.alerts.skymap import Skymap, read_skymap

__all__ = ["maps_of_all_sizes", "small_map", "with_distances"]

WORST = "S230522a-Preliminary.json"


def small_map() -> bytes:
    """Return a multi-order map with the mesh and columns of BAYESTAR's, 90 % in some 32 square degrees."""
    return mock_skymap("NGC4993", 1, datetime(2026, 11, 20, tzinfo=UTC), event="MS261120b")


def with_distances(skymap: Skymap, mu: float, sigma: float) -> Skymap:
    """Return a map with one distance everywhere; Mpc."""
    one = np.ones(skymap.start.size)
    return replace(skymap, mu=mu * one, sigma=sigma * one, norm=one / (mu**2 + sigma**2))


def maps_of_all_sizes() -> dict[str, Skymap]:
    """Return maps by what they are: a small one, a long one, and the worst."""
    return {
        "32 deg²": read_skymap(small_map()),
        "660 deg²": with_distances(ellipse_map(50.0, -30.0, 40.0, 5.3, 30.0), 200.0, 60.0),
        "worst": _worst(),
    }


def _worst() -> Skymap:
    """Return a map whose 90 % region is more than half of the sky: the real S230522a where it is at hand."""
    folder = os.environ.get("TOROS_SAMPLE_DATA")
    if not folder:
        return with_distances(circle_map(50.0, -30.0, 99.0, 0.9), 3000.0, 900.0)
    alert = json.loads((Path(folder) / "alerts" / "gwalert" / WORST).read_text())
    return read_skymap(base64.b64decode(alert["event"]["skymap"]))
