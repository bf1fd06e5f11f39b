"""The galaxies in some cells of a map, so many at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from toros.alerts.galaxies import Galaxies
    from toros.alerts.skymap import Skymap

    Rows = NDArray[np.int64]

__all__ = ["Selection", "selections"]

AT_ONCE = 1 << 17  # galaxies: some 10 MB of numbers on the way
MANY = 16  # times as many, above which pages of the catalogue are given back on the way


@dataclass(frozen=True, eq=False)
class Selection:
    """Rows of a catalogue, and the cells of a map that they lie in.

    Attributes
    ----------
    galaxies : Galaxies
    rows : ndarray of int64, shape (galaxies,), or slice
        Ascending.
    cells, counts : ndarray of int64, shape (cells,)
        The cells in order, and how many of the rows lie in each.
    of_many : bool
        There are so many selections that their memory is to be given back.
    """

    galaxies: Galaxies
    rows: Rows | slice
    cells: Rows
    counts: Rows
    of_many: bool

    def cells_at(self, places: Rows) -> Rows:
        """Return the cells of some of the rows here."""
        import numpy as np

        return self.cells[np.searchsorted(np.cumsum(self.counts), places, side="right")]

    def column(self, name: str) -> NDArray[Any]:
        """Return a column of the catalogue for the rows."""
        return self.galaxies.columns[name][self.rows]

    def of_cell(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return values of `cells` for each of the rows."""
        import numpy as np

        return np.repeat(values, self.counts)

    def rows_at(self, places: Rows) -> Rows:
        """Return the rows in the catalogue of some of the rows here."""
        return places + self.rows.start if isinstance(self.rows, slice) else self.rows[places]


def selections(
    skymap: Skymap, galaxies: Galaxies, cells: Rows, wanted: Sequence[str], at_once: int = AT_ONCE
) -> Iterator[Selection]:
    """Yield the galaxies in some cells, `at_once` at a time, in the order of the sky.

    Parameters
    ----------
    skymap : Skymap
    galaxies : Galaxies
    cells : ndarray of int64
        Ascending.
    wanted : sequence of str
        The columns that will be looked at.
    at_once : int
    """
    import numpy as np

    first, behind = galaxies.rows_between(skymap.start[cells], skymap.end[cells])
    filled = behind > first
    cells, first, counts = cells[filled], first[filled], (behind - first)[filled]
    reached = np.cumsum(counts)
    total = int(reached[-1]) if reached.size else 0
    of_many = total > MANY * at_once
    if not of_many:
        galaxies.prefetch(wanted, first, first + counts)
    for begin in range(0, total, at_once):
        stop = min(begin + at_once, total)
        low, high = np.searchsorted(reached, [begin, stop - 1], side="right")
        here = slice(int(low), int(high) + 1)
        starts, lengths = first[here].copy(), counts[here].copy()
        done = begin - (int(reached[low]) - int(counts[low]))  # of the first cell, in the selection before
        starts[0], lengths[0] = starts[0] + done, lengths[0] - done
        lengths[-1] -= int(reached[high]) - stop
        if of_many:
            galaxies.prefetch(wanted, starts, starts + lengths)
        yield Selection(galaxies, _rows(starts, lengths), cells[here], lengths, of_many)


def _rows(starts: Rows, lengths: Rows) -> Rows | slice:
    """Return the rows of several ranges, one after the other; a slice where they leave no gap."""
    import numpy as np

    total = int(lengths.sum())
    if int(starts[-1] + lengths[-1] - starts[0]) == total:
        return slice(int(starts[0]), int(starts[0]) + total)
    before = np.cumsum(lengths) - lengths
    return np.repeat(starts - before, lengths) + np.arange(total)


class Best:
    """The heaviest galaxies so far, with what goes with each.

    Parameters
    ----------
    most : int
        How many are kept.

    Attributes
    ----------
    kept : tuple of ndarray
        Weights, and the other columns; in no order. Empty before anything was added.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.kept: tuple[NDArray[Any], ...] = ()

    @property
    def least(self) -> float:
        """What a galaxy must exceed to be kept."""
        if not self.most:
            return float("inf")
        full = bool(self.kept) and self.kept[0].size >= self.most
        return float(self.kept[0].min()) if full else -float("inf")

    def add(self, weight: NDArray[Any], *others: NDArray[Any]) -> None:
        """Take in galaxies, and forget those that are too light."""
        import numpy as np

        heavy = np.flatnonzero(weight > self.least)
        new = tuple(each[heavy] for each in (weight, *others))
        both = tuple(np.concatenate(pair) for pair in zip(self.kept, new, strict=True)) if self.kept else new
        if both[0].size > self.most:
            heaviest = np.argpartition(-both[0], self.most - 1)[: self.most]
            both = tuple(each[heaviest] for each in both)
        self.kept = both
