"""From the rows that a processor yields to points: for processors that are a few lines long."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from toros.data.processors.conversion import points_of
from toros.data.processors.layout import layout_of
from toros.data.processors.options import PhotometryOptions
from toros.data.processors.reading import Points, Problems, Reading
from toros.data.processors.text_table import Block
from toros.errors import Permanent

__all__ = ["reading_of_rows"]

TOGETHER = 10_000  # rows that are converted at once


def reading_of_rows(rows: Iterable[Mapping[str, Any]], options: PhotometryOptions) -> Reading:
    """Return what a processor yields as a reading; a row that cannot be taken is a problem, the others are kept.

    Parameters
    ----------
    rows : iterable of mapping
        Each with the columns of a table of photometry, such as mjd, magnitude, error, filter; all with those of the
        first. `line`, where it is given, says where in the file the row stands; else rows are counted from 1.
    options : PhotometryOptions
        What rows do not say themselves.

    Raises
    ------
    Permanent
        There are none, or they have no column of the time or of a magnitude or flux.
    """
    problems, parts, layout, count = Problems(), [], None, 0
    waiting = iter(rows)
    while block := list(islice(waiting, TOGETHER)):
        columns = [name for name in block[0] if name != "line"]
        layout = layout or layout_of(columns, options)
        cells = {name: [_cell(row.get(name)) for row in block] for name in columns}
        lines = [int(row.get("line", count + i)) for i, row in enumerate(block, 1)]
        parts.append(points_of(Block(cells, lines), layout, options, problems))
        count += len(block)
    if layout is None:
        raise Permanent("the processor found no row in the file")
    return Reading(Points.together(parts), problems, "rows", layout.remarks)


def _cell(value: Any) -> str:
    return "" if value is None else str(value)
