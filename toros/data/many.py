"""Many values in one parameter of a query: its text stays the same, so that it is compiled and prepared once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import InstrumentedAttribute

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = ["among", "is_postgresql", "listed", "pairs"]


def is_postgresql(session: Session) -> bool:
    """Whether a session speaks to PostgreSQL; SQLite else."""
    return session.get_bind().dialect.name == "postgresql"


def listed(session: Session, values: Sequence[int] | Sequence[str], name: str = "listed") -> Any:
    """Return values as a table with one column, `value`, to be joined with others.

    Parameters
    ----------
    session : Session
        Whose database will read them.
    values : sequence of int or str
        All of one kind.
    name : str
        Of the table in the statement.
    """
    kind: Any = sa.BigInteger() if values and isinstance(values[0], int) else sa.Text()
    if not is_postgresql(session):
        given: Any = sa.bindparam(None, json.dumps(values), sa.Text())
        return sa.func.json_each(given).table_valued(sa.column("value", kind), name=name)
    given = sa.cast(sa.bindparam(None, list(values), ARRAY(kind)), ARRAY(kind))
    return sa.func.unnest(given).table_valued(sa.column("value", kind), name=name).render_derived()


def among(session: Session, column: InstrumentedAttribute[int], numbers: Iterable[int]) -> sa.ColumnElement[bool]:
    """Return the condition that a column holds one of many whole numbers."""
    if is_postgresql(session):
        return column == sa.any_(sa.literal(list(numbers), ARRAY(column.type)))
    each = sa.func.json_each(json.dumps(list(numbers))).table_valued("value")
    return column.in_(sa.select(each.c.value))


def pairs(session: Session, values: Sequence[tuple[int, int]]) -> tuple[sa.FromClause, Any, Any]:
    """Return a table of pairs of whole numbers, and its two columns."""
    if is_postgresql(session):
        columns = [sa.literal(list(column), ARRAY(sa.BigInteger)) for column in zip(*values, strict=True)]
        table = sa.func.unnest(*columns).table_valued("low", "high", name="pairs").render_derived()
        return table, table.c.low, table.c.high
    table = sa.func.json_each(json.dumps(values)).table_valued("value", name="pairs")
    low, high = (sa.func.json_extract(table.c.value, place, type_=sa.BigInteger) for place in ("$[0]", "$[1]"))
    return table, low, high
