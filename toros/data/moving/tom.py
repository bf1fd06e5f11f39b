"""The database of a TOM Toolkit: its targets with aliases, extras and groups, its lists and its photometry."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from toros.data.moving.source import Record, Source
from toros.data.targets.importing.columns import NUMBERS
from toros.data.targets.importing.problems import Problem
from toros.data.targets.importing.rows import Row, checked, guessed
from toros.errors import Permanent

__all__ = ["TomDatabase", "TomPoint"]

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
MJD_0 = datetime(1858, 11, 17, tzinfo=UTC)


@dataclass(frozen=True)
class TomPoint:
    """One row of reduced data: a photometric point.

    Attributes
    ----------
    id : int
        Its row.
    mjd : float
        UTC.
    value : dict
        What the row holds, by name.
    source : str
    """

    id: int
    mjd: float
    value: dict[str, Any]
    source: str


class TomDatabase:
    """What a TOM Toolkit remembers.

    Parameters
    ----------
    source : Source

    Raises
    ------
    Permanent
        There are no targets of a TOM Toolkit in it.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        targets = source.table("tom_targets_basetarget", "tom_targets_target")
        if targets is None or not {"id", "name", "type", "ra", "dec"} <= set(targets.c.keys()):
            raise Permanent("the database has no table tom_targets_basetarget or tom_targets_target of a TOM Toolkit")
        self._targets = targets
        self._names = source.table("tom_targets_targetname")
        self._extras = source.table("tom_targets_targetextra")
        self._lists = source.table("tom_targets_targetlist")
        self._members = source.table("tom_targets_targetlist_targets")
        self._reduced = source.table("tom_dataproducts_reduceddatum")
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
            groups = self._groups(numbers)
            for row in page:
                number = row["id"]
                said = _fields(row)
                said.setdefault("access", access)
                said["aliases"] = [{"name": name["name"]} for name in names.get(number, []) if name["name"]]
                if groups.get(number):
                    said["groups"] = groups[number]
                more = [(extra["key"], extra["value"]) for extra in extras.get(number, [])]
                more += [pair for table in own for each in table.get(number, []) for pair in each.items()]
                more += [pair for pair in row.items() if pair[0] not in (*NUMBERS, *TEXTS)]
                kept: dict[str, Any] = {}
                for name, value in more:
                    problem = None if name in OURS or value in (None, "") else _keep(number, name, value, kept)
                    if problem is not None:
                        yield problem
                said["extras"] = kept
                yield checked(number, {name: value for name, value in said.items() if value is not None})

    def lists(self) -> Iterator[tuple[str, list[str]]]:
        """Yield the lists: the name of each, with names of its targets, some at a time."""
        if self._lists is None or self._members is None:
            return
        column = "target_id" if "target_id" in self._members.c else "basetarget_id"
        for page in self._source.pages(self._lists):
            for each in page:
                yield each["name"], []  # an empty one is a list too
                for members in self._source.pages(self._members, self._members.c.targetlist_id == each["id"]):
                    names = self._names_of([member[column] for member in members])
                    yield each["name"], [name for name in names.values() if name]

    def photometry(self) -> Iterator[tuple[str, list[TomPoint], list[Problem]]]:
        """Yield the photometry of each target that has some: its name, its points, and the rows that are none."""
        if self._reduced is None:
            return
        kind, target = self._reduced.c.data_type, self._reduced.c.target_id
        last: Any = None
        while True:
            query = sa.select(target).where(kind == "photometry").order_by(target).limit(1)
            following = self._source.all(query if last is None else query.where(target > last))
            if not following:
                return
            last = following[0]["target_id"]
            points: list[TomPoint] = []
            problems: list[Problem] = []
            for page in self._source.pages(self._reduced, kind == "photometry", target == last):
                for row in page:
                    point = _point(row)
                    (points if isinstance(point, TomPoint) else problems).append(point)  # type: ignore[arg-type]
            yield self._names_of([last]).get(last, ""), points, problems

    def left(self) -> dict[str, int]:
        """Return how many rows of each kind are not moved."""
        reduced = self._reduced
        counts = {
            "observation_records": self._source.count(self._source.table("tom_observations_observationrecord")),
            "data_products": self._source.count(self._source.table("tom_dataproducts_dataproduct")),
            "other_reduced_data": 0 if reduced is None else self._source.count(
                reduced, reduced.c.data_type != "photometry"
            ),
        }  # fmt: skip
        return {name: count for name, count in counts.items() if count}

    def count(self) -> int:
        """Return how many targets there are."""
        return self._source.count(self._targets)

    def _names_of(self, numbers: list[Any]) -> dict[Any, str]:
        table = self._targets
        rows = self._source.all(sa.select(table.c.id, table.c.name).where(table.c.id.in_(numbers)))
        return {row["id"]: row["name"] for row in rows}

    def _groups(self, numbers: list[Any]) -> dict[Any, list[str]]:
        """Return the groups that may see each target, as django-guardian keeps them."""
        granted, groups, types = (
            self._source.table(name) for name in ("guardian_groupobjectpermission", "auth_group", "django_content_type")
        )
        if granted is None or groups is None or types is None:
            return {}
        query = (
            sa.select(granted.c.object_pk, groups.c.name)
            .join_from(granted, groups, granted.c.group_id == groups.c.id)
            .join(types, granted.c.content_type_id == types.c.id)
            .where(types.c.model.in_(("target", "basetarget")), granted.c.object_pk.in_([str(n) for n in numbers]))
            .distinct()
            .order_by(groups.c.name)
        )
        found: dict[Any, list[str]] = {}
        for row in self._source.all(query):
            found.setdefault(int(row["object_pk"]), []).append(row["name"])
        return found


def _fields(row: Record) -> dict[str, Any]:
    """Return what a row says in our fields."""
    said: dict[str, Any] = {name: row[name] for name in (*NUMBERS, *TEXTS) if row.get(name) not in (None, "")}
    said = {name: float(value) if isinstance(value, int) else value for name, value in said.items()}
    for name in ("last_mjd", "last_magnitude"):
        said.pop(name, None)
    for name in EPOCHS:
        if said.get(name, 0.0) >= JULIAN:
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


def _point(row: Record) -> TomPoint | Problem:
    number = row["id"]
    try:
        value = json.loads(row["value"]) if isinstance(row["value"], str) else row["value"]
        if isinstance(value, str):  # older versions wrote JSON into a text
            value = json.loads(value)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        return Problem(number, f"the reduced datum {number} holds no values by name", "value", str(row["value"])[:60])
    when = row["timestamp"]
    try:
        moment = datetime.fromisoformat(when) if isinstance(when, str) else when
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    except (ValueError, AttributeError):
        return Problem(number, f"the reduced datum {number} has no time", "timestamp", str(when)[:60])
    return TomPoint(number, (moment - MJD_0).total_seconds() / 86400.0, value, row.get("source_name") or "")
