"""Tables of text, block by block, with the line that every row stands on: CSV and its relatives, ECSV, columns."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from toros.data.processors.reading import Problems
from toros.errors import Permanent

__all__ = ["Block", "TextHead", "open_text", "text_blocks", "text_head"]

BLOCK = 50_000  # rows at a time
SAMPLE = 65536  # bytes that tell the encoding
HEAD = 400  # lines in which the header must stand
SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars", " ": "spaces"}


@dataclass(frozen=True)
class Block:
    """Some rows of a table, as columns.

    Attributes
    ----------
    columns : mapping of name to sequence
        Texts of a text file, arrays of a binary one.
    lines : sequence of int
        Where each row stands.
    """

    columns: Mapping[str, Sequence[Any]]
    lines: Sequence[int]


@dataclass(frozen=True)
class TextHead:
    """What stands before the rows.

    Attributes
    ----------
    columns : list of str
        As they are named.
    separator : str
    skipped : int
        Lines up to and with the header.
    comments : list of str
        Lines with a hash before them, without it.
    units : dict of str to str
        Of an ECSV's columns.
    """

    columns: list[str]
    separator: str
    skipped: int
    comments: list[str] = field(default_factory=list)
    units: dict[str, str] = field(default_factory=dict)


def open_text(path: Path) -> Any:
    """Open a text file; what is not UTF-8 is read as Latin-1, as older telescopes write."""
    with path.open("rb") as file:
        start = file.read(SAMPLE)
    try:
        (start[:-4] if len(start) == SAMPLE else start).decode("utf-8")  # a sample may end inside a letter
    except UnicodeDecodeError:
        return path.open(encoding="latin-1", newline="")
    return path.open(encoding="utf-8-sig", newline="", errors="replace")


def text_head(path: Path) -> TextHead:
    """Return the header of a table of text.

    A header may stand behind a hash, as ATLAS and Gaia Alerts write it: the last comment before the first row is taken
    for it where that row has as many cells and begins with a number or a date.

    Raises
    ------
    Permanent
        The file is empty, or has no header.
    """
    with open_text(path) as file:
        lines = [line.rstrip("\r\n") for line in islice(file, HEAD)]
    comments: list[tuple[int, str]] = []
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if not text:
            continue
        if text.startswith("#"):
            comments.append((number, text.lstrip("#").strip()))
            continue
        if _is_data(text):
            return _header_in_comment(comments, text, path)
        if number < len(lines) or any(c.isalpha() for c in text):
            separator = _separator(text)
            if separator is None and len(text.split()) == 1:
                comments.append((number, text))  # a title, such as the target's name
                continue
            columns = [name.strip() for name in _cells(text, separator or " ")]
            return TextHead(columns, separator or " ", number, [c for _, c in comments], _units(comments))
    if not any(line.strip() for line in lines):
        raise Permanent(f"{path.name} is empty: a header and rows are expected")
    raise Permanent(f"{path.name} has no header and rows: the first line names the columns")


def text_blocks(path: Path, head: TextHead, problems: Problems) -> Iterator[Block]:
    """Yield the rows below the header; those with another number of cells are problems."""
    width = len(head.columns)
    with open_text(path) as file:
        for _ in range(head.skipped):
            next(file)
        rows: list[list[str]] = []
        lines: list[int] = []
        for number, cells, line in _rows(file, head):
            if len(cells) != width:
                while len(cells) > width and not cells[-1].strip():
                    cells.pop()
                if len(cells) != width:
                    _misfit(problems, number, line, cells, head)
                    continue
            rows.append(cells)
            lines.append(number)
            if len(rows) == BLOCK:
                yield _block(head.columns, rows, lines)
                rows, lines = [], []
        if rows:
            yield _block(head.columns, rows, lines)


def _rows(file: Iterable[str], head: TextHead) -> Iterator[tuple[int, list[str], str]]:
    separator = head.separator
    for number, line in enumerate(file, start=head.skipped + 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        yield number, _cells(text if separator != "\t" else line.rstrip("\r\n"), separator), text


def _cells(text: str, separator: str) -> list[str]:
    if '"' in text:
        return next(csv.reader([text], delimiter=separator, skipinitialspace=True))
    return text.split() if separator == " " else text.split(separator)


def _block(columns: list[str], rows: list[list[str]], lines: list[int]) -> Block:
    return Block(dict(zip(columns, zip(*rows, strict=True), strict=True)), lines)


def _misfit(problems: Problems, number: int, line: str, cells: list[str], head: TextHead) -> None:
    width = len(head.columns)
    for other, words in SEPARATORS.items():
        if other != head.separator and len(_cells(line, other)) == width:
            problems.add(number, "", "", f"is separated by {words}, the header by {SEPARATORS[head.separator]}")
            return
    problems.add(number, "", "", f"has {len(cells)} cells, the header {width}")


def _separator(text: str) -> str | None:
    """Return what separates the cells of a header; None where there is only one cell."""
    counts = {separator: len(_cells(text, separator)) for separator in SEPARATORS if separator != " "}
    best = max(counts, key=lambda separator: counts[separator])
    if counts[best] > 1:
        return best
    return " " if len(text.split()) > 1 else None


def _is_data(text: str) -> bool:
    """Return True where a line begins with a number or a date: no header does."""
    first = text.replace(",", " ").replace(";", " ").replace("|", " ").split()
    cell = first[0].strip('"') if first else ""
    try:
        float(cell)
    except ValueError:
        return cell[:4].isdigit() and cell[4:5] == "-"
    return cell.lower() not in ("nan", "inf", "infinity")


def _header_in_comment(comments: list[tuple[int, str]], row: str, path: Path) -> TextHead:
    for number, text in reversed(comments):
        separator = _separator(text)
        if separator is not None and len(_cells(row, separator)) == len(_cells(text, separator)):
            columns = [name.strip() for name in _cells(text, separator)]
            return TextHead(columns, separator, number, [c for n, c in comments if n != number])
    raise Permanent(f"{path.name} has no header: its first line is {row[:60]!r}; the first line names the columns")


def _units(comments: list[tuple[int, str]]) -> dict[str, str]:
    """Return the units of the columns that the head of an ECSV gives."""
    if not comments or not comments[0][1].startswith("%ECSV"):
        return {}
    units = {}
    for _, text in comments:
        if text.startswith("- {") and "unit:" in text:
            pairs = dict(part.strip().partition(":")[::2] for part in text[3:].rstrip("}").split(","))
            units[pairs.get("name", "").strip().strip("'\"")] = pairs["unit"].strip().strip("'\"")
    return units
