"""Conditions on many values at once: one parameter, whatever their number, and a statement that is compiled once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = ["listed"]


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
    if session.get_bind().dialect.name == "sqlite":
        given: Any = sa.bindparam(None, json.dumps(values), sa.Text())
        return sa.func.json_each(given).table_valued(sa.column("value", kind), name=name)
    given = sa.cast(sa.bindparam(None, list(values), ARRAY(kind)), ARRAY(kind))
    return sa.func.unnest(given).table_valued(sa.column("value", kind), name=name).render_derived()
