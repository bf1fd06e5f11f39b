"""Objects of JSON from strangers, read field by field."""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate
from typing import Any

from toros.errors import Unreadable

__all__ = ["Fields", "decoded", "wrong"]

LONGEST = 8_000_000  # characters of a whole alert; LVK's have 1 to 2.5 million
LARGEST_FILE = 4_000_000  # bytes of a map; LVK's have 0.8 to 1.6 million
MOST_ITEMS = 10_000  # fields and list entries; LVK's have some 40
DEEPEST = 16  # objects inside objects; LVK's have 3
LONGEST_TEXT = 200  # characters of a name
TEXTS = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)  # one pass, also over a text that a stranger did not end
BRACKETS = re.compile(r"[\[\]{}]")


def decoded(text: str) -> dict[str, Any]:
    """Return the JSON object in a text that a stranger wrote.

    Raises
    ------
    Unreadable
        It is not one, is far larger or deeper than an alert, holds NaN, or gives a name twice.
    """
    if len(text) > LONGEST:
        raise Unreadable(f"the alert is {len(text)} characters long, more than the {LONGEST} that are read")
    if sum(text.count(mark) for mark in ",[{") > MOST_ITEMS:
        raise Unreadable(f"the alert has more than the {MOST_ITEMS} fields and entries that are read")
    if _depth(text) > DEEPEST:
        raise _too_deep()
    try:
        value = json.loads(text, parse_constant=_no_constant, object_pairs_hook=_no_duplicates)
    except ValueError as error:  # JSONDecodeError, and integers of thousands of digits
        raise Unreadable(f"the alert is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise Unreadable("the alert is not a JSON object")
    return value


def _depth(text: str) -> int:
    """Return how deep brackets stand inside brackets, before anything that may recurse sees them."""
    steps = {"[": 1, "{": 1, "]": -1, "}": -1}
    return max(accumulate(steps[mark] for mark in BRACKETS.findall(TEXTS.sub("", text))), default=0)


def _too_deep() -> Unreadable:
    return Unreadable(f"the alert has objects inside objects, more than {DEEPEST} deep")


def _no_constant(name: str) -> Any:
    raise Unreadable(f"the alert holds {name}, which is not a number of JSON")


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the pairs as a dict; two values under one name leave open which is meant."""
    known = dict(pairs)
    if len(known) < len(pairs):
        counts = Counter(name for name, _ in pairs)
        twice = max(counts, key=lambda name: counts[name])
        raise Unreadable(f"the alert gives {twice[:40]!r} more than once")
    return known


def wrong(field_name: str, value: object, allowed: str) -> Unreadable:
    """Return the complaint about a field's value, quoted shortened, and what is allowed."""
    shown = repr(value)
    return Unreadable(f"the alert's {field_name} is {shown[:80]}{'…' if len(shown) > 80 else ''}; allowed: {allowed}")


@dataclass(frozen=True)
class Fields:
    """One object of an alert, read field by field; every complaint is an Unreadable that names the field in full.

    Attributes
    ----------
    values : dict
        The object as it came.
    place : str
        Where it lies in the alert, such as `event.`; empty for the alert itself.
    """

    values: dict[str, Any]
    place: str = ""

    def text(self, name: str, default: str | None = None) -> str:
        """Return a short printable text; the default where it is absent and there is one."""
        value = self.values.get(name)
        if value is None and default is not None:
            return default
        if not isinstance(value, str) or len(value) > LONGEST_TEXT or not value.isprintable():
            raise self._wrong(name, f"a printable text of up to {LONGEST_TEXT} characters")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of printable texts; empty where absent."""
        value = self.values.get(name) or []
        if not isinstance(value, list) or not all(isinstance(item, str) and item.isprintable() for item in value):
            raise self._wrong(name, "a list of printable texts")
        return tuple(value)

    def moment(self, name: str) -> datetime:
        """Return an ISO 8601 time in UTC."""
        try:
            moment = datetime.fromisoformat(self.text(name))
            return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        except (ValueError, OverflowError):
            raise self._wrong(name, "a time such as 2023-05-20T22:49:12Z") from None

    def number(self, name: str, *, at_least: float = -math.inf) -> float | None:
        """Return a finite number; None where absent."""
        value = self.values.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._wrong(name, "a number")
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number) or number < at_least:
            raise self._wrong(name, "a finite number" + (f", at least {at_least:g}" if at_least > -math.inf else ""))
        return number

    def truth(self, name: str) -> bool | None:
        """Return true or false; None where absent."""
        value = self.values.get(name)
        if value is not None and not isinstance(value, bool):
            raise self._wrong(name, "true or false")
        return value

    def probabilities(self, name: str) -> Mapping[str, float]:
        """Return an object of numbers from zero up; empty where absent."""
        inner = self.inner(name)
        if inner is None:
            return {}
        if not all(key.isprintable() and len(key) <= LONGEST_TEXT for key in inner.values):
            raise self._wrong(name, "numbers under short printable names")
        known = {key: inner.number(key, at_least=0.0) for key in inner.values}
        return {key: value for key, value in known.items() if value is not None}

    def file(self, name: str) -> bytes | None:
        """Return a file that came in base 64; None where absent."""
        value = self.values.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            raise self._wrong(name, "a file in base 64")
        if len(value) > LARGEST_FILE * 4 // 3 + 4:
            raise Unreadable(f"the alert's {self.place}{name} is larger than the {LARGEST_FILE} bytes that are read")
        try:
            return base64.b64decode("".join(value.split()), validate=True)
        except (binascii.Error, ValueError):
            raise self._wrong(name, "a file in base 64") from None

    def inner(self, name: str) -> Fields | None:
        """Return an object inside this one; None where absent."""
        value = self.values.get(name)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise self._wrong(name, "an object")
        return Fields(value, f"{self.place}{name}.")

    def _wrong(self, name: str, allowed: str) -> Unreadable:
        if name not in self.values:
            return Unreadable(f"the alert has no {self.place}{name}; it must be {allowed}")
        return wrong(self.place + name, self.values[name], allowed)
