"""Many values in one parameter of a query: its text stays the same, so that it is compiled and prepared once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, ColumnElement, FromClause, any_, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import InstrumentedAttribute

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = ["among", "is_postgresql", "pairs"]


def is_postgresql(session: Session) -> bool:
    """Whether a session speaks to PostgreSQL; SQLite else."""
    return session.get_bind().dialect.name == "postgresql"


def among(session: Session, column: InstrumentedAttribute[int], numbers: Iterable[int]) -> ColumnElement[bool]:
    """Return the condition that a column holds one of many whole numbers."""
    if is_postgresql(session):
        return column == any_(literal(list(numbers), ARRAY(column.type)))
    each = func.json_each(json.dumps(list(numbers))).table_valued("value")
    return column.in_(select(each.c.value))


def pairs(session: Session, values: Sequence[tuple[int, int]]) -> tuple[FromClause, Any, Any]:
    """Return a table of pairs of whole numbers, and its two columns."""
    if is_postgresql(session):
        columns = [literal(list(column), ARRAY(BigInteger)) for column in zip(*values, strict=True)]
        table = func.unnest(*columns).table_valued("low", "high", name="pairs").render_derived()
        return table, table.c.low, table.c.high
    table = func.json_each(json.dumps(values)).table_valued("value", name="pairs")
    low, high = (func.json_extract(table.c.value, place, type_=BigInteger) for place in ("$[0]", "$[1]"))
    return table, low, high
