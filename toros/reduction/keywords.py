"""Taking a value out of a header that may hold it under one of several keywords; the words are data."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

__all__ = ["dialects", "number_of", "plain", "text_of", "within"]

_NUMBER = re.compile(r"^\s*[+-]?(\d+\.?\d*|\.\d+)([eEdD][+-]?\d+)?")


@cache
def dialects() -> Mapping[str, Any]:
    """Return the words that come with TOROS."""
    import yaml

    text = resources.files("toros.reduction").joinpath("dialects.yaml").read_text(encoding="utf-8")
    words: Mapping[str, Any] = yaml.safe_load(text)
    return words


def plain(text: str) -> str:
    """Return a text in lower case, everything but letters and digits as one space."""
    return re.sub(r"[^a-z0-9]+", " ", text.lower()).strip()


def text_of(header: Mapping[str, Any], keywords: Sequence[str]) -> str:
    """Return the first card that is a text and not blank, else an empty one."""
    for key in keywords:
        value = header.get(key)
        if isinstance(value, str) and value.strip():
            return value.strip()
    return ""


def number_of(header: Mapping[str, Any], keywords: Sequence[str]) -> float | None:
    """Return the first card that is a number, or a text that begins with one ("60.0 s")."""
    for key in keywords:
        value = header.get(key)
        if isinstance(value, str):
            match = _NUMBER.match(value)
            value = float(match.group().upper().replace("D", "E")) if match else None
        if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
            return float(value)
    return None


def within(
    header: Mapping[str, Any], keywords: Sequence[str], low: float, high: float, unit: str, marks: list[str]
) -> float | None:
    """Return the first believable value.

    Parameters
    ----------
    header : mapping
    keywords : sequence of str
        In the order in which they are believed.
    low, high : float
        Both included.
    unit : str
        What the number would be.
    marks : list of str
        A value that is not believable is named here.
    """
    for key in keywords:
        value = number_of(header, [key])
        if value is None:
            continue
        if low <= value <= high:
            return value
        marks.append(f"{key} = {value:g} cannot be {unit}: ignored")
    return None
