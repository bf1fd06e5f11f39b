"""Photometry in a table: CSV, ECSV, plain columns, VOTable, FITS table; the layouts of the TOM and of BHTOM."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from toros.data.processors.astropy_table import open_table, table_blocks
from toros.data.processors.conversion import points_of
from toros.data.processors.layout import Layout, layout_of
from toros.data.processors.options import PhotometryOptions
from toros.data.processors.reading import Points, Problems, Reading
from toros.data.processors.text_table import SEPARATORS, Block, text_blocks, text_head
from toros.errors import Permanent

__all__ = ["read"]


def read(path: Path, options: PhotometryOptions) -> Reading:
    """Read a table of photometry.

    Raises
    ------
    Permanent
        It is no table, or has no column of the time or of a magnitude or flux.
    """
    problems = Problems()
    layout, blocks, words = _opened(path, options, problems)
    points = Points.together([points_of(block, layout, options, problems) for block in blocks])
    if not len(points) and not len(problems):
        raise Permanent(f"{path.name} has a header and no rows")
    return Reading(points, problems, layout.name, (words, *layout.remarks))


def _opened(path: Path, options: PhotometryOptions, problems: Problems) -> tuple[Layout, Iterator[Block], str]:
    with path.open("rb") as file:
        start = file.read(4096)
    if start.startswith(b"SIMPLE  ="):
        return _binary(path, "fits", options)
    if b"<VOTABLE" in start:
        return _binary(path, "votable", options)
    if b"\x00" in start:
        raise Permanent(f"{path.name} is neither text, VOTable nor FITS")
    head = text_head(path)
    if any("__serialized_columns__" in comment for comment in head.comments):
        return _binary(path, "ascii.ecsv", options)
    layout = layout_of(head.columns, options, units=head.units)
    kind = "ECSV" if head.comments and head.comments[0].startswith("%ECSV") else "text"
    words = f"{kind}, cells separated by {SEPARATORS[head.separator]}, header in line {head.skipped}"
    return layout, text_blocks(path, head, problems), words


def _binary(path: Path, format_: str, options: PhotometryOptions) -> tuple[Layout, Iterator[Block], str]:
    table = open_table(path, format_)
    units = {name: str(table[name].unit) for name in table.colnames if getattr(table[name], "unit", None)}
    columns, blocks = table_blocks(table)
    return layout_of(columns, options, units=units), blocks, f"{format_} table of {len(table)} rows"
