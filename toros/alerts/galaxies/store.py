"""One file a catalogue: its columns one after the other, sorted along the sky, mapped into memory.

A galaxy near a place is found by a search in the sorted column `pixel`, and nothing but the rows of interest is ever
read from the disk. The file begins with a header: eight letters, version, length, SHA-256 of the JSON that follows;
every column begins on a page of its own, and behind the last one stands how many rows lie before each pixel of order 6.
"""

from __future__ import annotations

import hashlib
import json
import mmap
import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from toros.alerts.galaxies.columns import KINDS, LONGEST_NAME, Columns
from toros.alerts.galaxies.completeness import EDGES, Shells
from toros.alerts.galaxies.pages import COARSE, COARSE_PIXELS, PAGE, Pages
from toros.durable import durable_file
from toros.errors import TorosError
from toros.sky.healpix import ORDER

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Galaxies", "open_store", "sorted_galaxies", "verify_store", "write_store"]

LETTERS, VERSION = b"TOROSGAL", 1
FIXED = struct.Struct("<8sII32s")  # letters, version, length of the JSON, its SHA-256
HEADER = 16384
SAMPLE = 1_000_000  # rows of which the typical luminosity and mass are taken
AT_ONCE = 1 << 24  # bytes, when a checksum is taken


@dataclass(frozen=True, eq=False)
class Galaxies:
    """A catalogue, one row a galaxy, in the order of nested HEALPix indices.

    Attributes
    ----------
    columns : mapping of str to ndarray
        As `columns.KINDS` describes them; where they come from a file they may not be written to.
    catalogue : str
        What it is called.
    about : dict
        What its store's header says: when it was made and from what, counts, `typical` luminosity and mass.
    shells : Shells
        How much lies at which distance.
    """

    columns: Columns
    catalogue: str
    about: dict[str, Any] = field(default_factory=dict)
    shells: Shells = field(default_factory=Shells)
    _pages: Pages | None = None

    def __len__(self) -> int:
        return int(self.columns["pixel"].size)

    def rows_between(
        self, start: NDArray[np.int64], end: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the first row of each range of pixels of order 29, and the one behind its last."""
        import numpy as np

        pixel = self.columns["pixel"]
        if self._pages is not None:
            self.prefetch(["pixel"], *self._pages.about(start, end))
        return np.searchsorted(pixel, start), np.searchsorted(pixel, end)

    def prefetch(self, names: Iterable[str], first: NDArray[np.int64], behind: NDArray[np.int64]) -> None:
        """Ask for ranges of rows that will be read, all at once.

        Parameters
        ----------
        names : iterable of str
            Columns.
        first, behind : ndarray of int64
            Ascending.
        """
        for name in names if self._pages is not None and first.size else ():
            assert self._pages is not None
            self._pages.prefetch(name, first, behind)

    def names(self, rows: Any) -> list[str]:
        """Return the names of rows."""
        return [name.decode("utf-8", "replace") for name in self.columns["name"][rows].tolist()]

    def row(self, name: str) -> int:
        """Return the row of a galaxy with a distance by its name, with or without blanks and leading zeros: `NGC 253`.

        Raises
        ------
        KeyError
            There is no such galaxy, or its distance is not known.
        """
        import numpy as np

        wanted, known = _plain(name), np.isfinite(self.columns["distance"])
        for row, each in enumerate(self.names(slice(None))):
            if known[row] and _plain(each) == wanted:
                return row
        raise KeyError(f"the catalogue has no galaxy {name!r} with a distance")

    def release(self) -> None:
        """Give back the memory that pages of the file take; they are read again when they are wanted."""
        if self._pages is not None:
            self._pages.release()


def sorted_galaxies(columns: Columns, catalogue: str) -> Galaxies:
    """Return a catalogue that is held in memory."""
    import numpy as np

    by_place = np.argsort(columns["pixel"], kind="stable")
    ordered = {name: column[by_place] for name, column in columns.items()}
    shells = Shells()
    shells.add(ordered)
    return Galaxies(ordered, catalogue, {"typical": _typical(ordered)}, shells)


def write_store(path: Path, rows: int, name_width: int, parts: Iterable[Columns], about: dict[str, Any]) -> None:
    """Write a store; a reader sees the whole of it or none.

    Parameters
    ----------
    path : Path
    rows : int
        Of all parts together.
    name_width : int
        Bytes of the longest name, 1 to 32.
    parts : iterable of Columns
        In the order of `pixel`, and sorted each.
    about : dict
        Plain values; with `catalogue`.

    Raises
    ------
    OSError
    """
    import numpy as np

    layout, size = _layout(rows, name_width)
    held = np.zeros(COARSE_PIXELS, np.int64)
    sums = {name: hashlib.sha256() for name in layout}
    sample: dict[str, list[NDArray[Any]]] = {"luminosity": [], "mass": []}
    shells, done = Shells(), 0
    every = max(1, rows // SAMPLE)
    with durable_file(path) as file:
        for part in parts:
            for name, (kind, offset) in layout.items():
                content = np.ascontiguousarray(part[name], dtype=kind)
                file.seek(offset + done * kind.itemsize)
                file.write(content.view(np.uint8).data)
                sums[name].update(content.view(np.uint8).data)
            for name, values in sample.items():
                values.append(part[name][::every].copy())
            shells.add(part)
            held += np.bincount(part["pixel"] >> 2 * (ORDER - COARSE), minlength=held.size)
            done += part["pixel"].size
        if done != rows:
            raise ValueError(f"{done} rows were written, {rows} were announced")
        typical = _typical({name: np.concatenate([[np.nan], *values]) for name, values in sample.items()})
        header = about | {
            "rows": rows, "name_width": name_width, "typical": typical, "shells": shells.plain(),
            "sha256": {name: one.hexdigest() for name, one in sums.items()},
        }  # fmt: skip
        file.seek(size)
        file.write(np.append(0, np.cumsum(held)).astype("<i8").tobytes())
        _write_header(file, header)


def _write_header(file: BinaryIO, header: dict[str, Any]) -> None:
    text = json.dumps(header).encode()
    if FIXED.size + len(text) > HEADER:
        raise ValueError("the store's header is too long")
    file.seek(0)
    file.write(FIXED.pack(LETTERS, VERSION, len(text), hashlib.sha256(text).digest()) + text)


def open_store(path: Path) -> Galaxies:
    """Open a store; its rows are read when they are wanted.

    Raises
    ------
    TorosError
        It is missing, no store, of a newer version, or damaged (its header and its size are looked at; see
        `verify_store` for the rest).
    """
    import numpy as np

    try:
        with path.open("rb") as file:
            header = _header(file, path)
            layout, size = _layout(header["rows"], header["name_width"])
            if file.seek(0, 2) < size + 8 * (COARSE_PIXELS + 1):
                raise TorosError(f"the store of galaxies {path.name} is shorter than its header says: import it again")
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            file.seek(size)
            before = np.frombuffer(file.read(8 * (COARSE_PIXELS + 1)), "<i8")
    except OSError as error:
        raise TorosError(f"the store of galaxies {path} cannot be read: {error.strerror}") from None
    columns = {name: np.frombuffer(mapped, kind, header["rows"], offset) for name, (kind, offset) in layout.items()}
    shells = header["shells"]
    same = shells["edges_mpc"] == list(EDGES)
    return Galaxies(
        columns,
        header["catalogue"],
        header,
        Shells(shells["galaxies"], shells["light_1e10_lsun"]) if same else Shells(),
        Pages(mapped, layout, before),
    )


def verify_store(path: Path) -> list[str]:
    """Return the columns whose bytes are not those that were written; empty where the store is whole.

    Raises
    ------
    TorosError
        As `open_store`.
    """
    galaxies = open_store(path)
    sums = galaxies.about["sha256"]
    return [name for name, column in galaxies.columns.items() if _sum_of(column) != sums.get(name)]


def _sum_of(column: NDArray[Any]) -> str:
    import numpy as np

    content, found = column.view(np.uint8), hashlib.sha256()
    for first in range(0, content.size, AT_ONCE):
        found.update(content[first : first + AT_ONCE].data)
    return found.hexdigest()


def _header(file: BinaryIO, path: Path) -> dict[str, Any]:
    start = file.read(FIXED.size)
    if len(start) < FIXED.size or not start.startswith(LETTERS):
        raise TorosError(f"{path} is no store of galaxies: make one by `toros galaxies import`")
    _, version, length, checksum = FIXED.unpack(start)
    if version != VERSION:
        raise TorosError(
            f"the store of galaxies {path.name} has the version {version}; allowed: {VERSION}: import again"
        )
    text = file.read(min(length, HEADER))
    if hashlib.sha256(text).digest() != checksum:
        raise TorosError(f"the store of galaxies {path.name} is damaged: import it again")
    header: dict[str, Any] = json.loads(text)
    return header


def _layout(rows: int, name_width: int) -> tuple[dict[str, tuple[np.dtype[Any], int]], int]:
    """Return type and first byte of each column, and the first byte behind them."""
    import numpy as np

    if not 1 <= name_width <= LONGEST_NAME:
        raise ValueError(f"names of {name_width} bytes; allowed: 1 to {LONGEST_NAME}")
    layout, offset = {}, HEADER
    for name, kind in KINDS.items():
        described = np.dtype(f"S{name_width}" if kind == "S" else kind)
        layout[name] = (described, offset)
        offset = -(-(offset + rows * described.itemsize) // PAGE) * PAGE
    return layout, offset


def _typical(columns: Columns) -> dict[str, float | None]:
    """Return the medians of luminosity and mass, None where no galaxy has one: what is taken where one's is unknown."""
    import numpy as np

    found = {}
    for name in ("luminosity", "mass"):
        known = columns[name][np.isfinite(columns[name])]
        found[name] = float(np.median(known)) if known.size else None
    return found


def _plain(name: str) -> str:
    """Return a name without blanks and without zeros in front of its number, in capitals."""
    letters = name.upper().replace(" ", "").rstrip("0123456789")
    number = name.upper().replace(" ", "")[len(letters) :]
    return letters + number.lstrip("0")
