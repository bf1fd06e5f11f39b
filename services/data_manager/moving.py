"""Moving in: another system's targets, lists and photometry become ours, in short transactions that resume."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from services.data_manager.tables import folder_of, result_of
from services.data_manager.viewers import viewer_of
from toros.clock import iso
from toros.data.measurements.ingestion import ingest_reading, preview_reading
from toros.data.moving.photometry import as_table
from toros.data.moving.source import Source
from toros.data.moving.tom import TomDatabase, TomPoint
from toros.data.processors.options import PhotometryOptions
from toros.data.processors.reading import Reading
from toros.data.processors.registry import read_product
from toros.data.targets.importing.journal import Journal
from toros.data.targets.importing.problems import Problem
from toros.data.targets.importing.running import Asked, import_rows
from toros.data.targets.importing.taking import Taker
from toros.data.targets.lists import add_to_list, may_add
from toros.data.targets.names import is_name, known_names
from toros.errors import Permanent
from toros.network.service import Context, Outcome

if TYPE_CHECKING:
    from toros.data.permissions import Viewer
    from workorders.moving import MoveIn

__all__ = ["order_move_in"]

TARGETS, LISTS = 0.5, 0.6  # of the progress: targets are done, lists too


def order_move_in(order: MoveIn, context: Context) -> Outcome:
    """Move targets, then lists, then photometry; what is there already stays as it is."""
    path = context.files.path(order.file_location)
    folder = folder_of(order.id, context, fresh=order.dry_run)
    source = Source.of_file(path)
    try:
        tom = TomDatabase(source)
        journal = Journal(folder, path)
        taker = _move_targets(order, tom, journal, context)
        result = result_of(journal, context, left_out=[], dry_run=order.dry_run)
        move = _Move(order, context, viewer_of(order, context), folder, journal, taker)
        result["lists"] = move.lists(tom)
        if order.photometry:
            result["photometry"] = move.photometry(tom)
        left = tom.left()
    finally:
        source.close()
    refused = journal.progress.counts["refused"]
    result |= {"refused": refused} | ({"report": context.files.location(journal.report)} if refused else {})
    return Outcome(result | ({"not_moved": left} if left else {}))


def _move_targets(order: MoveIn, tom: TomDatabase, journal: Journal, context: Context) -> Taker:
    radius = context.config.targets.match_radius
    taker = Taker(
        viewer_of(order, context), recorded=iso(context.clock.now()), match_radius=radius, dry_run=order.dry_run
    )
    count = max(1, tom.count())
    import_rows(
        islice(tom.targets(order.access), journal.progress.records, None),
        Asked(taker, radius),
        journal,
        write=context.write,
        tell=lambda rows: context.progress(TARGETS * min(1.0, rows / count), f"{rows} targets"),
    )
    return taker


class _Move:
    """What follows the targets."""

    def __init__(
        self, order: MoveIn, context: Context, viewer: Viewer, folder: Path, journal: Journal, taker: Taker
    ) -> None:
        self._order = order
        self._context = context
        self._viewer = viewer
        self._folder = folder
        self._journal = journal
        self._taker = taker

    def lists(self, tom: TomDatabase) -> dict[str, int]:
        """Fill the lists; return how many there are, and how many targets were not in them before."""
        counts: Counter[str] = Counter()
        now, seen = iso(self._context.clock.now()), set()
        for name, members in tom.lists():
            seen.add(name)
            try:
                self._context.read(lambda session, name=name: may_add(session, name, self._viewer))  # type: ignore[misc]
            except Permanent as error:
                self._journal.done(0, Counter(), [Problem(0, f"the list {name!r}: {error}", "target_list", name[:60])])
                continue
            numbers = list(self._numbers(members).values())
            if not self._order.dry_run:
                counts["listed"] += self._context.write(
                    lambda session, name=name, numbers=numbers: add_to_list(  # type: ignore[misc]
                        session, name, numbers, viewer=self._viewer, recorded=now
                    )
                )
            self._context.progress(TARGETS, f"the list {name}")
        return {"lists": len(seen), "listed": counts["listed"]}

    def photometry(self, tom: TomDatabase) -> dict[str, int]:
        """Take the points in; return how many were new, known already, revised and refused."""
        counts: Counter[str] = Counter(new=0, same=0, revised=0, refused=0)
        for name, points, problems in tom.photometry():
            number = self._numbers([name]).get(name)
            if number is None and not self._taker.imagines(name):
                reason = f"its target {name!r} was not moved"
                problems = [*problems, *(Problem(point.id, f"reduced datum: {reason}") for point in points)]
            elif points:
                problems = [*problems, *self._points(number, points, counts)]
            counts["refused"] += len(problems)
            self._journal.done(0, Counter(), problems)
            self._context.progress(LISTS, f"photometry of {name}")
        return dict(counts)

    def _points(self, number: int | None, points: list[TomPoint], counts: Counter[str]) -> list[Problem]:
        table = self._folder / "photometry.csv"
        ids = as_table(points, table)
        try:
            reading = self._context.engine.run(read_product, table, "photometry", PhotometryOptions(layout="table"))
        except Permanent as error:
            return [Problem(ids[0], f"the points from {ids[0]} to {ids[-1]} cannot be read: {error}")]
        assert isinstance(reading, Reading)
        if number is None:
            counts["new"] += len(reading.points)
        else:
            if self._order.dry_run:
                told = preview_reading(self._context.read, number, reading)
            else:
                told = ingest_reading(
                    self._context.write, number, reading, recorded=iso(self._context.clock.now()), product=None
                )
            counts.update(new=told.taken.new, same=told.taken.same, revised=told.taken.revised)
        return [
            Problem(
                ids[each.line - 2] if each.line > 1 else 0,
                f"reduced datum: {each.field} {each.reason}",
                each.field,
                each.value,
            )
            for each in reading.problems.first
        ]

    def _numbers(self, names: list[str]) -> dict[str, int]:
        """Return our numbers of targets, by their names there."""
        from toros.data.targets.names import key_of

        good = [name for name in names if is_name(name)]
        known = self._context.read(lambda session: known_names(session, good))
        return {name: known[key_of(name)] for name in good if key_of(name) in known}
