"""How much memory a product takes while it is made, and so how many may be under way together.

The figures were measured on frames of 2048 x 2048 to 10560 x 10560 pixels, each made in a fresh process. A peak is a
base, for the libraries and their compiled kernels, and some bytes for each pixel of the product: 11 of an ordinary
frame, whether cosmic rays are looked for or not, 15 of a master, up to 20 where a frame is crowded or compressed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

__all__ = ["BARE", "Need", "Room", "need_to_look", "need_to_make"]

MEBIBYTE = float(1 << 20)
BASE = 256.0  # MiB of memory: Python and its libraries
ADDRESSES = 440.0  # MiB of addresses that these ask for, used or not
LEAST, MOST = 8, 20  # bytes of a pixel of the product
ROW = 20  # bytes of a pixel of one row of each frame to combine: as it is stored, as numbers, its error and flags
OPEN = 0.1  # MiB of a frame that is open: its header and its buffers
PACKED = 3  # times the size of a tile-compressed file: its bytes, and the copies that the library unpacks
UNPACKED = 6  # times the size of a packed file that is looked at: gzip is unpacked whole


@dataclass(frozen=True)
class Need:
    """What one piece of work takes.

    Attributes
    ----------
    memory : float
        At the peak, of a crowded frame; MiB.
    addresses : float
        Address space beyond that of a bare process, of an empty frame; MiB.
    what : str
        What it is, for a person.
    """

    memory: float = BASE
    addresses: float = ADDRESSES
    what: str = "a frame"


BARE = Need()
"""What any work takes."""


def need_to_look(size: int, *, packed: bool, most: int) -> Need:
    """Return what it takes to look at a file; a plain one is read a few rows at a time.

    Parameters
    ----------
    size : int
        Of the file; bytes.
    packed : bool
        By gzip or tile by tile.
    most : int
        Bytes that it may unpack to before it is refused.
    """
    return Need(BASE + min(most, UNPACKED * size) / MEBIBYTE) if packed else BARE


def need_to_make(shape: tuple[int, int], *, packed: int = 0, frames: int = 1) -> Need:
    """Return what it takes to make a product.

    Parameters
    ----------
    shape : (int, int)
        Rows and columns of the product.
    packed : int
        Size of the tile-compressed files that it is made of, together; bytes.
    frames : int
        How many are combined; 1 for a calibrated frame.
    """
    rows, columns = shape
    millions = rows * columns / MEBIBYTE
    piles = frames * (columns * ROW / MEBIBYTE + OPEN) + PACKED * packed / MEBIBYTE
    what = f"a frame of {columns} x {rows} pixels" if frames == 1 else f"{frames} frames of {columns} x {rows} pixels"
    return Need(BASE + MOST * millions + piles, ADDRESSES + LEAST * millions + piles, what)


@dataclass(frozen=True)
class Room:
    """The memory that there is.

    Attributes
    ----------
    together : float
        For all pieces of work that are under way; MiB. The setting `reduction.memory`.
    each : float
        Address space of one process beyond its start; MiB. The setting `engine.memory`.
    """

    together: float = math.inf
    each: float = math.inf

    def at_once(self, need: Need, most: int) -> int:
        """Return how many pieces of work that take so much may be under way, at least one and at most `most`."""
        return max(1, int(min(most, self.together // need.memory if math.isfinite(self.together) else most)))

    def shares(self, needs: Sequence[Need], most: int) -> list[tuple[list[int], int]]:
        """Return which pieces of work go together, and how many of these may be under way; the small ones first.

        Parameters
        ----------
        needs : sequence of Need
            Of each piece.
        most : int
            Pieces under way at once, however small.
        """
        widths = [self.at_once(need, most) for need in needs]
        return [([i for i, w in enumerate(widths) if w == width], width) for width in sorted(set(widths), reverse=True)]

    def refusal(self, need: Need) -> str | None:
        """Return why a piece of work cannot be done, and which setting to raise; None where it may be tried."""
        if need.addresses <= self.each:
            return None
        return (
            f"{need.what} cannot be worked on in a process of {self.each:g} MiB, it takes {_round(need.addresses)} and "
            f"up to {_round(need.memory + ADDRESSES - BASE)}: raise the setting engine.memory"
        )

    def remarks(self, needs: Iterable[Need]) -> list[str]:
        """Say what needs more than all may take together, and is done alone all the same."""
        large = {need.what: need for need in needs if need.memory > self.together and self.refusal(need) is None}
        return [
            f"{need.what} may take {_round(need.memory)} MiB, more than all together ({self.together:g}): worked on "
            "one at a time; raise the setting reduction.memory"
            for need in large.values()
        ]


def _round(mebibytes: float) -> int:
    """Return a number that a setting may be raised to."""
    return math.ceil(mebibytes / 50) * 50
