"""Many values in one parameter of a query: its text stays the same, so that it is compiled and prepared once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute

from toros.data.auditing import note_rows

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

MARKS = 30_000  # values in one statement; SQLite's limit is 32766

__all__ = ["CrossJoin", "among", "insert_many", "insert_new", "is_postgresql", "listed", "pairs"]


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


class CrossJoin(sa.Join):
    """Two tables in SQLite, of which the left one is gone through first: it never turns a cross join round."""

    inherit_cache = True

    def __init__(self, left: sa.FromClause, right: sa.FromClause) -> None:
        super().__init__(left, right, sa.true())


@compiles(CrossJoin, "sqlite")
def _cross_join(join: CrossJoin, compiler: Any, **how: Any) -> str:
    how["asfrom"] = True
    left, right = (str(compiler.process(side, **how)) for side in (join.left, join.right))
    return f"{left} CROSS JOIN {right}"


def insert_many(
    session: Session, table: sa.Table, rows: Sequence[Mapping[str, Any]], *returned: sa.Column[Any]
) -> Sequence[Any]:
    """Write many rows in one statement, and return some columns of each, in no particular order.

    Parameters
    ----------
    session : Session
        In a transaction.
    table : Table
        Of numbers, texts and truths.
    rows : sequence of mapping
        Values by column, all of the same columns.
    returned : Column
        What to return; nothing where none is given.

    Notes
    -----
    The audit is told of the rows, as far as they name the row that has changed.

    PostgreSQL gets one array a column: of thousands of single parameters its driver spends more time on reading the
    statement than the server on carrying it out.
    """
    if not rows:
        return []
    if is_postgresql(session):
        statement = _from_arrays(sa.insert(table), rows)
        result = session.execute(statement.returning(*returned) if returned else statement)
        found: Sequence[Any] = result.all() if returned else []
    else:
        found = _insert_into_sqlite(session.connection(), table, rows, returned)
    note_rows(session, table, rows)
    return found


def insert_new(session: Session, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> int:
    """Write many rows in one statement, but those whose key is there already; return how many are new.

    Parameters
    ----------
    session, table, rows
        As of `insert_many`; of a table whose new rows nobody is told of.
    """
    if not rows:
        return 0
    if is_postgresql(session):
        made = _from_arrays(postgresql.insert(table).on_conflict_do_nothing(), rows)
        result: Any = session.execute(made.execution_options(preserve_rowcount=True))
        return int(result.rowcount)
    connection = session.connection()
    text, values = _of_sqlite(table, rows, new_only=True)
    return int(connection.exec_driver_sql(text, values).rowcount)


def _from_arrays(insert: Any, rows: Sequence[Mapping[str, Any]]) -> Any:
    """Return a statement that inserts rows, one array a column."""
    columns = [insert.table.c[name] for name in rows[0]]
    given = sa.func.unnest(*(_array(column, [row[column.name] for row in rows]) for column in columns))
    values = given.table_valued(*(sa.column(c.name, _element(c)) for c in columns), name="given").render_derived()
    return insert.from_select(columns, sa.select(*values.c))


def _of_sqlite(
    table: sa.Table, rows: Sequence[Mapping[str, Any]], *, new_only: bool = False
) -> tuple[str, list[tuple[Any, ...]]]:
    """Return the text of a statement and the values of each row: numbers, texts and truths are the driver's own."""
    text, columns = _spelled(table, tuple(rows[0]), new_only)
    return text, list(map(itemgetter(*columns) if len(columns) > 1 else lambda row: (row[columns[0]],), rows))


@lru_cache(maxsize=128)
def _spelled(table: sa.Table, columns: tuple[str, ...], new_only: bool) -> tuple[str, tuple[str, ...]]:
    """Return an INSERT as SQLite reads it, and its columns in the order of its marks: a millisecond of work."""
    insert = sqlite.insert(table).on_conflict_do_nothing() if new_only else sqlite.insert(table)
    compiled: Any = insert.compile(dialect=sqlite.dialect(paramstyle="qmark"), column_keys=list(columns))
    return str(compiled), tuple(compiled.positiontup)


def _insert_into_sqlite(
    connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]], returned: Sequence[sa.Column[Any]]
) -> Sequence[Any]:
    text, values = _of_sqlite(table, rows)
    if not returned:
        connection.exec_driver_sql(text, values)
        return []
    start, marks = text.split("VALUES ")
    names = ", ".join(connection.dialect.identifier_preparer.format_column(column) for column in returned)
    most = MARKS // len(values[0])
    found: list[Any] = []
    for first in range(0, len(values), most):
        several = values[first : first + most]
        statement = f"{start}VALUES {', '.join([marks] * len(several))} RETURNING {names}"
        found += connection.exec_driver_sql(statement, tuple(chain.from_iterable(several))).all()
    return found


def _array(column: sa.Column[Any], values: list[Any]) -> Any:
    kind = ARRAY(_element(column))
    return sa.cast(sa.bindparam(None, values, kind), kind)


def _element(column: sa.Column[Any]) -> Any:
    """Return the type of a column's elements in an array: a text's length and order are the column's own affair."""
    return sa.Text() if isinstance(column.type, sa.String) else column.type
