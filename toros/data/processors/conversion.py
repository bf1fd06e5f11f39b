"""From the rows of a table to points: values, limits and the series that each belongs to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from toros.data.processors.cells import Rows, limits, numbers, texts, times
from toros.data.processors.layout import PER_WAVELENGTH, Layout
from toros.data.processors.options import PhotometryOptions
from toros.data.processors.reading import About, Points, Problems
from toros.data.processors.text_table import Block

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["LONGEST", "check_texts", "flags_of", "points_of", "series_of"]

BRIGHTEST, FAINTEST = -30.0, 40.0  # magnitudes
MOST_FLAGS = 2.0**53
LONGEST = {"band": 32, "facility": 128, "observer": 128, "source": 64, "system": 32}  # characters
KINDS = {"counts": "counts", PER_WAVELENGTH: "flux_per_wavelength"}  # of fluxes, by their unit
NO_MEASUREMENT = 90.0  # 99, 99.99 and the like


def points_of(block: Block, layout: Layout, options: PhotometryOptions, problems: Problems) -> Points:
    """Return the rows of a block that can be taken as points; each of the others is a problem."""
    import numpy as np

    columns, roles = block.columns, layout.roles
    rows = Rows(block.lines, problems)
    time = times(columns[roles["time"]], roles["time"], rows, format_=layout.time_format, offset=options.time_offset)
    cells, marked = limits(columns[roles["value"]])
    value = numbers(cells, roles["value"], rows)
    error = _optional(block, layout, "error", rows)
    limit = _optional(block, layout, "limit", rows)
    upper_limit = _upper_limits(value, error, limit, marked, layout)
    _check(block, layout, value, error, upper_limit, rows)
    marks = roles.get("flags", "flags")
    flags = flags_of(_optional(block, layout, "flags", rows), marks, columns.get(marks, ()), rows)
    series, about = _series(block, layout, options, rows)
    return Points(
        time=time, value=value * layout.factor, error=np.where(upper_limit, np.nan, error) * layout.factor,
        upper_limit=upper_limit, flags=flags, line=np.asarray(block.lines, np.int64), series=series, about=about,
    ).take(np.flatnonzero(rows.good))  # fmt: skip


def _optional(block: Block, layout: Layout, role: str, rows: Rows) -> NDArray[np.float64]:
    import numpy as np

    column = layout.roles.get(role)
    if column is None:
        return np.full(len(block.lines), np.nan)
    cells, _ = limits(block.columns[column])
    return numbers(cells, column, rows)


def _upper_limits(
    value: NDArray[np.float64], error: NDArray[np.float64], limit: NDArray[np.float64], marked: NDArray[np.bool_],
    layout: Layout,
) -> NDArray[np.bool_]:  # fmt: skip
    """Return which rows are upper limits, and put the limit in the place of the value where it stands beside it."""
    import numpy as np

    upper_limit = marked.copy()
    if layout.minus_one_is_limit:
        upper_limit |= error == -1
    if layout.kind == "magnitude":
        beside = ~np.isfinite(value) | (value >= NO_MEASUREMENT)
        beside &= np.isfinite(limit)
        value[beside] = limit[beside]
        upper_limit |= beside
    return upper_limit


def _check(
    block: Block, layout: Layout, value: NDArray[np.float64], error: NDArray[np.float64],
    upper_limit: NDArray[np.bool_], rows: Rows,
) -> None:  # fmt: skip
    """Refuse the rows whose value or error cannot be."""
    import numpy as np

    name = layout.roles["value"]
    cells = block.columns[name]
    if layout.kind == "magnitude":
        beside = ", and there is no limit beside it"
        rows.refuse(value >= NO_MEASUREMENT, name, cells, f"stands for no measurement{beside}")
        rows.refuse(~np.isfinite(value), name, cells, f"is not a finite number{beside}")
        outside = (value < BRIGHTEST) | (value > FAINTEST)
        rows.refuse(outside, name, cells, f"is no magnitude: {BRIGHTEST:g} to {FAINTEST:g} are allowed")
    rows.refuse(~np.isfinite(value), name, cells, "is not a finite number")
    column = layout.roles.get("error")
    if column is not None:
        cells = block.columns[column]
        below = "is below 0 (only BHTOM's layout marks a limit by an error of -1)"
        rows.refuse(~upper_limit & (error < 0), column, cells, below)
        rows.refuse(~upper_limit & np.isinf(error), column, cells, "is not a finite number")


def check_texts(found: Sequence[str], column: str, longest: int, rows: Rows) -> None:
    """Refuse the rows whose text is too long, or cannot be shown: it becomes names of files and parts of pages."""
    import numpy as np

    rows.refuse(
        np.array([len(text) > longest for text in found]), column, found, f"is longer than {longest} characters"
    )
    rows.refuse(np.array([not text.isprintable() for text in found]), column, found, "has signs that cannot be shown")


def flags_of(
    found: NDArray[np.float64], name: str, cells: Sequence[Any] | NDArray[Any], rows: Rows
) -> NDArray[np.int64]:
    """Return flags as whole numbers, 0 where there is none; refuse the rows where they are not."""
    import numpy as np

    flags = np.nan_to_num(found, nan=0.0, posinf=-1.0, neginf=-1.0)
    wrong = (flags < 0) | (flags > MOST_FLAGS) | (flags != np.floor(flags))
    rows.refuse(wrong, name, cells, "is not a whole number of at most 53 bits")
    return np.where(wrong, 0.0, flags).astype(np.int64)


def series_of(
    given: Sequence[Sequence[str]], make: Callable[[tuple[str, ...]], About]
) -> tuple[NDArray[np.int32], tuple[About, ...]]:
    """Return for every row the position of its series, made from the texts that tell rows apart."""
    import numpy as np

    places: dict[tuple[str, ...], int] = {}
    positions = [places.setdefault(row, len(places)) for row in zip(*given, strict=True)]
    return np.array(positions, np.int32), tuple(make(row) for row in places)


def _series(
    block: Block, layout: Layout, options: PhotometryOptions, rows: Rows
) -> tuple[NDArray[np.int32], tuple[About, ...]]:
    import numpy as np

    given = []
    for role, longest in LONGEST.items():
        column = layout.roles.get(role)
        otherwise = getattr(options, role) or ""
        if column is None:
            given.append([otherwise] * len(block.lines))
            continue
        found = [text or otherwise for text in texts(block.columns[column])]
        check_texts(found, column, longest, rows)
        if role == "band":
            rows.refuse(np.array([not text for text in found]), column, found, "is empty: say filter")
        given.append(found)

    def about(row: tuple[str, ...]) -> About:
        band, facility, observer, source, system = row
        return About(
            band=band, facility=facility, observer=observer, source=source,
            system=system if layout.kind == "magnitude" else "",
            kind=KINDS.get(layout.unit, layout.kind), unit=layout.unit, method=options.method or "",
            time_scale=layout.time_scale, time_reference=layout.time_reference,
        )  # fmt: skip

    return series_of(given, about)
