"""What time brings about: observations handed over when their window begins, ended when it is over, and followed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update

from toros.data.observations.cadences import Last, next_window
from toros.data.observations.due import can_be_asked, due_of, handed_over
from toros.data.observations.facilities import find_facility
from toros.data.observations.facilities.base import Asked, Errand, Facility, Form, Report
from toros.data.observations.filling import filled
from toros.data.observations.life import TERMINAL, Status
from toros.data.observations.moments import moment, text
from toros.data.observations.proposals import check_time
from toros.data.observations.requesting import Plan, hand_over, record_plan
from toros.data.observations.silence import given_up
from toros.data.observations.updating import (
    Change,
    end_cadence,
    plan_change,
    record_change,
    standing_rule,
)
from toros.data.tables import Observation, ObservationEvent
from toros.errors import Permanent, Temporary

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from toros.sky.site import Site
    from workorders import WorkOrder

__all__ = ["Turn", "due_numbers", "first_due", "plan_turn", "question_of", "record_turn"]

LATER = timedelta(hours=6)  # after which something that could not be done is looked at again


@dataclass(frozen=True)
class Turn:
    """What will be done about one observation.

    Attributes
    ----------
    change : Change
        How it stands now; what must be sent is in its errands.
    facility_id : str or None
        What the facility calls it, where it was handed over now.
    follower : Plan or None
        The observation that comes after it.
    ended : str or None
        Why its cadence is over.
    trouble : str or None
        Why nothing can be done.
    silent_since : str or None
        Since when its facility tells nothing.
    """

    change: Change
    facility_id: str | None = None
    follower: Plan | None = None
    ended: str | None = None
    trouble: str | None = None
    silent_since: str | None = None

    @property
    def orders(self) -> list[Errand | WorkOrder]:
        """What must be sent."""
        follower = self.follower.errands if self.follower is not None else ()
        return [*self.change.errands, *self.change.told, *follower]


def first_due(session: Session, now: datetime) -> tuple[int, str] | None:
    """Return the observation that has been due for the longest, and since when; None where none is due."""
    query = select(Observation.number, Observation.due).where(Observation.due <= text(now))
    found = session.execute(query.order_by(Observation.due, Observation.number).limit(1)).first()
    return None if found is None or found.due is None else (found.number, found.due)


def due_numbers(session: Session, now: datetime, limit: int) -> list[int]:
    """Return the observations that somebody must look at, the longest due first."""
    query = select(Observation.number).where(Observation.due <= text(now))
    return list(session.scalars(query.order_by(Observation.due, Observation.number).limit(limit)))


def question_of(session: Session, number: int) -> Errand | None:
    """Return what to ask the facility about an observation; None where there is nothing to ask."""
    observation = session.get_one(Observation, number)
    try:
        facility = find_facility(observation.facility)
        if observation.status in TERMINAL or not can_be_asked(facility, observation):
            return None
        return facility.question(facility.fill(observation.parameters), observation.facility_id or "")
    except Permanent:  # plan_turn writes down why
        return None


def plan_turn(
    session: Session, number: int, answer: Mapping[str, Any] | None, *, order_id: str, now: datetime, site: Site | None
) -> Turn:
    """Return what is to be done about an observation now.

    Parameters
    ----------
    answer : dict or None
        What the facility answered to the question, where it did.
    order_id : str
        The order at work.
    site : Site or None
        From where what moves is looked for; from the earth's centre where None.
    """
    observation = session.get_one(Observation, number)
    try:
        return _planned(session, observation, answer, order_id, now, site)
    except Permanent as error:  # one that cannot go on must not hold up the others
        unchanged = Change(number, observation.status, observation.changed, Report(), None, order_id)
        return Turn(unchanged, trouble=str(error))


def record_turn(session: Session, turn: Turn, now: datetime) -> str:
    """Do what was planned, and return in a word what that was.

    Raises
    ------
    Temporary
        The observation has changed since; the order is tried again.
    """
    if turn.trouble is not None:
        return _put_off(session, turn, turn.trouble, now)
    observation = record_change(session, turn.change, now)
    if turn.facility_id is not None:
        observation.facility_id, observation.changed = turn.facility_id, text(now) or ""
        _write(session, observation, turn, now, f"handed over to {observation.facility} as {turn.facility_id}")
    if turn.follower is not None:
        _follow(session, observation, turn.follower, now)
    if turn.ended is not None:
        end_cadence(session, observation, turn.ended)
    session.flush()
    rule, count = standing_rule(session, observation)
    over = observation.status in TERMINAL
    due = None if over and turn.change.report.status is None else due_of(
        find_facility(observation.facility), observation, now, rule, count=count
    )  # fmt: skip
    session.execute(
        update(Observation)
        .where(Observation.number == observation.number)
        .values(due=due, silent_since=None if over else turn.silent_since)
    )
    if turn.follower is not None:
        return "followed"
    return "handed over" if turn.facility_id is not None else ("changed" if turn.change.report.status else "looked at")


def _planned(
    session: Session, observation: Observation, answer: Mapping[str, Any] | None, order_id: str, now: datetime,
    site: Site | None,
) -> Turn:  # fmt: skip
    facility = find_facility(observation.facility)
    report, facility_id, silent = Report(), None, None
    errands: Sequence[Errand] = ()
    over = observation.status in TERMINAL
    end = observation.window_end
    if not over and not handed_over(facility, observation):
        if end is not None and moment(end) <= now:
            report = Report(Status.WINDOW_EXPIRED, note="its window was over before it could be handed over")
        else:
            asked: Asked[Any] = Asked(facility.fill(observation.parameters), observation.of_target.name,
                                      observation.window_start, end, observation.priority)  # fmt: skip
            handed = hand_over(facility, asked, now)
            facility_id, errands = handed.facility_id, handed.errands
    elif not over and can_be_asked(facility, observation):
        report, silent = _heard(facility, observation, answer, now)
        errands = _withdrawn(facility, observation, report) if silent is not None else ()
    elif not over and end is not None and moment(end) <= now:
        report = Report(Status.WINDOW_EXPIRED, note="its window is over, and nobody has told of it")
    change = plan_change(observation, report, who=None, order_id=order_id, now=now)
    turn = Turn(replace(change, errands=errands), facility_id, silent_since=silent)
    return turn if report.status is not None else _with_follower(session, observation, turn, order_id, now, site)


def _heard(
    facility: Facility[Any], observation: Observation, answer: Mapping[str, Any] | None, now: datetime
) -> tuple[Report, str | None]:
    """Return what a facility that was asked has told, and since when it tells nothing."""
    report = Report() if answer is None else facility.read_answer(answer)
    if answer is not None and not report.unknown:
        return report, None
    end = observation.window_end
    since = observation.silent_since or text(now) or ""
    if report.unknown and end is not None and moment(end) <= now:
        return Report(Status.WINDOW_EXPIRED, note=f"its window is over, and {facility.name} never had it"), since
    return given_up(observation, since, now, unknown=report.unknown), since


def _withdrawn(facility: Facility[Any], observation: Observation, report: Report) -> Sequence[Errand]:
    """Return what takes an observation back that was given up; one with a window ends with that everywhere."""
    if report.status is None or observation.window_end is not None or observation.cancel_asked is not None:
        return ()
    form, reason = facility.fill(observation.parameters), f"observation {observation.number}: {report.note}"
    return facility.cancel(form, observation.facility_id or "", reason[:500])


def _with_follower(
    session: Session, observation: Observation, turn: Turn, order_id: str, now: datetime, site: Site | None
) -> Turn:
    """Return a turn with the observation that its cadence makes follow now, if one does."""
    rule, count = standing_rule(session, observation)
    if rule is None:
        return turn
    start = moment(observation.window_start or observation.created)
    end = moment(observation.window_end) if observation.window_end else None
    window = next_window(rule, Last(observation.status, start, end, count), now)
    if window is None:
        over = observation.status in TERMINAL
        return replace(turn, ended=_why_over(observation, rule.strategy)) if over else turn
    facility, (begins, ends) = find_facility(observation.facility), window
    form = _again(facility, observation, begins, site)
    asked: Asked[Any] = Asked(form, observation.of_target.name, text(begins), text(ends), observation.priority)
    if observation.of_proposal is not None:
        try:
            check_time(
                session, observation.of_proposal, facility=facility.name, seconds=observation.seconds,
                start=text(begins) or "", end=text(ends), user=observation.asked_by, everything=True,
            )  # fmt: skip
        except Permanent as error:
            return replace(turn, ended=str(error))
    handed = hand_over(facility, asked, now)
    values = {name: getattr(observation, name) for name in _INHERITED} | {
        "order_id": order_id, "status": Status.PENDING.value, "window_start": text(begins), "window_end": text(ends),
        "facility_id": handed.facility_id, "follows": observation.number,
        "parameters": form.model_dump(mode="json", exclude_none=True),
    }  # fmt: skip
    note = f"follows on observation {observation.number}, which is {observation.status}"
    # Whoever asked for the first was allowed to spend the proposal's time.
    return replace(turn, follower=Plan(values, handed.errands, note=note, everything=True))


_INHERITED = (
    "target", "facility", "priority", "seconds", "observation_group", "proposal", "cadence", "tell",
    "asked_by",
)  # fmt: skip


def _again(facility: Facility[Any], observation: Observation, when: datetime, site: Site | None) -> Form:
    """Return the parameters of an observation for another time: what moves stands elsewhere then."""
    parameters = dict(observation.parameters)
    if observation.of_target.scheme is not None:
        parameters = {name: value for name, value in parameters.items() if name not in ("ra", "dec")}
    return filled(facility, observation.of_target, when, site, parameters)


def _why_over(observation: Observation, strategy: str) -> str:
    if strategy == "retry_failed" and observation.status == Status.COMPLETED:
        return f"the observation {observation.number} is COMPLETED"
    return "there are as many observations as it makes, or its time is over"


def _put_off(session: Session, turn: Turn, trouble: str, now: datetime) -> str:
    """Write down why nothing can be done, and let somebody look again later."""
    observation = session.get_one(Observation, turn.change.number)
    observation.due = text(now + LATER)
    _write(session, observation, turn, now, trouble)
    session.flush()
    return "in trouble"


def _follow(session: Session, observation: Observation, plan: Plan, now: datetime) -> None:
    """Make the observation that follows; raise Temporary where another order has just done so."""
    followed = session.scalar(select(Observation.number).where(Observation.follows == observation.number))
    if followed is not None:
        raise Temporary(f"the observation {observation.number} is followed already; this is looked at again")
    record_plan(session, plan, now)


def _write(session: Session, observation: Observation, turn: Turn, now: datetime, note: str) -> None:
    session.add(ObservationEvent(observation=observation.number, time=text(now), status=observation.status,
                                 who=turn.change.who, order_id=turn.change.order_id, note=note[:500]))  # fmt: skip
