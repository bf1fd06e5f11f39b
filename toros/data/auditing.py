"""Who changed what: every change of the rows that matter leaves a row in `audit`, in the same transaction.

`recorded` watches one session, so that nothing that changes a row has to remember to say so: objects when they are
flushed, and statements when they are executed. Only what writes thousands of rows past the session calls `note_rows`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Table, event, insert, inspect, select
from sqlalchemy.orm import ORMExecuteState, Session, SessionTransaction
from sqlalchemy.sql import Delete, Insert, Update
from sqlalchemy.sql.elements import BindParameter

from toros.data.tables import METADATA, Audit, DataProduct, Observation, Series

__all__ = ["WATCHED", "Author", "Part", "note_rows", "recorded"]

WATCH = "toros audit"  # where a session keeps who watches it
CHUNK = 400  # values in one query; SQLite's oldest limit is 999
QUIET = frozenset({"changed", "last_mjd", "last_magnitude", "rate", "number", "due"})  # what follows from other changes
MADE, CHANGED, DELETED = "made", "changed", "deleted"
Row = tuple[str, int]


@dataclass(frozen=True)
class Author:
    """In whose name, by which order, and when (UTC, ISO 8601) something is changed."""

    name: str
    order_id: str
    time: str


@dataclass(frozen=True)
class Part:
    """How changes of a table are told.

    Attributes
    ----------
    of : str
        Table of the row that has changed: a target, where one of its names has.
    by : str
        Column that holds the number of that row.
    field : str or None
        What has changed of it; the columns themselves where None.
    only : frozenset of str
        Changes of these columns alone are told; all where empty.
    made : bool
        Whether new rows are told too.
    """

    of: str
    by: str = "number"
    field: str | None = None
    only: frozenset[str] = frozenset()
    made: bool = True


WATCHED: Mapping[str, Part] = {
    "target": Part("target"),
    "target_name": Part("target", "target", "names"),
    "target_tag": Part("target", "target", "tags"),
    "target_extra": Part("target", "target", "extras"),
    "target_group": Part("target", "target", "groups"),
    "target_list": Part("target_list"),
    "target_list_member": Part("target_list", "list", "members"),
    "measurement": Part("series", "series", only=frozenset({"active"}), made=False),
    "data_product": Part("data_product", made=False),
    "observation": Part("observation"),
    "observation_group": Part("observation_group"),
    "observation_template": Part("observation_template"),
    "cadence": Part("cadence"),
    "proposal": Part("proposal"),
    "user": Part("user"),
    "user_group": Part("user_group"),
    "membership": Part("user", "user", "groups"),
}


@dataclass
class _Notes:
    """What has changed so far: by row, the action and the fields."""

    rows: dict[Row, tuple[str, frozenset[str]]] = field(default_factory=dict)

    def add(self, part: Part, number: Any, action: str, fields: Iterable[str]) -> None:
        """Note a change of a row; what was made in the same transaction stays so."""
        said = frozenset(fields) - QUIET
        if part.field is not None:
            action, said = CHANGED, frozenset({part.field})
        if number is None or (action == CHANGED and not said):
            return
        before, known = self.rows.get((part.of, number), (action, frozenset()))
        action = DELETED if DELETED in (action, before) else MADE if MADE in (action, before) else CHANGED
        self.rows[part.of, number] = action, known | said


@contextmanager
def recorded(session: Session, author: Author) -> Iterator[None]:
    """Write into `audit` what the block changes through this session.

    Parameters
    ----------
    session : Session
        Inside a transaction; what is rolled back to a savepoint is forgotten.
    author : Author
    """
    watch = _Watch(session)
    watch.begin()
    try:
        yield
        session.flush()
    finally:
        watch.end()
    rows = list(_rows(session, watch.notes, author))
    if rows:
        session.execute(insert(Audit), rows)


def note_rows(session: Session, table: Table, rows: Iterable[Mapping[str, Any]]) -> None:
    """Note new rows that a session did not see; without somebody who watches it, they are not even looked at.

    Parameters
    ----------
    session : Session
        In whose transaction they are.
    table : Table
    rows : iterable of mapping
        Values by column; one that does not hold the number of the row that has changed tells nothing.
    """
    watch: _Watch | None = session.info.get(WATCH)
    if watch is not None:
        watch.note(table, rows)


class _Watch:
    """Listens to one session."""

    def __init__(self, session: Session) -> None:
        self.notes = _Notes()
        self._session = session
        self._before: dict[SessionTransaction, dict[Row, tuple[str, frozenset[str]]]] = {}
        self._listening = (
            ("after_flush", self._flushed),
            ("do_orm_execute", self._executed),
            ("after_transaction_create", self._entered),
            ("after_soft_rollback", self._rolled_back),
        )

    def begin(self) -> None:
        for name, listener in self._listening:
            event.listen(self._session, name, listener)
        self._session.info[WATCH] = self

    def end(self) -> None:
        for name, listener in self._listening:
            event.remove(self._session, name, listener)
        self._session.info.pop(WATCH, None)

    def note(self, table: Table, rows: Iterable[Mapping[str, Any]]) -> None:
        """Note rows that are new."""
        part = WATCHED.get(table.name)
        if part is not None and part.made and table.metadata is METADATA:
            for row in rows:
                self.notes.add(part, row.get(part.by), MADE, (name for name in row if row[name] is not None))

    def _flushed(self, session: Session, _context: Any) -> None:
        """Note the objects that a flush wrote."""
        for action, objects in ((MADE, session.new), (CHANGED, session.dirty), (DELETED, session.deleted)):
            for each in objects:
                state = inspect(each)
                part = WATCHED.get(state.mapper.local_table.name)
                if part is None or (action == MADE and not part.made):
                    continue
                columns = state.mapper.column_attrs.keys()
                fields = [name for name in columns if state.attrs[name].history.has_changes()]
                if not part.only or part.only & set(fields):
                    self.notes.add(part, getattr(each, part.by), action, [] if action == DELETED else fields)

    def _executed(self, state: ORMExecuteState) -> Any:
        """Run a statement that changes rows, and note which."""
        statement = state.statement
        if not isinstance(statement, Insert | Update | Delete) or not isinstance(statement.table, Table):
            return None
        table, part = statement.table, WATCHED.get(statement.table.name)
        if part is None or table.metadata is not METADATA:
            return None
        given = _given(statement, state)
        fields = {name for values in given for name in values}
        if isinstance(statement, Insert):
            if not part.made:
                return None
            result = state.invoke_statement()
            if getattr(result, "rowcount", -1) != 0:
                for values in given:
                    self.notes.add(part, values.get(part.by), MADE, values)
            return result
        if isinstance(statement, Update) and (not fields - QUIET or (part.only and not part.only & fields)):
            return None
        for number in self._meant(table, part, statement):
            self.notes.add(part, number, DELETED if isinstance(statement, Delete) else CHANGED, fields)
        for values in given:  # what belongs to another row from now on changes that one too
            if part.by != "number":
                self.notes.add(part, values.get(part.by), CHANGED, fields)
        return None

    def _meant(self, table: Table, part: Part, statement: Update | Delete) -> list[Any]:
        """Return the rows that a statement is about to change."""
        query = select(table.c[part.by]).distinct()
        where: ColumnElement[bool] | None = statement.whereclause
        return list(self._session.scalars(query if where is None else query.where(where)))

    def _entered(self, _session: Session, transaction: SessionTransaction) -> None:
        if transaction.nested:
            self._before[transaction] = dict(self.notes.rows)

    def _rolled_back(self, _session: Session, previous: SessionTransaction) -> None:
        if previous in self._before:
            self.notes.rows = self._before.pop(previous)


def _given(statement: Insert | Update | Delete, state: ORMExecuteState) -> list[dict[str, Any]]:
    """Return the columns that a statement sets, by name: a dict for every row of an insertion."""
    parameters: Any = state.parameters or {}
    many = [dict(each) for each in (parameters if isinstance(parameters, list | tuple) else [parameters])]
    if isinstance(statement, Delete):
        return []
    said: dict[str, Any] = {}
    for column, value in (statement._values or {}).items():  # the only place that knows them before they are compiled
        said[getattr(column, "key", str(column))] = value.value if isinstance(value, BindParameter) else None
    several = [
        {getattr(column, "key", str(column)): value for column, value in row.items()}
        for rows in statement._multi_values
        for row in rows
        if isinstance(row, dict)
    ]
    return [said | row for row in several] or [said | row for row in many]


def _rows(session: Session, notes: _Notes, author: Author) -> Iterator[dict[str, Any]]:
    """Yield the rows of the audit: first what was changed first."""
    targets = _targets(session, notes)
    for (table, number), (action, fields) in notes.rows.items():
        yield {
            "time": author.time, "author": author.name, "order_id": author.order_id, "table_name": table, "row": number,
            "target": number if table == "target" else targets.get((table, number)), "action": action,
            "fields": [] if action == DELETED else sorted(fields),
        }  # fmt: skip


def _targets(session: Session, notes: _Notes) -> dict[Row, int | None]:
    """Return the target that each changed series, product or observation belongs to."""
    found: dict[Row, int | None] = {}
    of_target = (
        (Series.__table__, Series.target),
        (DataProduct.__table__, DataProduct.target_number),
        (Observation.__table__, Observation.target),
    )
    for table, column in of_target:
        numbers = [number for name, number in notes.rows if name == table.name]  # type: ignore[attr-defined]
        for start in range(0, len(numbers), CHUNK):
            query = select(table.c.number, column).where(table.c.number.in_(numbers[start : start + CHUNK]))
            found.update({(table.name, number): target for number, target in session.execute(query)})  # type: ignore[attr-defined]
    return found
