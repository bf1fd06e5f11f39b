"""What is wrong with a row that is not taken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from toros.errors import Permanent
from workorders.refusal import Refusal

__all__ = ["ROW", "Problem", "because_of", "refused"]

ROW = "the row"  # what a refusal begins with; where the line is told, that says it already
SHOWN = 120  # characters of a value that are quoted back


@dataclass(frozen=True)
class Problem:
    """Why a row is not taken.

    Attributes
    ----------
    line : int
        Where it stands in the file, the first line being 1; the number of the row where the file has no lines.
    message : str
        One sentence.
    field, value, allowed : str
        Which field, what it held, what it may hold; empty where the whole row is wrong.
    """

    line: int
    message: str
    field: str = ""
    value: str = ""
    allowed: str = ""

    def plain(self) -> dict[str, Any]:
        """Return it as plain values, with what is empty left out."""
        told = {"line": self.line, "message": self.message, "field": self.field, "value": self.value,
                "allowed": self.allowed}  # fmt: skip
        return {name: value for name, value in told.items() if value != ""}


def refused(line: int, refusal: Refusal) -> Problem:
    """Return what the language says against a row."""
    value = "" if refusal.value is None else str(refusal.value)[:SHOWN]
    return Problem(line, str(refusal).removeprefix(f"{ROW}: "), refusal.field, value, refusal.allowed)


def because_of(line: int, error: Permanent) -> Problem:
    """Return what the room says against a row: a sentence that begins with the field."""
    field, colon, _ = str(error).partition(": ")
    return Problem(line, str(error), field if colon else "")
