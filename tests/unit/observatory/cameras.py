"""Cameras, sites and exposures for tests."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from toros.observatory.exposure import CameraModel, Exposure, FrameKind, Site

__all__ = ["CAMERA", "NOON_UTC", "SITE", "START", "exposure"]

CAMERA = CameraModel(
    name="TOROS simulated CCD", telescope="TOROS simulated telescope", rows=300, columns=400, gain=1.5, read_noise=8.0,
    saturation=60000.0, pixel_scale=1.2, temperature=-20.0, simulated=True,
)  # fmt: skip
SITE = Site("Cordón Macón", -67.3283, -24.6157, 4637.0)
START = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)
NOON_UTC = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def exposure(kind: FrameKind = "light", **changes: Any) -> Exposure:
    """Return an exposure of 60 seconds at a place that stands high then."""
    seconds = 0.0 if kind == "bias" else 60.0
    light: dict[str, Any] = {"ra": 60.0, "dec": -24.0, "target": "NGC1365"} if kind == "light" else {}
    if kind in ("light", "flat"):
        light["filter"] = "r"
    return replace(Exposure(kind, 1, seconds, START, "order-1"), **(light | changes))
