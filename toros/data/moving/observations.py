"""Observations that another system asked for: kept like ours, and followed by nobody but the next move."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from sqlalchemy import select

from toros.data.moving.tom_observations import TomObservation
from toros.data.observations.life import check_move
from toros.data.observations.naming import group_number
from toros.data.tables import Observation, ObservationEvent
from toros.data.targets.importing.problems import Problem
from toros.errors import Permanent

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = ["record_observations"]


def record_observations(
    session: Session,
    records: Sequence[TomObservation],
    targets: Mapping[int, int],
    *,
    people: Mapping[int, str],
    order_id: str,
    owner: str | None,
    recorded: str,
    dry_run: bool = False,
) -> tuple[Counter[str], list[Problem]]:
    """Record observations, each once by its facility and what that calls it; return counts and what was refused.

    One that is known gets the status and the times that it has there by now.

    Parameters
    ----------
    session : Session
        Inside a transaction.
    records : sequence of TomObservation
    targets : mapping of int to int
        Our numbers, by theirs.
    people : mapping of int to str
        Our users, by the number of theirs.
    order_id, owner, recorded : str
        The order, in whose name it is, and the time now; UTC, ISO 8601.
    dry_run : bool
        Nothing is written.
    """
    counts: Counter[str] = Counter()
    problems: list[Problem] = []
    known = _known(session, records)
    for each in records:
        target = targets.get(each.target)
        found = known.get((each.facility, each.facility_id))
        if target is None:
            problems.append(_problem(each, "target", "its target was not moved"))
        elif found is not None and found.target != (target if isinstance(found, Observation) else each.target):
            problems.append(_problem(each, "observation_id", "is that of an observation of another target"))
        elif isinstance(found, TomObservation):
            counts["same"] += 1
        elif found is None:
            counts["new"] += 1
            known[each.facility, each.facility_id] = each
            if not dry_run:
                _make(session, each, target, people.get(each.user or 0), order_id, owner, recorded)
        else:
            try:
                counts[_revise(session, found, each, order_id, owner, recorded, dry_run)] += 1
            except Permanent as error:
                problems.append(_problem(each, "status", str(error)))
    return counts, problems


def _known(
    session: Session, records: Sequence[TomObservation]
) -> dict[tuple[str, str | None], Observation | TomObservation]:
    """Return our observations that facilities call so, by facility and name."""
    names = sorted({each.facility_id for each in records})
    query = select(Observation).where(Observation.facility_id.in_(names))
    return {(each.facility, each.facility_id): each for each in session.scalars(query)}


def _make(
    session: Session, each: TomObservation, target: int, who: str | None, order_id: str, owner: str | None,
    recorded: str,
) -> None:  # fmt: skip
    group = each.group and group_number(session, each.group, owner=owner, recorded=recorded)
    observation = Observation(
        target=target, facility=each.facility, facility_id=each.facility_id, parameters=each.parameters,
        order_id=order_id, status=each.status, window_start=each.window[0], window_end=each.window[1],
        scheduled_start=each.scheduled[0], scheduled_end=each.scheduled[1], seconds=each.seconds,
        observation_group=group or None, tell=[], asked_by=who, created=each.created or recorded, changed=recorded,
    )  # fmt: skip
    session.add(observation)
    session.flush()
    _tell(session, observation, each.note, order_id, owner, recorded)


def _revise(
    session: Session, found: Observation, each: TomObservation, order_id: str, owner: str | None, recorded: str,
    dry_run: bool,
) -> str:  # fmt: skip
    """Bring status and times up to date; return "same" or "revised"."""
    moved = check_move(found.status, each.status)
    start, end = (new or old for new, old in zip(each.scheduled, (found.scheduled_start, found.scheduled_end),
                                                  strict=True))  # fmt: skip
    if not moved and (start, end) == (found.scheduled_start, found.scheduled_end):
        return "same"
    if start and end and end < start:
        raise Permanent("scheduled_end lies before scheduled_start")
    if not dry_run:
        found.status, found.scheduled_start, found.scheduled_end, found.changed = each.status, start, end, recorded
        found.due = None if moved else found.due
        _tell(session, found, each.note, order_id, owner, recorded)
    return "revised"


def _tell(session: Session, observation: Observation, note: str, order_id: str, who: str | None, recorded: str) -> None:
    session.add(ObservationEvent(observation=observation.number, time=recorded, status=observation.status, who=who,
                                 order_id=order_id, note=note))  # fmt: skip


def _problem(each: TomObservation, field: str, reason: str) -> Problem:
    return Problem(each.id, f"the observation record {each.id}: {reason}", field, each.facility_id[:60])
