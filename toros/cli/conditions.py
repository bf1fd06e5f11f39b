"""Conditions as people type them: field=value, field>=value, field<=value."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from workorders import Refusal
from workorders.refusal import FaultCode

__all__ = ["conditions"]

CONDITION = re.compile(r"\s*([^=<>]+?)\s*(>=|<=|=)\s*(.*?)\s*")
BOUND = {">=": "min", "<=": "max"}


def conditions(words: Iterable[str]) -> dict[str, Any]:
    """Return conditions by field: a value, or a struct of min and max.

    Raises
    ------
    Refusal
        A word is no condition, or contradicts another.
    """
    from toros.cli.fields import fields_of_words

    found: dict[str, Any] = {}
    for word in words:
        parts = CONDITION.fullmatch(word)
        if parts is None:
            raise Refusal(FaultCode.BAD_VALUE, f"{word!r} is not a condition", allowed="such as importance>=5")
        field, sign, text = parts.groups()
        value = fields_of_words([f"{field}={text}"]).get(field, "")
        bounds = found.get(field, {})
        if not isinstance(bounds, dict) or BOUND.get(sign) in bounds or (sign == "=" and bounds):
            raise Refusal(FaultCode.BAD_VALUE, "this field has two conditions that do not go together", field=field)
        found[field] = value if sign == "=" else {**bounds, BOUND[sign]: value}
    return found
