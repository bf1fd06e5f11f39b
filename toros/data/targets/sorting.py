"""Sorted pages of targets: each begins where the one before ended, by the key of its last row."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, select, tuple_

from toros.data.tables import Target
from toros.errors import Permanent

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = ["SORTED", "key_from", "read_token", "sorted_rows", "token"]

SORTED = (  # columns that have an index
    "number", "name", "ra", "dec", "galactic_latitude", "importance", "cadence", "last_mjd", "last_magnitude",
    "classification", "constellation", "owner", "created", "changed",
)  # fmt: skip
Key = tuple[Any, int]  # value, number; the value None where it is not known: these come last


def token(key: Sequence[Any]) -> str:
    """Return a key as the text that a client sends back."""
    return json.dumps(list(key), separators=(",", ":"))


def read_token(text: str, kinds: Sequence[type | tuple[type, ...]]) -> list[Any]:
    """Return the key that a client sent back; raise Permanent where it is not one of this kind."""
    try:
        values = json.loads(text)
    except ValueError:
        values = None
    if not isinstance(values, list) or len(values) != len(kinds) or not all(map(_is, values, kinds)):
        raise Permanent(f"after: {text[:60]!r} is not the `next` of a page that was sorted so")
    return values


def _is(value: Any, kind: type | tuple[type, ...]) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)


def key_from(text: str | None, sort: str) -> Key | None:
    """Return the key that a page begins after; None for the first."""
    if text is None:
        return None
    value, number = read_token(text, ((str, int, float, type(None)), int))
    textual = getattr(Target, sort).type.python_type is str
    if value is not None and isinstance(value, str) != textual:
        raise Permanent(f"after: {text[:60]!r} is not the `next` of a page that was sorted by {sort}")
    return value, number


def sorted_rows(
    session: Session,
    sort: str,
    conditions: Sequence[ColumnElement[bool]],
    *,
    descending: bool,
    after: Key | None,
    page: int,
) -> Iterator[Any]:
    """Yield rows (number, value, ra, dec) in the order of a column, then of the number; what has no value comes last.

    Only as much is read as is asked for.
    """
    column: Any = getattr(Target, sort)
    rows = select(Target.number, column.label("value"), Target.ra, Target.dec).where(*conditions)
    order = [each.desc() if descending else each for each in (column, Target.number)]
    unknown = after is not None and after[0] is None
    while not unknown:
        query = rows.where(column.is_not(None)) if column.nullable else rows
        if after is not None:
            here, there = tuple_(column, Target.number), tuple_(*after)
            query = query.where(here < there if descending else here > there)
        found = session.execute(query.order_by(*order).limit(page)).all()
        yield from found
        if len(found) < page:
            break
        after = found[-1].value, found[-1].number
    number: int | None = after[1] if unknown and after is not None else None
    while column.nullable:
        query = rows.where(column.is_(None))
        if number is not None:
            query = query.where(Target.number < number if descending else Target.number > number)
        found = session.execute(query.order_by(order[1]).limit(page)).all()
        yield from found
        if len(found) < page:
            break
        number = found[-1].number
