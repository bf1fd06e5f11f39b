"""Why a pixel is masked: the bits of the plane MASK."""

from __future__ import annotations

from enum import IntFlag

__all__ = ["Flag"]


class Flag(IntFlag):
    """A reason to leave a pixel out; a pixel may have several."""

    NO_VALUE = 1
    """It has no number: NaN or infinite, raw or after a step."""
    SATURATED = 2
    """Its raw counts reached saturation."""
    DEFECT = 4
    """It is masked in a master, or in the camera's map of bad pixels."""
    NO_LIGHT = 8
    """The flat is not above zero there."""
    COSMIC_RAY = 16
    """A cosmic ray struck it; its value was replaced by its neighbours'."""
