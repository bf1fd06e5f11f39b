"""Moving in: what another system remembers becomes ours, in short transactions that resume."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from services.data_manager.moving_bhtom import BhtomMove
from services.data_manager.moving_manager import ManagerMove
from services.data_manager.moving_tom import TomMove
from services.data_manager.tables import folder_of, result_of
from services.data_manager.viewers import viewer_of
from toros.clock import iso
from toros.data.moving.configured import configured_source
from toros.data.moving.manager import ManagerDatabase
from toros.data.moving.source import Source
from toros.data.moving.tom import TomDatabase
from toros.data.targets.importing.journal import Journal
from toros.data.targets.importing.running import Asked, import_rows
from toros.data.targets.importing.taking import Taker
from toros.errors import Permanent
from toros.network.service import Context, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from toros.data.targets.importing.problems import Problem
    from toros.data.targets.importing.rows import Row
    from workorders.moving import MoveIn

__all__ = ["order_move_in"]

TARGETS = 0.3  # of the progress
SHOWN = 20  # rows that were not taken in the result itself; the report has all of them


def order_move_in(order: MoveIn, context: Context) -> Outcome:
    """Move targets first, then what hangs on them; what is there already stays as it is."""
    if order.folder_location is not None and not context.files.path(order.folder_location).is_dir():
        raise Permanent(f"folder_location: {order.folder_location} is not a folder")
    ways = {"tom": _of_tom, "bhtom": _of_bhtom, "torosmanager": _of_manager}
    return ways[order.system](order, context)


def _of_tom(order: MoveIn, context: Context) -> Outcome:
    path, source = _opened(order, context)
    try:
        tom = TomDatabase(source, order.groups)
        journal = Journal(folder_of(order.id, context, fresh=order.dry_run), path)
        taker = _taker(order, context)
        _take(tom.targets(order.access), tom.count(), taker, journal, context)
        told = _begun(order, journal, context)
        told |= TomMove(order, context, tom, journal, taker).all()
    finally:
        source.close()
    return _ended(told, journal, context)


def _of_bhtom(order: MoveIn, context: Context) -> Outcome:
    assert order.file_location is not None
    path = context.files.path(order.file_location)
    journal = Journal(folder_of(order.id, context, fresh=order.dry_run), path)
    taker = _taker(order, context)
    move = BhtomMove(order, context, journal, taker)
    _take(move.targets(path), None, taker, journal, context)
    told = _begun(order, journal, context)
    if order.photometry and order.folder_location is not None:
        told["photometry"] = move.photometry(context.files.path(order.folder_location))
    return _ended(told, journal, context)


def _of_manager(order: MoveIn, context: Context) -> Outcome:
    path, source = _opened(order, context)
    try:
        manager = ManagerDatabase(source)
        journal = Journal(folder_of(order.id, context, fresh=order.dry_run), path)
        told = _begun(order, journal, context) | ManagerMove(order, context, manager, journal).all()
    finally:
        source.close()
    return _ended(told, journal, context)


def _opened(order: MoveIn, context: Context) -> tuple[Path | None, Source]:
    """Return the file, where it is one, and the database."""
    if order.file_location is None:
        return None, configured_source(context.config.moving, order.database or "")
    path = context.files.path(order.file_location)
    return path, Source.of_file(path)


def _taker(order: MoveIn, context: Context) -> Taker:
    radius = context.config.targets.match_radius
    now = iso(context.clock.now())
    return Taker(viewer_of(order, context), recorded=now, match_radius=radius, dry_run=order.dry_run)


def _take(rows: Iterator[Row | Problem], count: int | None, taker: Taker, journal: Journal, context: Context) -> None:
    """Take targets in, going on where an earlier try stopped."""
    if journal.progress.parts:  # they are all there, and something that follows is under way
        return

    def tell(done: int) -> None:
        context.progress(TARGETS * min(1.0, done / max(1, count or done * 2)), f"{done} targets")

    import_rows(
        islice(rows, journal.progress.records, None),
        Asked(taker, context.config.targets.match_radius),
        journal,
        write=context.write,
        tell=tell,
    )


def _begun(order: MoveIn, journal: Journal, context: Context) -> dict[str, Any]:
    return result_of(journal, context, left_out=[], dry_run=order.dry_run)


def _ended(told: dict[str, Any], journal: Journal, context: Context) -> Outcome:
    """Return what a move tells, with the first rows that were not taken, of whatever kind."""
    refused = journal.progress.counts["refused"]
    told["refused"] = refused
    if refused:
        told |= {"report": context.files.location(journal.report), "refused_rows": journal.first_problems(SHOWN)}
    return Outcome(told)
