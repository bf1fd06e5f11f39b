"""Importing and exporting in few words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.unit.data.targets.room import ALL, NOW, Room
from toros.data.permissions import Viewer
from toros.data.targets.exporting import Spool, spooled, write_table
from toros.data.targets.importing.journal import Journal
from toros.data.targets.importing.reading import TextTable, format_of
from toros.data.targets.importing.rows import Header
from toros.data.targets.importing.running import Asked, import_rows, rows_of_lines
from toros.data.targets.importing.tables import as_csv
from toros.data.targets.importing.taking import Taker

__all__ = ["Imported", "export", "import_file", "import_text"]


class Imported:
    """What came of an import."""

    def __init__(self, journal: Journal) -> None:
        self.counts = {name: count for name, count in journal.progress.counts.items() if count}
        self.problems = journal.first_problems(1000)
        self.records = journal.progress.records


def import_file(
    room: Room,
    path: Path,
    *,
    viewer: Viewer = ALL,
    chunk: int = 250,
    journal: Path | None = None,
    tell: Callable[[int], None] = lambda rows: None,
    **more: Any,
) -> Imported:
    """Import a table as the data manager does."""
    kind = format_of(path.name)
    text = path
    if kind != "csv":
        text = path.with_name(f"{path.name}.table.csv")
        as_csv(str(path), kind, str(text))
    table = TextTable(text)
    on_match = more.get("on_match", "existing")
    header = Header(
        table.header, on_match="new" if on_match == "new" else "existing", access=more.pop("access", None),
        tags=more.pop("tags", ()),
    )  # fmt: skip
    if journal is None:
        journal = path.with_name(f"{path.name}.journal")
        for file in journal.glob("*"):
            file.unlink()
    kept = Journal(journal, path)
    taker = Taker(viewer, recorded=NOW, match_radius=3.0, **more)
    rows = rows_of_lines(header, table, kept.progress.records)
    counts = import_rows(rows, Asked(taker, 3.0, chunk), kept, write=room.database.write, tell=tell)
    assert isinstance(counts, Counter)
    return Imported(kept)


def import_text(room: Room, folder: Path, text: str, **more: Any) -> Imported:
    """Import a CSV table."""
    path = folder / "table.csv"
    path.write_text(text, encoding="utf-8")
    return import_file(room, path, **more)


def export(room: Room, path: Path, **asked: Any) -> Path:
    """Export targets."""
    from toros.data.targets.finding import find_numbers
    from workorders.finding import TargetFilter

    wanted = TargetFilter.model_validate(asked)
    numbers = room.database.read(
        lambda session: [number for _, number in find_numbers(session, wanted, viewer=ALL, now=0.0)]
    )
    with Spool(path.with_name(f"{path.name}.spool")) as spool:
        room.database.read(lambda session: spooled(session, numbers, spool))
    write_table(spool, format_of(path.name), path)
    return path
