"""People: made known, changed, found; and written out to every node."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from services.data_manager.viewers import daemons_of, viewer_of
from toros.clock import iso
from toros.data.people.finding import find_changes, find_users
from toros.data.people.identities import people
from toros.data.people.saving import save_user
from toros.network.service import Answer, Context, Onward, Outcome
from workorders.desk import SaveIdentities

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from sqlalchemy.orm import Session

    from workorders.people import FindChanges, FindUsers, SaveUser

__all__ = ["answer_find_changes", "answer_find_users", "order_save_user"]


def order_save_user(order: SaveUser, context: Context) -> Outcome:
    """Make a person known or change one, then tell every node whom it may let in."""
    viewer, now = viewer_of(order, context), iso(context.clock.now())
    change = partial(save_user, order=order, viewer=viewer, recorded=now, reserved=daemons_of(context))
    if order.dry_run:
        return Outcome({**context.write(partial(_tried, change)), "dry_run": True})
    told = context.write(change)
    return Outcome(told, orders=_identities(context) if context.config.security.authentication else ())


def answer_find_users(question: FindUsers, context: Context) -> Answer:
    """Return a page of people."""
    viewer, now = viewer_of(question, context), iso(context.clock.now())
    asked = question.model_dump(include={"name", "group", "limit", "after"})
    return context.read(lambda session: find_users(session, viewer=viewer, now=now, **asked))


def answer_find_changes(question: FindChanges, context: Context) -> Answer:
    """Return a page of changes."""
    viewer = viewer_of(question, context)
    asked = question.model_dump(include={"target", "by", "order_id", "limit", "before"})
    return context.read(lambda session: find_changes(session, viewer=viewer, **asked))


def _identities(context: Context) -> list[Onward]:
    """Return the orders that tell every desk's node who may ask: in the data manager's own name, whoever changed it."""
    as_of, known = iso(context.clock.now()), context.read(people)
    return [
        Onward(SaveIdentities(as_of=as_of, people=known, user="data_manager"), desk) for desk in context.config.services
    ]


def _tried(change: Any, session: Session) -> Mapping[str, Any]:
    """Make a change, take it back, and return what it told."""
    trial = session.begin_nested()
    try:
        return change(session)  # type: ignore[no-any-return]
    finally:
        trial.rollback()
