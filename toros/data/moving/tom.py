"""The database of a TOM Toolkit: its targets with aliases, extras and groups, its lists, its people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from toros.data.moving.source import Record, Source
from toros.data.targets.importing.columns import NUMBERS
from toros.data.targets.importing.problems import Problem
from toros.data.targets.importing.rows import Row, checked, guessed
from toros.errors import Permanent

__all__ = ["TomDatabase"]

LONGEST_TEXT, LONGEST_NAME = 500, 128  # characters of an extra, and of its name
JULIAN, OFFSET = 1_000_000.0, 2_400_000.5  # older versions kept epochs as Julian dates
EPOCHS = ("epoch_of_elements", "epoch_of_perihelion")
TEXTS = ("name", "classification", "description")
OURS = {
    "id",
    "created",
    "modified",
    "galactic_lng",
    "galactic_lat",
    "type",
    "scheme",
    "permissions",
    "basetarget_ptr_id",
}


class TomDatabase:
    """What a TOM Toolkit remembers.

    Parameters
    ----------
    source : Source
    groups : mapping of str to str
        What groups of people are called here, by their names there; others keep their names.

    Raises
    ------
    Permanent
        There are no targets of a TOM Toolkit in it, or its tables are those of another version than we know.
    """

    def __init__(self, source: Source, groups: Mapping[str, str] | None = None) -> None:
        self.source = self._source = source
        self._called = dict(groups or {})
        targets = source.table("tom_targets_basetarget", "tom_targets_target")
        if targets is None or not {"id", "name", "type", "ra", "dec"} <= set(targets.c.keys()):
            raise Permanent("the database has no table tom_targets_basetarget or tom_targets_target of a TOM Toolkit")
        self._targets = targets
        hanging = ("id", "target_id")
        self._names = source.table("tom_targets_targetname", columns=(*hanging, "name"))
        self._extras = source.table("tom_targets_targetextra", columns=(*hanging, "key", "value"))
        self._lists = source.table("tom_targets_targetlist", columns=("id", "name"))
        self._members = source.table("tom_targets_targetlist_targets", columns=("id", "targetlist_id"))
        self._own = [table for table in source.tables.values() if "basetarget_ptr_id" in table.c]  # custom models

    def targets(self, access: str | None = None) -> Iterator[Row | Problem]:
        """Yield each target, and what of it cannot be taken; the line is the number of its row.

        Parameters
        ----------
        access : str, optional
            Of targets whose table does not say it, as older versions had it.
        """
        for page in self._source.pages(self._targets):
            numbers = [row["id"] for row in page]
            names = self._source.hanging(self._names, "target_id", numbers)
            extras = self._source.hanging(self._extras, "target_id", numbers)
            own = [self._source.hanging(table, "basetarget_ptr_id", numbers) for table in self._own]
            groups = self.groups(("target", "basetarget"), numbers)
            for row in page:
                number = row["id"]
                said = _fields(row)
                said.setdefault("access", access)
                said["aliases"] = [{"name": str(name["name"])} for name in names.get(number, []) if name["name"]]
                if groups.get(number):
                    said["groups"] = groups[number]
                more = [(str(extra["key"]), extra["value"]) for extra in extras.get(number, [])]
                more += [pair for table in own for each in table.get(number, []) for pair in each.items()]
                more += [pair for pair in row.items() if pair[0] not in (*NUMBERS, *TEXTS)]
                kept: dict[str, Any] = {}
                for name, value in more:
                    problem = None if name in OURS or value in (None, "") else _keep(number, name, value, kept)
                    if problem is not None:
                        yield problem
                said["extras"] = kept
                yield checked(number, {name: value for name, value in said.items() if value is not None})

    def lists(self) -> Iterator[tuple[str, list[int]]]:
        """Yield the lists: the name of each, with the numbers of its targets, some at a time."""
        if self._lists is None or self._members is None:
            return
        column = "target_id" if "target_id" in self._members.c else "basetarget_id"
        for page in self._source.pages(self._lists):
            for each in page:
                yield str(each["name"]), []  # an empty one is a list too
                for members in self._source.pages(self._members, self._members.c.targetlist_id == each["id"]):
                    yield str(each["name"]), [member[column] for member in members]

    def count(self) -> int:
        """Return how many targets there are."""
        return self._source.count(self._targets)

    def places(self, numbers: Sequence[Any]) -> dict[Any, Record]:
        """Return name, ra, dec and type of targets, by their numbers there."""
        table = self._targets
        columns = [table.c[name] for name in ("id", "name", "ra", "dec", "type")]
        rows = self._source.all(sa.select(*columns).where(table.c.id.in_(list(numbers))))
        return {row["id"]: row for row in rows}

    def users(self) -> dict[Any, str]:
        """Return the names of the users, by their numbers."""
        table = self._source.table("auth_user", columns=("id", "username"))
        if table is None:
            return {}
        return {row["id"]: str(row["username"]) for page in self._source.pages(table) for row in page}

    def group_names(self) -> dict[str, int]:
        """Return the names of the groups of people as they are called here, with their numbers there."""
        table = self._source.table("auth_group", columns=("id", "name"))
        if table is None:
            return {}
        return {self._ours(str(row["name"])): row["id"] for page in self._source.pages(table) for row in page}

    def groups(self, models: Sequence[str], numbers: list[Any]) -> dict[Any, list[str]]:
        """Return the groups that may see each row of a kind, as django-guardian keeps them."""
        granted, groups, types = (
            self._source.table(name) for name in ("guardian_groupobjectpermission", "auth_group", "django_content_type")
        )
        if granted is None or groups is None or types is None:
            return {}
        query = (
            sa.select(granted.c.object_pk, groups.c.name)
            .join_from(granted, groups, granted.c.group_id == groups.c.id)
            .join(types, granted.c.content_type_id == types.c.id)
            .where(types.c.model.in_(models), granted.c.object_pk.in_([str(n) for n in numbers]))
            .distinct()
            .order_by(groups.c.name)
        )
        found: dict[Any, list[str]] = {}
        for row in self._source.all(query):
            found.setdefault(int(row["object_pk"]), []).append(self._ours(str(row["name"])))
        return found

    def own_grants(self) -> Iterator[tuple[int, Any]]:
        """Yield what single users were granted: the row, and the number of the user."""
        table = self._source.table("guardian_userobjectpermission", columns=("id", "user_id"))
        if table is not None:
            for page in self._source.pages(table):
                yield from ((row["id"], row["user_id"]) for row in page)

    def _ours(self, name: str) -> str:
        return self._called.get(name, name)


def _fields(row: Record) -> dict[str, Any]:
    """Return what a row says in our fields."""
    said: dict[str, Any] = {name: row[name] for name in (*NUMBERS, *TEXTS) if row.get(name) not in (None, "")}
    said = {name: float(value) if isinstance(value, int) else value for name, value in said.items()}
    said |= {name: str(said[name]) for name in TEXTS if name in said}
    for name in ("last_mjd", "last_magnitude"):
        said.pop(name, None)
    for name in EPOCHS:
        if isinstance(said.get(name, 0.0), float) and said.get(name, 0.0) >= JULIAN:
            said[name] -= OFFSET
    if row["type"] == "NON_SIDEREAL":
        said["scheme"] = str(row.get("scheme") or "").casefold() or "not told"
        said = {name: value for name, value in said.items() if name not in ("ra", "dec", "epoch")}
    if row.get("permissions"):
        said["access"] = str(row["permissions"]).casefold()
    return said


def _keep(number: int, name: str, value: Any, kept: dict[str, Any]) -> Problem | None:
    """Keep an extra, or return why not."""
    if isinstance(value, str):
        value = guessed(value.strip())
    elif isinstance(value, datetime):
        value = value.isoformat()
    elif not isinstance(value, bool | int | float):
        value = str(value)
    if isinstance(value, str) and len(value) > LONGEST_TEXT or not 1 <= len(name) <= LONGEST_NAME:
        message = f"the extra {name[:40]!r} of the target {number} is too long"
        return Problem(number, message, name[:40], str(value)[:60], f"up to {LONGEST_TEXT} characters")
    kept[name] = value
    return None
