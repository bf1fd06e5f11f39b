"""What a row of a table says of a target."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from pydantic import ValidationError

from toros.data.targets.importing.columns import NUMBERS, Column, columns_of
from toros.data.targets.importing.problems import ROW, Problem, refused
from workorders.complaints import refusal_of
from workorders.refusal import FaultCode, Refusal
from workorders.spelling import VALUES
from workorders.targets import AddTarget

__all__ = ["Header", "Row", "checked", "guessed", "words_of"]

NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
NOT_FINITE = re.compile(r"[+-]?(?:nan|inf|infinity)", re.IGNORECASE)
LETTERS = re.compile(r"\s*([+-]?\d+)\s*[hd°]\s*(\d+)\s*[m']\s*(\d+(?:\.\d*)?)\s*(?:s|\"|'')?\s*", re.IGNORECASE)
IN_HOURS = re.compile(r"\s*\d+(?:\.\d*)?\s*h(?:ours?|rs?)?\s*", re.IGNORECASE)
TRUE, FALSE = ("true", "t", "yes"), ("false", "f", "no")
SPOKEN_TRUTH = {"true": True, "false": False}
MEASURED = {"last_mjd": (-1e6, 1e6), "last_magnitude": (-50.0, 50.0)}
NOBODY = "import"  # the id of a row's order: it never travels


@dataclass(frozen=True, slots=True)
class Row:
    """A target as a row tells it.

    Attributes
    ----------
    line : int
        Where it stands.
    order : AddTarget
        What is said of it, checked.
    measured : dict
        `last_mjd` and `last_magnitude`, which an order cannot say.
    """

    line: int
    order: AddTarget
    measured: dict[str, float] = field(default_factory=dict)


class Header:
    """The columns of a table, and how a row below them is read.

    Parameters
    ----------
    words : sequence of str
        The names of the columns.
    on_match : {"existing", "new"}
        What every row asks for where a target lies at its place.
    access : str, optional
        Who sees a target of whom the table does not say it.
    tags : sequence of str
        Words for every target.

    Raises
    ------
    Permanent
        See `columns_of`.
    """

    def __init__(
        self, words: Sequence[str], *, on_match: str = "existing", access: str | None = None, tags: Sequence[str] = ()
    ) -> None:
        self.columns = columns_of(list(words))
        self._read = [(i, column, _reader(column)) for i, column in enumerate(self.columns) if column.role != "nothing"]
        self._on_match = on_match
        self._access = access
        self._tags = list(tags)

    def read(self, line: int, cells: Sequence[str]) -> Row | Problem:
        """Return what a row says, or what is wrong with it; None of its cells may be missing."""
        if len(cells) != len(self.columns):
            more = "other delimiters than in the header, or a comma in a text without quotes?"
            return Problem(line, f"the row has {len(cells)} cells and the header {len(self.columns)}: {more}")
        said: dict[str, Any] = {"on_match": self._on_match}
        aliases: list[dict[str, str]] = []
        extras: dict[str, Any] = {}
        measured: dict[str, float] = {}
        try:
            for i, column, read in self._read:
                text = cells[i].strip()
                if not text:
                    continue
                if column.role == "alias":
                    aliases.append({"name": text, "source": column.name} if column.name else {"name": text})
                elif column.role == "extra":
                    extras[column.name] = read(text)
                elif column.name in MEASURED:
                    measured[column.name] = read(text)
                else:
                    said[column.name] = read(text)
            self._complete(said, aliases, extras)
        except Refusal as refusal:
            return refused(line, refusal)
        return checked(line, said, measured)

    def _complete(self, said: dict[str, Any], aliases: list[dict[str, str]], extras: dict[str, Any]) -> None:
        if aliases:
            said["aliases"] = aliases
        if extras:
            said["extras"] = extras
        if self._tags:
            said["tags"] = list(dict.fromkeys([*said.get("tags", []), *self._tags]))
        if self._access is not None:
            said.setdefault("access", self._access)
        kind = said.pop("type", "").casefold().replace("-", "_").replace(" ", "_")
        if kind not in ("", "sidereal", "non_sidereal"):
            raise _bad("type", kind, "is not one of the choices", "SIDEREAL, NON_SIDEREAL")
        if kind == "non_sidereal" and "scheme" not in said:
            raise _bad("scheme", None, "is missing, though the type is NON_SIDEREAL",
                       "mpc_minor_planet, mpc_comet, jpl_major_planet")  # fmt: skip


def checked(line: int, said: dict[str, Any], measured: dict[str, float] | None = None) -> Row | Problem:
    """Return what is said of a target as a row, or what is wrong with it."""
    try:
        return Row(line, AddTarget.model_validate({"id": NOBODY, **said}), measured or {})
    except ValidationError as error:
        return refused(line, refusal_of(error, AddTarget, ROW, {}))


def words_of(text: str) -> list[str]:
    """Return the words of one cell, with commas between them; one that has a comma itself stands in quotes."""
    if text.isalnum():
        return [text]
    (words,) = csv.reader([text], skipinitialspace=True)
    return [word.strip() for word in words if word.strip()]


def guessed(text: str) -> str | float | bool:
    """Return what a text without further explanation is taken for: a number, true or false, or a text."""
    if text.casefold() in SPOKEN_TRUTH:
        return SPOKEN_TRUTH[text.casefold()]
    return float(text) if NUMBER.fullmatch(text) else text


def _reader(column: Column) -> Callable[[str], Any]:
    """Return what makes a value of a text in this column."""
    name = column.name
    if column.role == "extra":
        return guessed if column.kind == "guessed" else partial(_extra, column)
    if column.role == "words":
        return words_of
    if name in MEASURED:
        return partial(_measured, name)
    if name in ("ra", "dec"):
        return partial(_angle, name)
    if name in ("scheme", "access"):
        return str.casefold
    return _number if name in NUMBERS else str


def _number(text: str) -> float | str:
    """Return the number, or the text for the model to refuse."""
    return float(text) if NUMBER.fullmatch(text) or NOT_FINITE.fullmatch(text) else text


def _angle(name: str, text: str) -> float | str:
    if NUMBER.fullmatch(text):
        return float(text)
    if name == "ra" and IN_HOURS.fullmatch(text):
        raise _bad("ra", text, "is in hours", "degrees (15 times the hours), or hours, minutes and seconds such as "
                   "13:09:48.1")  # fmt: skip
    spelled = LETTERS.fullmatch(text)
    plain = f"{spelled[1]}:{spelled[2]}:{spelled[3]}" if spelled else text
    try:
        value = VALUES[name](plain)
    except ValueError as words:
        raise _bad(name, text, "is not an angle that can be read", str(words)) from None
    if isinstance(value, float):
        return value
    number = _number(text)
    if isinstance(number, str):
        unit = "13:09:48.1 (hours)" if name == "ra" else "-23:22:53.3"
        raise _bad(name, text, "is not an angle that can be read", f"degrees, or {unit}")
    return number


def _extra(column: Column, text: str) -> str | float | bool:
    if column.kind == "text":
        return text
    if column.kind == "number":
        value = _number(text)
        if isinstance(value, str):
            raise _bad(column.name, text, "is not a number", "a finite number")
        return value
    if text.casefold() not in (*TRUE, *FALSE):
        raise _bad(column.name, text, "is neither true nor false", "true, false")
    return text.casefold() in TRUE


def _measured(name: str, text: str) -> float:
    least, most = MEASURED[name]
    value = _number(text)
    if isinstance(value, str) or not least <= value <= most:
        hint = f"{least:g} to {most:g}" + (" (MJD, not a Julian date)" if name == "last_mjd" else "")
        raise _bad(name, text, "is out of range", hint)
    return value


def _bad(field: str, value: object, what: str, allowed: str) -> Refusal:
    return Refusal(FaultCode.BAD_VALUE, f"{ROW}: {field} {what}", field=field, value=value, allowed=allowed)
