"""The observation templates of a TOM Toolkit: parameters for a facility, by name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from toros.data.moving.plain import object_of, plain_text, plain_values
from toros.data.moving.source import Record, Source
from toros.data.moving.tom_observations import facility_of
from toros.data.tables import ObservationTemplate
from toros.data.targets.importing.problems import Problem
from toros.data.targets.names import is_name, key_of

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = ["TomTemplate", "TomTemplates", "record_templates"]

LONGEST_NAME = 128


@dataclass(frozen=True)
class TomTemplate:
    """One template: its row there, its name, the facility in small letters, and the parameters."""

    id: int
    name: str
    facility: str
    parameters: dict[str, Any]


class TomTemplates:
    """The table of templates.

    Parameters
    ----------
    source : Source
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._rows = source.table(
            "tom_observations_observationtemplate", columns=("id", "name", "facility", "parameters")
        )

    def count(self) -> int:
        """Return how many there are."""
        return self._source.count(self._rows)

    def pages(self, after: int) -> Iterator[tuple[int, list[TomTemplate], list[Problem]]]:
        """Yield the templates behind a row, some at a time: the last row, what can be taken, and what cannot."""
        if self._rows is None:
            return
        for page in self._source.pages(self._rows, after=after, size=100):
            found = [_read(row) for row in page]
            good = [each for each in found if isinstance(each, TomTemplate)]
            yield page[-1]["id"], good, [each for each in found if isinstance(each, Problem)]


def record_templates(
    session: Session, templates: Sequence[TomTemplate], *, owner: str | None, recorded: str, dry_run: bool = False
) -> tuple[Counter[str], list[Problem]]:
    """Keep templates, each once by its name; return counts and what was refused.

    Parameters
    ----------
    session : Session
        Inside a transaction.
    templates : sequence of TomTemplate
        Of facilities that need not be known here: none can be asked with one before it is.
    owner, recorded : str
        Whose they become, and the time now; UTC, ISO 8601.
    dry_run : bool
        Nothing is written.
    """
    counts: Counter[str] = Counter()
    problems: list[Problem] = []
    query = select(ObservationTemplate).where(ObservationTemplate.key.in_({key_of(each.name) for each in templates}))
    known: dict[str, ObservationTemplate | TomTemplate] = {each.key: each for each in session.scalars(query)}
    for each in templates:
        found = known.get(key_of(each.name))
        if found is None:
            counts["new"] += 1
            known[key_of(each.name)] = each
            if not dry_run:
                session.add(
                    ObservationTemplate(key=key_of(each.name), name=each.name, facility=each.facility,
                                        parameters=each.parameters, owner=owner, created=recorded, changed=recorded)
                )  # fmt: skip
        elif (found.facility, found.parameters) == (each.facility, each.parameters):
            counts["same"] += 1
        else:
            problems.append(_problem(each.id, "name", f"{found.name!r} is a template of other parameters", each.name))
    session.flush()
    return counts, problems


def _read(row: Record) -> TomTemplate | Problem:
    number, name, facility = row["id"], plain_text(row["name"], LONGEST_NAME), facility_of(row["facility"])
    if not is_name(name):
        return _problem(number, "name", "cannot be the name of one here", row["name"])
    if facility is None:
        return _problem(number, "facility", "cannot be the name of one here", row["facility"])
    try:
        return TomTemplate(number, name, facility, plain_values(object_of(row["parameters"])))
    except ValueError as error:
        return _problem(number, "parameters", str(error), row["parameters"])


def _problem(number: int, field: str, reason: str, value: object) -> Problem:
    return Problem(number, f"the observation template {number}: {field} {reason}", field, plain_text(value, 60))
