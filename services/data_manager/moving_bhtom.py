"""Moving in from BHTOM: its table of targets, and the files of photometry that it gives out, one for each target."""

from __future__ import annotations

from collections import Counter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from toros.clock import iso
from toros.data.measurements.ingestion import ingest_reading, preview_reading
from toros.data.moving.bhtom import photometry_files, target_named
from toros.data.moving.course import Part
from toros.data.moving.matching import known_targets
from toros.data.processors.options import PhotometryOptions
from toros.data.processors.reading import Reading
from toros.data.processors.registry import read_product
from toros.data.targets.importing.problems import Problem
from toros.data.targets.importing.reading import TextTable
from toros.data.targets.importing.rows import Header, Row
from toros.data.targets.importing.running import rows_of_lines
from toros.data.targets.names import is_name
from toros.errors import ChildDied, Permanent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from toros.data.targets.importing.journal import Journal
    from toros.data.targets.importing.taking import Taker
    from toros.network.service import Context
    from workorders.moving import MoveIn

__all__ = ["BhtomMove"]

TARGETS = 0.3  # of the progress is done before the photometry


class BhtomMove:
    """One move.

    Parameters
    ----------
    order : MoveIn
    context : Context
    journal : Journal
    taker : Taker
        What took the targets.
    """

    def __init__(self, order: MoveIn, context: Context, journal: Journal, taker: Taker) -> None:
        self._order, self._context, self._journal, self._taker = order, context, journal, taker

    def targets(self, path: Path) -> Iterator[Row | Problem]:
        """Yield what each line of the table says of a target, or what is wrong with it."""
        table = TextTable(path)
        return rows_of_lines(Header(table.header, access=self._order.access), table)

    def photometry(self, folder: Path) -> dict[str, int]:
        """Take the files in; return how many points were new, the same, revised and refused, and how many files."""
        part = Part(self._journal, "photometry")
        part.begin("files", "new", "same", "revised")
        files = photometry_files(folder)
        for position, path in enumerate(files[part.after :], start=part.after + 1):
            counts, problems = self._file(path, folder)
            part.done(position, counts, problems)
            self._context.progress(TARGETS + (1 - TARGETS) * position / len(files), f"photometry: {path.name}")
        return part.counts

    def _file(self, path: Path, folder: Path) -> tuple[Counter[str], list[Problem]]:
        counts: Counter[str] = Counter(files=1)
        try:
            location = f"{self._order.folder_location}".rstrip("/")
            name = path.relative_to(folder).as_posix()
            safe = self._context.files.path(f"{location}{'' if location.endswith(':') else '/'}{name}")
            number = self._number(path)
            options = PhotometryOptions(largest=self._context.config.data.largest_table)
            reading = self._context.engine.run(read_product, safe, "photometry", options)
        except (Permanent, ChildDied) as error:
            return counts, [Problem(0, f"{path.name}: {error}", "folder_location", path.name[:60])]
        assert isinstance(reading, Reading)
        if number < 0:
            counts["new"] += len(reading.points)
        elif self._order.dry_run:
            taken = preview_reading(self._context.read, number, reading).taken
            counts.update(new=taken.new, same=taken.same, revised=taken.revised)
        else:
            now = iso(self._context.clock.now())
            taken = ingest_reading(self._context.write, number, reading, recorded=now).taken
            counts.update(new=taken.new, same=taken.same, revised=taken.revised)
        problems = [Problem(each.line, f"{path.name}: {each}", each.field, each.value)
                    for each in reading.problems.first]  # fmt: skip
        if len(reading.problems) > len(problems):
            more = len(reading.problems) - len(problems)
            problems.append(Problem(0, f"{path.name}: {more} more rows, for reasons such as these"))
        return counts, problems

    def _number(self, path: Path) -> int:
        """Return our number of the target that a file is named like; below 0 while it has no row."""
        names = [name for name in target_named(path) if is_name(name)]
        if self._order.dry_run:
            for name in names:
                imagined = self._taker.imagined(name)
                if imagined is not None:
                    return imagined.number
        known = self._context.read(partial(known_targets, names=names))
        if not known:
            raise Permanent("there is no target that the file is named like")
        return next(iter(known.values())).number
