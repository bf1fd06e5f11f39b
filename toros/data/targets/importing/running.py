"""An import from its first row to its last: read, checked, prepared, and taken in short transactions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Protocol, TypeVar

from toros.data.targets.importing.prepared import prepared
from toros.data.targets.importing.problems import Problem
from toros.data.targets.importing.reading import Line
from toros.data.targets.importing.rows import Header, Row

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from toros.data.targets.importing.journal import Journal
    from toros.data.targets.importing.prepared import Prepared
    from toros.data.targets.importing.taking import Taken, Taker

__all__ = ["Asked", "import_rows", "rows_of_lines"]

T = TypeVar("T")
BLOCK = 4000  # rows prepared together: what astropy does costs as much for one as for some hundred
CHUNK = 300  # rows in one transaction, so that none is long


class Write(Protocol):
    """Runs a change in a transaction of its own, as `Database.write` does."""

    def __call__(self, change: Callable[[Session], T]) -> T: ...


@dataclass(frozen=True)
class Asked:
    """How rows are to be taken.

    Attributes
    ----------
    taker : Taker
    match_radius : float
        A target within this distance is the same one; arcseconds.
    chunk : int
        Rows in one transaction.
    """

    taker: Taker
    match_radius: float
    chunk: int = CHUNK


def rows_of_lines(header: Header, lines: Iterable[Line | Problem], skip: int = 0) -> Iterator[Row | Problem]:
    """Yield what each line of a table says, or what is wrong with it; the first ones can be skipped unread."""
    for line in islice(lines, skip, None):
        yield line if isinstance(line, Problem) else header.read(line.number, line.cells)


def import_rows(
    rows: Iterable[Row | Problem], asked: Asked, journal: Journal, *, write: Write, tell: Callable[[int], None]
) -> Counter[str]:
    """Take rows into the database, and return how many were `new`, `same`, `changed` and `refused`.

    Parameters
    ----------
    rows : iterable of Row or Problem
        Those that the journal does not know of yet.
    asked : Asked
    journal : Journal
        Is told of each chunk when it is durable.
    write : callable
        Runs a change in a transaction of its own.
    tell : callable
        Is told how many rows are done; may raise to stop.
    """
    source = iter(rows)

    def block() -> Block:
        return _prepared(list(islice(source, BLOCK)), asked.match_radius)

    with ThreadPoolExecutor(1, "rows") as ahead:  # the next rows are prepared while these are written
        coming = ahead.submit(block)
        while (current := coming.result()).rows:
            coming = ahead.submit(block)
            _take(current, asked, journal, write, tell)
    return journal.progress.counts


@dataclass(frozen=True, slots=True)
class Block:
    """Some rows: how many, those that are ready to be taken, and what is wrong with the others, by line."""

    rows: int
    ready: list[Prepared]
    problems: list[Problem]


def _prepared(rows: Sequence[Row | Problem], match_radius: float) -> Block:
    ready, problems = prepared([row for row in rows if isinstance(row, Row)], match_radius)
    problems += [row for row in rows if isinstance(row, Problem)]
    return Block(len(rows), ready, sorted(problems, key=lambda problem: problem.line))


def _take(block: Block, asked: Asked, journal: Journal, write: Write, tell: Callable[[int], None]) -> None:
    """Take a block's rows in short transactions, each noted once it is durable."""
    ready, first = block.ready, block.problems
    for start in range(0, len(ready), asked.chunk):
        chunk = ready[start : start + asked.chunk]
        last = chunk[-1].row.line
        if start + asked.chunk >= len(ready):
            before, first = first, []
        else:
            before = [problem for problem in first if problem.line <= last]
            first = first[len(before) :]
        taken = write(partial(asked.taker.take, rows=chunk))
        _note(journal, taken, before, len(chunk))
        tell(journal.progress.records)
    if first:
        journal.done(len(first), Counter(), first)


def _note(journal: Journal, taken: Taken, before: Sequence[Problem], rows: int) -> None:
    counts = taken.counts.copy()
    if taken.listed:
        counts["listed"] += taken.listed
    problems = sorted([*before, *taken.problems], key=lambda problem: problem.line)
    journal.done(rows + len(before), counts, problems)
