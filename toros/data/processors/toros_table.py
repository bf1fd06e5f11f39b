"""Light curves as TOROS itself writes them, in CSV, ECSV, VOTable or parquet: read back whole."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from toros.data.processors.astropy_table import open_table, table_blocks
from toros.data.processors.cells import Rows, numbers, texts, times
from toros.data.processors.conversion import LONGEST, check_texts, flags_of, series_of
from toros.data.processors.options import PhotometryOptions
from toros.data.processors.reading import About, Points, Problems, Reading
from toros.data.processors.text_table import Block, text_blocks, text_head
from toros.errors import Permanent

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["read", "recognises"]

SERIES = ("band", "kind", "unit", "system", "source", "facility", "observer", "method", "time_scale", "time_reference")
NEEDED = ("mjd", "value", "error", "upper_limit", *SERIES, "flags")
KINDS = ("magnitude", "flux", "flux_per_wavelength", "counts")
SCALES, REFERENCES = ("utc", "tdb", "tt", "tai"), ("observatory", "geocentre", "heliocentre", "barycentre")
TRUE, FALSE = ("1", "true", "t"), ("0", "false", "f")
MARKS = (b"upper_limit", b"time_reference", b"bjd_tdb")


def recognises(start: bytes) -> bool:
    """Return True where a file names the columns that only TOROS has, or is parquet."""
    return start.startswith(b"PAR1") or all(mark in start for mark in MARKS)


def read(path: Path, options: PhotometryOptions) -> Reading:
    """Read a light curve that TOROS wrote; what the file says goes before what the sender says.

    Raises
    ------
    Permanent
        A column is missing.
    """
    problems = Problems()
    blocks, words = _opened(path, problems)
    points = Points.together([_points(block, options, problems) for block in blocks])
    return Reading(points, problems, "TOROS", (words,))


def _opened(path: Path, problems: Problems) -> tuple[Iterator[Block], str]:
    with path.open("rb") as file:
        start = file.read(4096)
    if start.startswith(b"PAR1"):
        columns, blocks = table_blocks(open_table(path, "parquet"))
        words = "parquet"
    elif b"<VOTABLE" in start:
        columns, blocks = table_blocks(open_table(path, "votable"))
        words = "VOTable"
    else:
        head = text_head(path)
        columns, blocks, words = head.columns, text_blocks(path, head, problems), "text"
    missing = [name for name in NEEDED if name not in columns]
    if missing:
        raise Permanent(f"{path.name} is not a light curve of TOROS: the columns {', '.join(missing)} are missing")
    return blocks, f"{words}, as TOROS writes light curves"


def _points(block: Block, options: PhotometryOptions, problems: Problems) -> Points:
    import numpy as np

    columns, rows = block.columns, Rows(block.lines, problems)
    time = times(columns["mjd"], "mjd", rows, offset=options.time_offset)
    value, error, flags = (numbers(columns[name], name, rows) for name in ("value", "error", "flags"))
    limit = [text.lower() for text in texts(columns["upper_limit"])]
    said = {name: texts(columns[name]) for name in SERIES}
    rows.refuse(~np.isfinite(value), "value", columns["value"], "is not a finite number")
    rows.refuse((error < 0) | np.isinf(error), "error", columns["error"], "is not a finite number from 0")
    neither = np.array([word not in TRUE + FALSE for word in limit])
    rows.refuse(neither, "upper_limit", columns["upper_limit"], "is neither true nor false")
    for name, allowed in (("kind", KINDS), ("time_scale", SCALES), ("time_reference", REFERENCES)):
        wrong = np.array([word not in allowed for word in said[name]])
        rows.refuse(wrong, name, columns[name], f"is none of {', '.join(allowed)}")
    for name, words in said.items():
        check_texts(words, name, LONGEST.get(name, 64), rows)
    rows.refuse(np.array([not word for word in said["band"]]), "band", said["band"], "is empty")
    series, about = series_of(list(said.values()), _about)
    marks = flags_of(flags, "flags", columns["flags"], rows)
    return Points(
        time=time, value=value, error=error, upper_limit=np.array([word in TRUE for word in limit]),
        flags=marks, line=np.asarray(block.lines, np.int64), series=series, about=about,
    ).take(np.flatnonzero(rows.good))  # fmt: skip


def _about(row: tuple[str, ...]) -> About:
    return About(**dict(zip(SERIES, row, strict=True)))
