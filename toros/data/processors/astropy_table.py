"""Binary tables, read as a whole by astropy (parquet by pyarrow) and handed on in blocks."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from toros.data.processors.text_table import Block
from toros.errors import Permanent

__all__ = ["open_table", "table_blocks"]

ROWS = 50_000  # at a time
EMPTY = ""


def table_blocks(table: Any) -> tuple[list[str], Iterator[Block]]:
    """Return the names of the columns and the rows of an astropy table; a row's line is its number, from 1."""
    columns = {name: _cells(table[name]) for name in table.colnames if table[name].ndim == 1}
    return list(columns), _blocks(columns, len(table))


def open_table(path: Path, format_: str) -> Any:
    """Return an astropy Table.

    Raises
    ------
    Permanent
        It is not of that format, or pyarrow is missing.
    """
    from astropy.io.votable import exceptions
    from astropy.table import Table

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of units and names of columns, which are judged elsewhere
            return _parquet(path) if format_ == "parquet" else Table.read(path, format=format_)
    except (OSError, ValueError, KeyError, TypeError, IndexError, exceptions.VOTableSpecError) as error:
        raise Permanent(f"{path.name} cannot be read as {format_}: {str(error).splitlines()[0][:200]}") from None


def _parquet(path: Path) -> Any:
    from astropy.table import Table

    try:
        import pyarrow.parquet as pq
    except ModuleNotFoundError:
        raise Permanent("parquet needs pyarrow: pip install pyarrow") from None
    read = pq.read_table(path)
    return Table({name: read[name].to_numpy() for name in read.column_names})


def _cells(column: Any) -> Any:
    """Return numbers as an array, with NaN for what is masked; anything else as texts."""
    import numpy as np
    from astropy.time import Time

    if isinstance(column, Time):
        return np.asarray(column.mjd, float)
    values = np.ma.asarray(column)
    if values.dtype.kind == "f":
        return np.asarray(values.filled(np.nan), float)
    if values.dtype.kind in "iu" and not np.ma.is_masked(values):
        return np.asarray(values)
    return [
        EMPTY if each is None else each.decode() if isinstance(each, bytes) else str(each) for each in values.tolist()
    ]


def _blocks(columns: dict[str, Any], length: int) -> Iterator[Block]:
    for start in range(0, length, ROWS):
        stop = min(start + ROWS, length)
        yield Block({name: cells[start:stop] for name, cells in columns.items()}, range(start + 1, stop + 1))
