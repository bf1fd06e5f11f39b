"""Observations: asked for, told about, taken back, followed through time, found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from services.data_manager.notices import check_receivers
from services.data_manager.viewers import viewer_of
from toros.clock import iso
from toros.data.observations.facilities import find_facility, known_facilities
from toros.data.observations.facilities.base import Errand
from toros.data.observations.finding import find_observations, show_observation
from toros.data.observations.following import (
    Turn,
    due_numbers,
    first_due,
    plan_turn,
    question_of,
    record_turn,
)
from toros.data.observations.moments import moment
from toros.data.observations.naming import find_groups, find_templates, save_template
from toros.data.observations.proposals import find_proposals, save_proposal
from toros.data.observations.recording import record_unasked
from toros.data.observations.requesting import plan_request, record_plan
from toros.data.observations.updating import Change, plan_cancel, plan_update, record_change
from toros.data.targets.fields import load_sky
from toros.errors import Permanent, Temporary
from toros.network.client import client_of
from toros.network.service import Answer, Context, Onward, Outcome
from workorders import Refusal, WorkOrder
from workorders.observations import FollowObservations
from workorders.refusal import FaultCode

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from toros.sky.site import Site
    from workorders.observations import (
        CancelObservation,
        FindObservationGroups,
        FindObservations,
        FindProposals,
        FindTemplates,
        ListFacilities,
        RequestObservation,
        SaveProposal,
        SaveTemplate,
        ShowObservation,
        UpdateObservation,
    )

__all__ = [
    "answer_find_observation_groups", "answer_find_observations", "answer_find_proposals", "answer_find_templates",
    "answer_list_facilities", "answer_show_observation", "chores",
    "order_cancel_observation", "order_follow_observations", "order_request_observation", "order_save_proposal",
    "order_save_template", "order_update_observation",
]  # fmt: skip

AT_ONCE = 10  # observations looked at by one order, so that its transaction is short
AGAIN = 600  # seconds after which an order that came to nothing is given once more


def order_request_observation(order: RequestObservation, context: Context) -> Outcome:
    """Ask a facility for an observation, and record it in the same transaction."""
    now, viewer = context.observatory_clock.now(), viewer_of(order, context)
    check_receivers(order.tell, context.config)
    plan = context.read(lambda session: plan_request(session, order, viewer=viewer, now=now, site=_site(context)))
    if order.dry_run:
        return Outcome({**plan.told, "sent": len(plan.errands), "notes": ["dry run: nothing was asked of anybody"]})

    def record(session: Session) -> dict[str, Any]:
        observation = record_plan(session, plan, now)
        return {"observation": observation.number, "status": observation.status} | (
            {"facility_id": observation.facility_id} if observation.facility_id else {}
        )

    return Outcome(plan.told, _sent(plan.errands), record)


def order_update_observation(order: UpdateObservation, context: Context) -> Outcome:
    """Keep how an observation stands, and tell those who want to hear of it."""
    now, viewer = context.observatory_clock.now(), viewer_of(order, context)
    change = context.read(lambda session: plan_update(session, order, viewer=viewer, now=now))
    if change is not None:
        return _changing(change, now, dry_run=order.dry_run)
    if not viewer.everything:
        raise Permanent(f"facility_id: no observation is known by {order.facility_id!r}")
    if order.target is not None:
        load_sky()
    record = partial(record_unasked, order=order, now=now, match_radius=context.config.targets.match_radius)
    return Outcome({"dry_run": True}) if order.dry_run else Outcome(record=record)


def order_cancel_observation(order: CancelObservation, context: Context) -> Outcome:
    """Take an observation back: at once where nobody has it, else when its facility says so."""
    now, viewer = context.observatory_clock.now(), viewer_of(order, context)
    change = context.read(lambda session: plan_cancel(session, order, viewer=viewer, now=now))
    return _changing(change, now, dry_run=order.dry_run)


def order_follow_observations(order: FollowObservations, context: Context) -> Outcome:
    """Look at every observation that is due: hand over, ask, end, follow."""
    now = context.observatory_clock.now()
    if not viewer_of(order, context).everything:
        raise Permanent("follow_observations: only daemons and administrators order this")
    numbers = context.read(lambda session: due_numbers(session, now, AT_ONCE))
    if order.dry_run:
        return Outcome({"due": numbers})
    site = _site(context)
    turns: list[Turn] = []
    silent: set[tuple[str, str | None]] = set()
    for count, number in enumerate(numbers):
        context.progress(count / len(numbers), f"observation {number}")
        answer = _asked(context.read(partial(question_of, number=number)), silent, context)
        turns.append(
            context.read(partial(plan_turn, number=number, answer=answer, order_id=order.id, now=now, site=site))
        )

    def record(session: Session) -> dict[str, Any]:
        done = [record_turn(session, turn, now) for turn in turns]
        return {what.replace(" ", "_"): done.count(what) for what in sorted(set(done))}

    sent = _sent([one for turn in turns for one in turn.orders])
    return Outcome({"due": len(numbers)}, sent, record)


def order_save_proposal(order: SaveProposal, context: Context) -> Outcome:
    """Grant time, or change what was granted."""
    now, viewer = iso(context.clock.now()), viewer_of(order, context)
    if order.facility is not None:
        find_facility(order.facility)
    return _saved(partial(save_proposal, order=order, viewer=viewer, recorded=now), context, dry_run=order.dry_run)


def order_save_template(order: SaveTemplate, context: Context) -> Outcome:
    """Keep parameters under a name."""
    now, viewer = iso(context.clock.now()), viewer_of(order, context)
    return _saved(partial(save_template, order=order, viewer=viewer, recorded=now), context, dry_run=order.dry_run)


def answer_find_observations(question: FindObservations, context: Context) -> Answer:
    """Return a page of observations."""
    viewer = viewer_of(question, context)
    return context.read(lambda session: find_observations(session, question, viewer=viewer))


def answer_show_observation(question: ShowObservation, context: Context) -> Answer:
    """Return all that is known of one observation."""
    viewer = viewer_of(question, context)
    return {"observation": context.read(lambda session: show_observation(session, question.number, viewer=viewer))}


def answer_find_proposals(question: FindProposals, context: Context) -> Answer:
    """Return a page of proposals with their time."""
    asked: dict[str, Any] = question.model_dump(include={"proposal", "limit", "after"})
    viewer = viewer_of(question, context)
    return context.read(lambda session: find_proposals(session, viewer=viewer, **asked))


def answer_find_templates(question: FindTemplates, context: Context) -> Answer:
    """Return a page of templates."""
    asked: dict[str, Any] = question.model_dump(include={"template", "facility", "limit", "after"})
    return context.read(lambda session: find_templates(session, **asked))


def answer_find_observation_groups(question: FindObservationGroups, context: Context) -> Answer:
    """Return a page of groups with how their observations stand."""
    viewer = viewer_of(question, context)
    asked: dict[str, Any] = question.model_dump(include={"group", "limit", "after"})
    return context.read(lambda session: find_groups(session, viewer=viewer, **asked))


def answer_list_facilities(question: ListFacilities, context: Context) -> Answer:
    """Return the facilities that can be asked, with their forms."""
    if question.facility is not None:
        return {"facilities": [find_facility(question.facility).describe(context.config)]}
    return {"facilities": [each.describe(context.config) for _, each in sorted(known_facilities().items())]}


def chores(session: Session, now: datetime) -> Sequence[WorkOrder]:
    """Return the order to look at observations, where one is due: the same one until it was looked at."""
    first = first_due(session, now)
    if first is None:
        return ()
    number, due = first
    turn = int(now.timestamp()) // AGAIN
    name = f"follow-{number}-{int(moment(due).timestamp() * 1000)}-{turn}"
    expires = iso(datetime.fromtimestamp((turn + 2) * AGAIN, UTC))
    return [FollowObservations(id=name, user="data_manager", expires=expires)]


def _changing(change: Change, now: datetime, *, dry_run: bool) -> Outcome:
    """Return a change as what a handler gives back."""
    after = str(change.report.status or change.status)
    told: dict[str, Any] = {"observation": change.number, "before": change.status, "status": after}
    if change.cancel_asked:
        told["notes"] = ["its facility is asked to take it back; its status follows when that is known"]
    if dry_run:
        return Outcome(told | {"dry_run": True})

    def record(session: Session) -> None:
        record_change(session, change, now)

    return Outcome(told, _sent([*change.errands, *change.told]), record)


def _asked(errand: Errand | None, silent: set[tuple[str, str | None]], context: Context) -> Mapping[str, Any] | None:
    """Return a desk's answer; None where there is nothing to ask, or the desk is silent, which it is asked once."""
    if errand is None or (errand.desk, errand.order.to) in silent:
        return None
    try:
        with client_of(context.config, errand.desk) as client:
            return client.front_desk(errand.order.body())
    except Refusal as refusal:
        if refusal.code == FaultCode.UNKNOWN_ORDER:  # still on its way there
            return {}
        context.log.warning("%s does not tell how an observation stands: %s", errand.desk, refusal.sentence())
    except Temporary as error:
        context.log.info("%s is silent: %s", errand.desk, error)
    silent.add((errand.desk, errand.order.to))
    return None


def _saved(change: Any, context: Context, *, dry_run: bool) -> Outcome:
    """Return a change of our own tables as what a handler gives back; in a dry run, what it would tell."""
    if not dry_run:
        return Outcome(record=change)

    def tried(session: Session) -> Mapping[str, Any]:
        trial = session.begin_nested()
        try:
            told: Mapping[str, Any] = change(session)
            return told
        finally:
            trial.rollback()

    return Outcome({**context.write(tried), "dry_run": True})


def _sent(orders: Iterable[Errand | WorkOrder]) -> list[WorkOrder | Onward]:
    """Return orders as a handler sends them on."""
    return [Onward(each.order, each.desk) if isinstance(each, Errand) else each for each in orders]


def _site(context: Context) -> Site:
    """Return where this node's telescope stands."""
    from toros.sky.site import Site

    here = context.config.observatory
    return Site(here.longitude, here.latitude, here.elevation, name=here.name)
