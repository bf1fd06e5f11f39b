"""Tables of targets: read into the database, and written from it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.data_manager.reading import check_readable, is_readable
from services.data_manager.viewers import viewer_of
from toros.clock import iso
from toros.data.permissions import Viewer
from toros.data.targets.exporting import Spool, spooled, write_table
from toros.data.targets.finding import find_numbers
from toros.data.targets.importing.journal import Journal
from toros.data.targets.importing.reading import TextTable, format_of
from toros.data.targets.importing.rows import Header
from toros.data.targets.importing.running import Asked, import_rows, rows_of_lines
from toros.data.targets.importing.tables import as_csv, checked_size
from toros.data.targets.importing.taking import Taker
from toros.data.targets.lists import may_add
from toros.errors import Permanent
from toros.network.service import Context, Outcome
from workorders.finding import TargetFilter

if TYPE_CHECKING:
    from workorders.targets import ExportTargets, ImportTargets

__all__ = ["order_export_targets", "order_import_targets", "result_of"]

UNIX_EPOCH = 40587.0  # MJD
SHOWN = 20  # refused rows in the result itself; the report has all of them


def order_import_targets(order: ImportTargets, context: Context) -> Outcome:
    """Take the rows of a table, going on where an earlier try stopped."""
    check_readable(order.file_location, order, context)
    path = context.files.path(order.file_location)
    viewer = viewer_of(order, context)
    if order.target_list is not None:
        name = order.target_list
        context.read(lambda session: may_add(session, name, viewer))
    folder = folder_of(order.id, context, fresh=order.dry_run)
    text, left_out = _as_text(order.format or format_of(path.name), path, folder, context)
    table = TextTable(text)
    header = Header(
        table.header, on_match="new" if order.on_match == "new" else "existing", access=order.access, tags=order.tags
    )
    journal = Journal(folder, path)
    asked = Asked(taker_of(order, context, viewer), context.config.targets.match_radius)
    import_rows(
        rows_of_lines(header, table, journal.progress.records),
        asked,
        journal,
        write=context.write,
        tell=lambda rows: context.progress(0.99 * table.done, f"{rows} rows"),
    )
    return Outcome(result_of(journal, context, left_out=left_out, dry_run=order.dry_run))


def order_export_targets(order: ExportTargets, context: Context) -> Outcome:
    """Write targets into a table: first gathered, so that the table knows all its columns, then put into its place."""
    path = context.files.path(order.file_location, must_exist=False)
    kind = order.format or format_of(path.name)
    folder = folder_of(order.id, context, fresh=True)
    viewer = viewer_of(order, context)
    if path.exists() and not is_readable(order.file_location, viewer, context):
        raise Permanent(f"file_location: {order.file_location} is not yours to replace; choose another name")
    with Spool(folder / "targets.jsonl") as spool:
        for numbers in _numbers(order.matching or TargetFilter(), viewer, context):
            context.read(lambda session, numbers=numbers: spooled(session, numbers, spool))  # type: ignore[misc]
            context.progress(0.5, f"{spool.targets} targets")
    told = {"targets": spool.targets, "columns": len(set(spool.titles.values())), "file_location": order.file_location}
    if not order.dry_run:
        path.parent.mkdir(parents=True, exist_ok=True)
        made = folder / f"made-{path.name}"
        if kind == "csv":
            write_table(spool, kind, made)
        else:
            context.engine.run(write_table, spool, kind, made)
        shutil.copyfile(made, beside := path.with_name(f".{order.id}.{path.name}"))
        beside.replace(path)
    shutil.rmtree(folder)
    return Outcome({**told, "dry_run": True} if order.dry_run else told)


def folder_of(order_id: str, context: Context, *, fresh: bool) -> Path:
    """Return the folder that an order works in, and that the report of what it refused stays in."""
    folder = context.files.root("products") / "imports" / order_id.replace(":", "_")
    if fresh:
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def taker_of(order: Any, context: Context, viewer: Viewer) -> Taker:
    """Return what takes rows as an order asks."""
    return Taker(
        viewer,
        recorded=iso(context.clock.now()),
        match_radius=context.config.targets.match_radius,
        on_match=order.on_match,
        target_list=order.target_list,
        dry_run=order.dry_run,
    )


def result_of(journal: Journal, context: Context, *, left_out: list[str], dry_run: bool) -> dict[str, Any]:
    """Return what an import tells: counts, the first refused rows, and where the report of all of them is."""
    counts = journal.progress.counts
    told: dict[str, Any] = {"rows": journal.progress.records}
    told |= {name: counts[name] for name in ("new", "same", "changed", "refused")}
    if counts["listed"]:
        told["listed"] = counts["listed"]
    if counts["refused"]:
        told |= {"refused_rows": journal.first_problems(SHOWN), "report": context.files.location(journal.report)}
    if left_out:
        told["columns_left_out"] = left_out[:100]
    return told | ({"dry_run": True} if dry_run else {})


def _as_text(kind: str, path: Path, folder: Path, context: Context) -> tuple[Path, list[str]]:
    """Return a table as CSV, and the columns that had to be left out."""
    if kind == "csv":
        return path, []
    checked_size(path)
    table = folder / "table.csv"
    context.progress(0.0, f"reading the {kind} table")
    left_out = context.engine.run(as_csv, str(path), kind, str(table))
    return table, left_out


def _numbers(asked: TargetFilter, viewer: Viewer, context: Context, page: int = 400) -> Iterator[list[int]]:
    """Yield the numbers of all targets that are asked for, a page at a time, each read by itself."""
    after, moment = None, context.clock.now().timestamp() / 86400.0 + UNIX_EPOCH
    while True:
        found = context.read(
            lambda session, after=after: _page(session, asked, viewer, moment, after, page)  # type: ignore[misc]
        )
        if found:
            yield [number for _, number in found]
        if len(found) < page:
            return
        after = found[-1][0]


def _page(session: Any, asked: TargetFilter, viewer: Viewer, moment: float, after: str | None, page: int) -> Any:
    from itertools import islice

    return list(islice(find_numbers(session, asked, viewer=viewer, now=moment, after=after, page=page), page))
