"""Reading a text table line by line: a file of any length takes no more memory than its longest row."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from toros.data.targets.importing.problems import Problem
from toros.errors import Permanent

__all__ = ["Line", "TextTable", "format_of"]

DELIMITERS = ",;\t|"
LONGEST = 1_000_000  # characters of one line
MOST_COLUMNS = 1000
ENDINGS = {
    ".csv": "csv", ".txt": "csv", ".tsv": "csv", ".dat": "csv", ".ecsv": "ecsv", ".xml": "votable", ".vot": "votable",
    ".votable": "votable", ".fits": "fits", ".fit": "fits", ".fits.gz": "fits",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a table.

    Attributes
    ----------
    number : int
        The line that it ends in.
    cells : sequence of str
    """

    number: int
    cells: Sequence[str]


def format_of(name: str) -> str:
    """Return the kind of table that a file is, by the ending of its name.

    Raises
    ------
    Permanent
        No such ending is known.
    """
    low = name.casefold()
    found = next((kind for ending, kind in ENDINGS.items() if low.endswith(ending)), None)
    if found is None:
        raise Permanent(f"format: {name[-80:]!r} does not say what it is; allowed: csv, ecsv, votable, fits")
    return found


class TextTable:
    """A text table: its header, and an iterator over the rows below; blank lines are left out.

    Lines that begin with # before the header are comments. The header tells the delimiter: , ; | or a tabulator.

    Parameters
    ----------
    path : Path

    Attributes
    ----------
    header : list of str

    Raises
    ------
    Permanent
        The file has no header, is not UTF-8, or has a line that is too long; the iterator raises it too.
    """

    def __init__(self, path: Path) -> None:
        self._lines = _Lines(path)
        first = next((line for line in self._lines if line.strip() and not line.startswith("#")), None)
        if first is None:
            raise Permanent("the file has no line with the names of the columns")
        self._delimiter = max(DELIMITERS, key=first.count)
        (self.header,) = csv.reader([first], delimiter=self._delimiter, skipinitialspace=True)
        if len(self.header) > MOST_COLUMNS:
            raise Permanent(f"the table has {len(self.header)} columns; allowed: up to {MOST_COLUMNS}")

    @property
    def done(self) -> float:
        """How much of the file is read; 0 to 1."""
        return self._lines.done

    def __iter__(self) -> Iterator[Line | Problem]:
        reader = csv.reader(self._lines, delimiter=self._delimiter, skipinitialspace=True, strict=True)
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield Problem(self._lines.number, f"the row cannot be read: {error}")
                continue
            if any(cell.strip() for cell in cells):
                yield Line(self._lines.number, cells)


class _Lines:
    """The lines of a file, of bounded length, counted; the file is closed at its end."""

    def __init__(self, path: Path) -> None:
        self.number = 0
        self._characters = 0  # near enough to bytes, and another thread may look at it
        self._size = max(1, path.stat().st_size)
        self._stream: TextIO | None = path.open(encoding="utf-8-sig", newline="")

    @property
    def done(self) -> float:
        return 1.0 if self._stream is None else min(1.0, self._characters / self._size)

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if self._stream is None:
            raise StopIteration
        try:
            line = self._stream.readline(LONGEST + 1)
        except UnicodeDecodeError:
            self._close()
            raise Permanent(f"line {self.number + 1}: the file is not UTF-8 text from about here on") from None
        if not line:
            self._close()
            raise StopIteration
        self.number += 1
        self._characters += len(line)
        if len(line) > LONGEST:
            self._close()
            raise Permanent(f"line {self.number}: is longer than {LONGEST} characters; is this a text table?")
        return line

    def _close(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def __del__(self) -> None:
        self._close()
