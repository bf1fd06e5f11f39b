"""Values of answers as a person reads them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from toros.cli.screen import clean

__all__ = ["in_words"]


def in_words(value: Any) -> str:
    """Return a value on one line: names with their values, or one after another."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name}={in_words(each)}" for name, each in value.items())
    if isinstance(value, list):
        return ", ".join(in_words(each) for each in value)
    return clean(str(value))
