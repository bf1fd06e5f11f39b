"""A store's file in memory: what will be read is asked for all at once, so that the disk fetches it side by side."""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from toros.sky.healpix import ORDER

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Rows = NDArray[np.int64]

__all__ = ["COARSE", "COARSE_PIXELS", "PAGE", "Pages"]

PAGE = 4096
COARSE = 6  # order of the pixels whose first rows are kept
COARSE_PIXELS = 12 * 4**COARSE
APART = 8192  # rows between two ranges that are asked for together


@dataclass(frozen=True, eq=False)
class Pages:
    """A mapped file.

    Attributes
    ----------
    map : mmap
    layout : dict
        Type and first byte of each column.
    before : ndarray of int64
        Rows before each pixel of order 6.
    """

    map: mmap.mmap
    layout: dict[str, tuple[np.dtype[Any], int]]
    before: Rows

    def about(self, start: Rows, end: Rows) -> tuple[Rows, Rows]:
        """Return ranges of rows that hold those of ranges of pixels of order 29, and some more."""
        shift = 2 * (ORDER - COARSE)
        return self.before[start >> shift], self.before[((end - 1) >> shift) + 1]

    def prefetch(self, name: str, first: Rows, behind: Rows) -> None:
        """Ask for ranges of rows of a column, ascending; those near each other together."""
        import numpy as np

        behind = np.maximum.accumulate(behind)
        apart = first[1:] > behind[:-1] + APART
        first, behind = first[np.append(True, apart)], behind[np.append(apart, True)]
        kind, offset = self.layout[name]
        begins = (offset + first * kind.itemsize) // PAGE * PAGE
        for begin, end in zip(begins.tolist(), (offset + behind * kind.itemsize).tolist(), strict=True):
            if end > begin:
                self.map.madvise(mmap.MADV_WILLNEED, begin, end - begin)

    def release(self) -> None:
        """Give back the memory that the file takes; it is read again when it is wanted."""
        self.map.madvise(mmap.MADV_DONTNEED)
