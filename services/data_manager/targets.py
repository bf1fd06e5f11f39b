"""Targets: made, changed, merged, put into lists, found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

from services.data_manager.viewers import viewer_of
from toros.clock import iso
from toros.data.measurements.moving import move_measurements
from toros.data.permissions import Viewer
from toros.data.targets.computed import ephemeris_of, sky_of
from toros.data.targets.creating import add_target
from toros.data.targets.fields import load_sky
from toros.data.targets.finding import find_numbers, find_targets
from toros.data.targets.lists import add_to_list, remove_from_list, save_list, the_list
from toros.data.targets.merging import merge_targets
from toros.data.targets.names import the_target
from toros.data.targets.rows import show_target
from toros.data.targets.updating import update_target
from toros.network.service import Answer, Context, Outcome
from toros.sky.site import Site
from workorders.finding import TargetFilter

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from workorders.targets import (
        AddTarget,
        FindTargets,
        GroupTargets,
        MergeTargets,
        SaveList,
        ShowTarget,
        UpdateTarget,
    )

__all__ = [
    "answer_find_targets", "answer_show_target", "order_add_target", "order_group_targets", "order_merge_targets",
    "order_save_list", "order_update_target",
]  # fmt: skip

CHUNK = 400  # targets of a list in one transaction, so that none is long
UNIX_EPOCH = 40587.0  # MJD
FILTER = set(TargetFilter.model_fields)


def order_add_target(order: AddTarget, context: Context) -> Outcome:
    """Make a target, or find that we have it."""
    load_sky()
    now, viewer = _now(context), viewer_of(order, context)
    radius = context.config.targets.match_radius

    def change(session: Session) -> dict[str, Any]:
        added = add_target(session, order, viewer=viewer, recorded=now, match_radius=radius)
        told = {"target": added.number, "name": added.name, "made": added.made}
        return told if added.separation is None else told | {"separation": round(added.separation, 4)}

    return _outcome(change, context, dry_run=order.dry_run)


def order_update_target(order: UpdateTarget, context: Context) -> Outcome:
    """Change what is said of a target."""
    load_sky()
    now, viewer = _now(context), viewer_of(order, context)

    def change(session: Session) -> dict[str, Any]:
        target = update_target(session, order, viewer=viewer, recorded=now)
        return {"target": target.number, "name": target.name}

    return _outcome(change, context, dry_run=order.dry_run)


def order_merge_targets(order: MergeTargets, context: Context) -> Outcome:
    """Make one target of two."""
    now, viewer = _now(context), viewer_of(order, context)

    def change(session: Session) -> dict[str, Any]:
        target = merge_targets(
            session, order.primary, order.secondary, viewer=viewer, recorded=now, moves=(move_measurements,)
        )
        return {"target": target.number, "name": target.name}

    return _outcome(change, context, dry_run=order.dry_run)


def order_save_list(order: SaveList, context: Context) -> Outcome:
    """Make, rename, open or delete a list."""
    now, viewer = _now(context), viewer_of(order, context)
    change = partial(save_list, order=order, viewer=viewer, recorded=now)
    return _outcome(change, context, dry_run=order.dry_run)


def order_group_targets(order: GroupTargets, context: Context) -> Outcome:
    """Put targets into a list, take them out, or move them; many of them in short transactions."""
    now, viewer = _now(context), viewer_of(order, context)
    if order.action != "add":
        context.read(lambda session: the_list(session, order.source or order.target_list, viewer) and None)
    total = changed = 0
    for numbers in _meant(order, context, viewer):
        total += len(numbers)
        if not order.dry_run:
            changed += context.write(partial(_group, order=order, numbers=numbers, viewer=viewer, now=now))
            context.progress(0.5, f"{total} targets")
    told = {"target_list": order.target_list, "targets": total}
    return Outcome(told | ({"dry_run": True} if order.dry_run else {"changed": changed}))


def answer_find_targets(question: FindTargets, context: Context) -> Answer:
    """Return a page of targets."""
    viewer, now = viewer_of(question, context), _mjd(context)
    asked = TargetFilter.model_validate({name: getattr(question, name) for name in FILTER})
    page = context.read(
        lambda session: find_targets(
            session, asked, viewer=viewer, now=now, sort=question.sort, descending=question.descending,
            limit=question.limit, after=question.after,
        )
    )  # fmt: skip
    answer: dict[str, Any] = {"targets": page.targets, "more": page.next is not None}
    return answer if page.next is None else answer | {"next": page.next}


def answer_show_target(question: ShowTarget, context: Context) -> Answer:
    """Return all that is known of one target, and what of it is to be computed."""
    viewer, now = viewer_of(question, context), _mjd(context)
    target = context.read(lambda session: show_target(session, question.target, viewer=viewer, now=now))
    answer: dict[str, Any] = {"target": target}
    sites, asked = _sites(context), question.ephemeris
    if question.sky or question.at is not None:
        moment = context.observatory_clock.now() if question.at is None else _moment(question.at)
        answer["sky"] = sky_of(target, _days(moment), sites)
    if asked is not None:
        start, end = (_days(_moment(time)) for time in (asked.start, asked.end))
        answer["ephemeris"] = ephemeris_of(target, start, end, asked.step, sites[0])
    return answer


def _group(session: Session, *, order: GroupTargets, numbers: list[int], viewer: Viewer, now: str) -> int:
    """Do with some targets what the order says; return how many it changed something for."""
    if order.action == "remove":
        return remove_from_list(session, order.target_list, numbers, viewer=viewer, field="target_list")
    if order.source is not None:
        remove_from_list(session, order.source, numbers, viewer=viewer, field="source")
    return add_to_list(session, order.target_list, numbers, viewer=viewer, recorded=now)


def _meant(order: GroupTargets, context: Context, viewer: Viewer) -> Iterator[list[int]]:
    """Yield the numbers of the targets that an order means, some at a time, each some read by itself."""
    if order.matching is None:
        for start in range(0, len(order.targets), CHUNK):
            names = order.targets[start : start + CHUNK]
            yield context.read(lambda session, names=names: [  # type: ignore[misc]
                the_target(session, name, viewer, field="targets").number for name in names
            ])  # fmt: skip
        return
    matching, now, after = order.matching, _mjd(context), None
    while True:
        found = context.read(lambda session, after=after: list(islice(  # type: ignore[misc]
            find_numbers(session, matching, viewer=viewer, now=now, after=after, page=CHUNK), CHUNK
        )))  # fmt: skip
        if found:
            yield [number for _, number in found]
        if len(found) < CHUNK:
            return
        after = found[-1][0]


def _outcome(change: Callable[[Session], Mapping[str, Any]], context: Context, *, dry_run: bool) -> Outcome:
    """Return a change as what a handler gives back; in a dry run, what it would tell."""
    if not dry_run:
        return Outcome(record=change)
    return Outcome({**context.write(partial(_tried, change)), "dry_run": True})


def _tried(change: Callable[[Session], Mapping[str, Any]], session: Session) -> Mapping[str, Any]:
    """Make a change, take it back, and return what it told."""
    trial = session.begin_nested()
    try:
        return change(session)
    finally:
        trial.rollback()


def _now(context: Context) -> str:
    return iso(context.clock.now())


def _mjd(context: Context) -> float:
    return _days(context.clock.now())


def _days(moment: datetime) -> float:
    return moment.timestamp() / 86400.0 + UNIX_EPOCH


def _moment(time: str) -> datetime:
    return datetime.fromisoformat(time).replace(tzinfo=UTC)


def _sites(context: Context) -> list[Site]:
    """Return this node's observatory, and the others that the configuration names."""
    ours, others = context.config.observatory, context.config.targets.observatories
    here = Site(ours.longitude, ours.latitude, ours.elevation, ours.horizon, ours.name)
    return [
        here,
        *[Site(at.longitude, at.latitude, at.elevation, at.horizon, name) for name, at in others.items()
          if name != ours.name],
    ]  # fmt: skip
