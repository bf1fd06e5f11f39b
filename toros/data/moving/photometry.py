"""A TOM Toolkit's points as the table that it would have been uploaded as, so that one reader understands both."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from toros.data.moving.tom import TomPoint

__all__ = ["as_table"]

COLUMNS = {  # ours: theirs, the first that is there
    "filter": ("filter", "band"),
    "magnitude": ("magnitude", "mag"),
    "error": ("error", "magnitude_error", "magerr"),
    "limit": ("limit",),
    "telescope": ("telescope", "facility", "instrument"),
    "observer": ("observer",),
}


def as_table(points: Sequence[TomPoint], path: Path) -> list[int]:
    """Write points as a photometry table; return the row of the database that each line from the second on is."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["time", *COLUMNS, "source"])
        for point in points:
            cells = []
            for names in COLUMNS.values():
                value = next((point.value[name] for name in names if point.value.get(name) is not None), "")
                cells.append(" ".join(str(value).split()))
            writer.writerow([repr(point.mjd), *cells, " ".join(point.source.split())])
    return [point.id for point in points]
