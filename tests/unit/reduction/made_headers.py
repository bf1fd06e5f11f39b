"""Headers and their descriptions, made where a test needs them."""

from __future__ import annotations

from typing import Any

from toros.reduction.dialect import Description, describe

SHAPE = (100, 120)


def read(name: str = "a.fits", shape: tuple[int, int] = SHAPE, peak: float = 30000.0, **cards: Any) -> Description:
    """Return what a header of these cards says; `_` stands for `-`."""
    header = {key.replace("_", "-"): value for key, value in cards.items()}
    return describe(header, name=name, shape=shape, peak=peak)


def said(what: Description, words: str) -> bool:
    """Tell whether a mark holds these words."""
    return any(words in mark for mark in what.marks)
