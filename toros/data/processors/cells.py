"""From cells to numbers and times: whole columns at once, and cell by cell where one of them cannot be read."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from toros.data.processors.options import TimeFormat
from toros.data.processors.reading import MICROSECONDS_A_DAY, Problems

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["EARLIEST", "LATEST", "Rows", "limits", "numbers", "texts", "times"]

EARLIEST, LATEST = 9542.0, 88069.0  # MJD: 1885, when Harvard took its first plates, to 2100
JD_OF_MJD = 2_400_000.5
LOOKS_LIKE_JD = 2_400_000.0
EMPTY = frozenset({"", "-", "--", "none", "null", "n/a", "masked"})


class Rows:
    """The rows of a block while they are read: which of them can still be taken.

    Parameters
    ----------
    lines : sequence of int
        Where each stands.
    problems : Problems
        Told of every row that cannot be taken, once.
    """

    def __init__(self, lines: Sequence[int], problems: Problems) -> None:
        import numpy as np

        self.lines = lines
        self.problems = problems
        self.good = np.ones(len(lines), bool)

    def refuse(self, wrong: NDArray[np.bool_], name: str, cells: Sequence[Any] | NDArray[Any], reason: str) -> None:
        """Refuse the rows that are wrong and were good until now."""
        import numpy as np

        for i in np.flatnonzero(self.good & wrong).tolist():
            self.problems.add(self.lines[i], name, cells[i], reason)
        self.good &= ~wrong

    def refuse_one(self, i: int, name: str, cell: Any, reason: str) -> None:
        """Refuse one row."""
        if self.good[i]:
            self.problems.add(self.lines[i], name, cell, reason)
        self.good[i] = False


def numbers(cells: Sequence[Any] | NDArray[Any], name: str, rows: Rows) -> NDArray[np.float64]:
    """Return a column as numbers; NaN for an empty cell. Rows with another text are refused."""
    import numpy as np

    if isinstance(cells, np.ndarray) and cells.dtype.kind in "fiu":
        return np.ma.filled(cells.astype(float), np.nan)
    try:
        return np.array([float(cell) if cell else math.nan for cell in cells])
    except (TypeError, ValueError):
        return _one_by_one(cells, name, rows)


def _one_by_one(cells: Sequence[Any] | NDArray[Any], name: str, rows: Rows) -> NDArray[np.float64]:
    import numpy as np

    values = np.full(len(cells), np.nan)
    for i, cell in enumerate(cells):
        if _is_empty(cell):
            continue
        try:
            values[i] = float(cell)
        except (TypeError, ValueError):
            rows.refuse_one(i, name, cell, "is not a number")
    return values


def _is_empty(cell: Any) -> bool:
    return cell is None or str(cell).strip().lower() in EMPTY


def limits(cells: Sequence[Any] | NDArray[Any]) -> tuple[Sequence[Any] | NDArray[Any], NDArray[np.bool_]]:
    """Return a column of magnitudes without the signs > or < of upper limits, and which had one."""
    import numpy as np

    marked = np.zeros(len(cells), bool)
    if isinstance(cells, np.ndarray) and cells.dtype.kind in "fiu":
        return cells, marked
    if not any(">" in cell or "<" in cell for cell in map(str, cells)):
        return cells, marked
    without = []
    for i, cell in enumerate(map(str, cells)):
        text = cell.strip()
        marked[i] = text[:1] in ("<", ">")
        without.append(text[1:] if marked[i] else text)
    return without, marked


def texts(cells: Sequence[Any] | NDArray[Any]) -> list[str]:
    """Return a column as texts, without spaces around them; empty where a cell is."""
    found = [(cell.decode() if isinstance(cell, bytes) else str(cell)).strip().strip('"') for cell in cells]
    return ["" if text.lower() in EMPTY or text == "nan" else text for text in found]


def times(
    cells: Sequence[Any] | NDArray[Any], name: str, rows: Rows, *, format_: TimeFormat = "mjd", offset: float = 0.0
) -> NDArray[np.int64]:
    """Return a column of times as microseconds since MJD 0; rows that have none are refused.

    Every MJD goes the same way, through the nearest 64 bit float, so that a time from a file of text meets the same
    time from a binary one. Julian dates of text are first shortened to MJD, before 40 microseconds are lost.
    """
    import numpy as np

    if format_ == "iso":
        mjd = _mjd_of_iso(cells, name, rows)
    elif format_ == "jd":
        mjd = _mjd_of_jd(cells, name, rows)
    else:
        mjd = numbers(cells, name, rows)
    mjd = mjd + offset if offset else mjd
    sensible = (mjd >= EARLIEST) & (mjd <= LATEST)
    for i in np.flatnonzero(rows.good & ~sensible).tolist():
        rows.refuse_one(i, name, cells[i], _why_not(mjd[i], format_))
    mjd = np.where(sensible, mjd, 0.0)
    day = np.floor(mjd)
    return (day.astype(np.int64) * MICROSECONDS_A_DAY) + np.rint((mjd - day) * MICROSECONDS_A_DAY).astype(np.int64)


def _why_not(mjd: float, format_: TimeFormat) -> str:
    if math.isnan(mjd):
        return "is not a time"
    if format_ == "mjd" and LOOKS_LIKE_JD + EARLIEST <= mjd <= LOOKS_LIKE_JD + LATEST:
        return "looks like a Julian date where MJD is expected: take 2400000.5 off, or say time_format: jd"
    if format_ == "jd" and EARLIEST <= mjd + JD_OF_MJD <= LATEST:
        return "looks like MJD where a Julian date is expected: say time_format: mjd"
    if mjd < EARLIEST:
        return f"lies before MJD {EARLIEST:g}: days are left out; say time_offset"
    return f"lies outside MJD {EARLIEST:g} to {LATEST:g}"


def _mjd_of_jd(cells: Sequence[Any] | NDArray[Any], name: str, rows: Rows) -> NDArray[np.float64]:
    import numpy as np

    if isinstance(cells, np.ndarray) and cells.dtype.kind in "fiu":
        return numbers(cells, name, rows) - JD_OF_MJD
    values = np.full(len(cells), np.nan)
    for i, cell in enumerate(cells):
        whole, point, fraction = str(cell).strip().partition(".")
        try:
            values[i] = int(whole) - 2_400_001 + (0.5 + (float(f"0.{fraction}") if fraction else 0.0))
        except ValueError:
            rows.refuse_one(i, name, cell, "is not a time" if _is_empty(cell) else "is not a number")
    return values


def _mjd_of_iso(cells: Sequence[Any] | NDArray[Any], name: str, rows: Rows) -> NDArray[np.float64]:
    import numpy as np

    values = np.full(len(cells), np.nan)
    for i, cell in enumerate(texts(cells)):
        try:
            values[i] = _mjd_of_text(cell)
        except ValueError:
            rows.refuse_one(i, name, cell, "is not an ISO 8601 time, such as 2026-11-20T02:14:05.123")
    return values


def _mjd_of_text(text: str) -> float:
    """Return the MJD of an ISO time, or of a date with a fraction of a day, such as 2017-09-03.97."""
    from datetime import UTC, datetime

    text, _, rest = text.partition(".") if text.count("-") == 2 and ":" not in text else (text, "", "")
    moment = datetime.fromisoformat(text)
    moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    since = moment - datetime(1858, 11, 17, tzinfo=UTC)
    return (
        since.days
        + since.seconds / 86400
        + since.microseconds / MICROSECONDS_A_DAY
        + (float(f"0.{rest}") if rest else 0)
    )
