"""The observation records of a TOM Toolkit: what was asked of which facility, and how it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from toros.data.moving.plain import iso_of, object_of, plain_text, plain_values
from toros.data.moving.source import Record, Source
from toros.data.observations.life import Status
from toros.data.targets.importing.problems import Problem

__all__ = ["TomObservation", "TomObservations", "facility_of"]

FACILITY = re.compile("[a-z][a-z0-9_]{0,63}")
NEEDED = ("id", "target_id", "facility", "observation_id", "status", "parameters")
STATUSES = {  # what facilities call it, in small letters
    "": Status.PENDING, "pending": Status.PENDING, "requested": Status.PENDING, "submitted": Status.PENDING,
    "scheduled": Status.PENDING, "in_progress": Status.PENDING, "complete": Status.COMPLETED,
    "completed": Status.COMPLETED, "observed": Status.COMPLETED, "window_expired": Status.WINDOW_EXPIRED,
    "expired": Status.WINDOW_EXPIRED, "canceled": Status.CANCELED, "cancelled": Status.CANCELED,
    "failure_limit_reached": Status.FAILURE_LIMIT_REACHED, "failed": Status.FAILURE_LIMIT_REACHED,
    "not_attempted": Status.NOT_ATTEMPTED,
}  # fmt: skip


@dataclass(frozen=True)
class TomObservation:
    """One record.

    Attributes
    ----------
    id, target : int
        Its row there, and that of its target.
    facility, facility_id : str
        Who was asked, in small letters as facilities are called here, and what they call it.
    status : str
        In our words.
    window, scheduled : tuple of str or None
        From when to when; UTC, ISO 8601.
    seconds : float
        Asked for, where the parameters say it.
    user : int or None
        Number of the user there.
    group : str or None
        The first of its groups.
    note : str
        What has no column of its own: its row, further groups, the cadence.
    """

    id: int
    target: int
    facility: str
    facility_id: str
    status: str
    parameters: dict[str, Any]
    window: tuple[str | None, str | None]
    scheduled: tuple[str | None, str | None]
    created: str | None
    seconds: float
    user: int | None
    group: str | None
    note: str


class TomObservations:
    """The table of observation records, with their groups and cadences.

    Parameters
    ----------
    source : Source
    statuses : mapping of str to str
        Ours, by words of facilities that we do not know.
    """

    def __init__(self, source: Source, statuses: Mapping[str, str]) -> None:
        self._source = source
        self._statuses = STATUSES | {name.casefold(): Status(status) for name, status in statuses.items()}
        self._records = source.table("tom_observations_observationrecord", columns=NEEDED)
        self._members = source.table(
            "tom_observations_observationgroup_observation_records",
            columns=("id", "observationgroup_id", "observationrecord_id"),
        )
        self._groups = source.table("tom_observations_observationgroup", columns=("id", "name"))
        self._cadences = source.table(
            "tom_observations_dynamiccadence",
            columns=("id", "observation_group_id", "cadence_strategy", "cadence_parameters"),
        )

    def count(self) -> int:
        """Return how many records there are."""
        return self._source.count(self._records)

    def pages(self, after: int) -> Iterator[tuple[int, list[TomObservation], list[Problem]]]:
        """Yield the records behind a row, some at a time: the last row, what can be taken, and what cannot."""
        if self._records is None:
            return
        for page in self._source.pages(self._records, after=after, size=100):
            groups = self._groups_of([row["id"] for row in page])
            found = [self._read(row, groups.get(row["id"], [])) for row in page]
            good = [each for each in found if isinstance(each, TomObservation)]
            yield page[-1]["id"], good, [each for each in found if isinstance(each, Problem)]

    def _groups_of(self, records: list[Any]) -> dict[Any, list[tuple[str, str]]]:
        """Return name and cadence of each record's groups."""
        members = self._source.hanging(self._members, "observationrecord_id", records)
        numbers = sorted({row["observationgroup_id"] for rows in members.values() for row in rows})
        names = self._source.hanging(self._groups, "id", numbers)
        cadences = self._source.hanging(self._cadences, "observation_group_id", numbers)
        told = {
            number: (plain_text(rows[0]["name"], 128), "; ".join(map(_cadence, cadences.get(number, []))))
            for number, rows in names.items()
        }
        return {
            record: [told[row["observationgroup_id"]] for row in rows if row["observationgroup_id"] in told]
            for record, rows in members.items()
        }

    def _read(self, row: Record, groups: list[tuple[str, str]]) -> TomObservation | Problem:
        number = row["id"]

        def problem(field: str, reason: str, allowed: str = "") -> Problem:
            return Problem(number, f"the observation record {number}: {field} {reason}", field,
                           plain_text(row.get(field), 60), allowed)  # fmt: skip

        facility = facility_of(row["facility"])
        if facility is None:
            return problem("facility", "cannot be the name of one here", "1 to 64 letters and digits")
        status = self._statuses.get(plain_text(row["status"], 64).casefold())
        if status is None:
            return problem("status", "is none that is known here: say in statuses what it means", ", ".join(Status))
        try:
            parameters = plain_values(object_of(row["parameters"]))
        except ValueError as error:
            return problem("parameters", str(error))
        scheduled = []
        for field in ("scheduled_start", "scheduled_end", "created"):
            try:
                scheduled.append(iso_of(row.get(field)))
            except ValueError:
                return problem(field, "is not a time")
        start, end, created = scheduled
        if start and end and end < start:
            return problem("scheduled_end", "lies before scheduled_start")
        return TomObservation(
            number, row["target_id"], facility, plain_text(row["observation_id"], 128) or f"tom:{number}",
            status.value, parameters, _window(parameters), (start, end), created, _seconds(parameters),
            row.get("user_id"), groups[0][0] if groups and groups[0][0] else None, _note(number, groups),
        )  # fmt: skip


def facility_of(cell: object) -> str | None:
    """Return what a facility is called here, in small letters; None where it cannot be called so."""
    name = re.sub("[^a-z0-9]+", "_", plain_text(cell, 200).casefold()).strip("_")
    return name if FACILITY.fullmatch(name) else None


def _cadence(row: Record) -> str:
    try:
        parameters = ", ".join(f"{name} {value}" for name, value in object_of(row["cadence_parameters"]).items())
    except ValueError:
        parameters = ""
    active = "active" if row.get("active") else "not active"
    return f"{plain_text(row['cadence_strategy'], 100)} ({plain_text(parameters, 150) or 'no parameters'}), {active}"


def _note(number: int, groups: list[tuple[str, str]]) -> str:
    words = [f"moved in from a TOM Toolkit: its observation record {number}"]
    words += [f"cadence there: {cadence}" for _, cadence in groups if cadence]
    words += [f"also in the group {name}" for name, _ in groups[1:]]
    return "; ".join(words)[:500]


def _window(parameters: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Return when it may be observed, where the parameters say it."""
    try:
        start, end = (iso_of(parameters.get(name)) for name in ("start", "end"))
    except ValueError:
        return None, None
    return (start, end) if not (start and end) or end > start else (None, None)


def _seconds(parameters: Mapping[str, Any]) -> float:
    """Return the time that was asked for, as far as the parameters say it plainly."""
    try:
        seconds = float(parameters.get("exposure_time") or 0.0) * float(parameters.get("exposure_count") or 1.0)
    except (TypeError, ValueError):
        return 0.0
    return seconds if 0.0 <= seconds <= 1e7 else 0.0
