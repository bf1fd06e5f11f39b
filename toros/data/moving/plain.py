"""Cells of a database that anybody may have filled, as plain values: without control characters, NaN, or no end."""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, datetime
from typing import Any

from toros.clock import iso
from toros.data.moving.source import LONGEST

__all__ = ["MJD_0", "iso_of", "moment_of", "object_of", "plain_text", "plain_values"]

CONTROL = re.compile("[\x00-\x1f\x7f\ud800-\udfff\ufffe\uffff]+")
DEEPEST, MOST = 8, 2000  # levels and values of an object
WIDEST = 2**31 - 1  # of a whole number on the wire
MJD_0 = datetime(1858, 11, 17, tzinfo=UTC)


def plain_text(cell: object, longest: int) -> str:
    """Return a cell as a text of one line, cut where it is too long; empty where there is none."""
    return "" if cell is None else CONTROL.sub(" ", str(cell)[: longest * 4]).strip()[:longest]


def moment_of(cell: object) -> datetime | None:
    """Return a time in UTC, None where there is none; raise ValueError where it cannot be read."""
    if cell in (None, ""):
        return None
    try:
        moment = cell if isinstance(cell, datetime) else datetime.fromisoformat(str(cell)[:64])
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("lies before or behind all years") from None


def iso_of(cell: object) -> str | None:
    """Return a time as our tables keep it."""
    moment = moment_of(cell)
    return None if moment is None else iso(moment)


def object_of(cell: object, longest: int = LONGEST) -> dict[str, Any]:
    """Return the JSON object that a cell holds; raise ValueError, saying what it holds instead."""
    value: Any = cell
    for _ in range(2):  # older versions wrote JSON into a JSON text
        if isinstance(value, str):
            if len(value) > longest:
                raise ValueError(f"holds more than {longest} characters")
            try:
                value = json.loads(value)
            except (ValueError, RecursionError):
                break
    if not isinstance(value, dict):
        raise ValueError("holds no values by name")
    return value


def plain_values(value: dict[str, Any]) -> dict[str, Any]:
    """Return an object as it can be kept and sent; raise ValueError where it holds too much."""
    left = [MOST]

    def plain(each: Any, depth: int) -> Any:
        left[0] -= 1
        if depth > DEEPEST or left[0] < 0:
            raise ValueError(f"holds more than {MOST} values, or more than {DEEPEST} levels of them")
        if isinstance(each, dict):
            return {plain_text(name, 128): plain(item, depth + 1) for name, item in each.items() if item is not None}
        if isinstance(each, list):
            return [plain(item, depth + 1) for item in each if item is not None]
        if isinstance(each, bool):
            return each
        if isinstance(each, int):
            return each if -WIDEST <= each <= WIDEST else str(each)[:400]
        if isinstance(each, float):
            return each if math.isfinite(each) else str(each)
        return plain_text(each, 2000)

    return plain(value, 0)  # type: ignore[no-any-return]
