"""The first table of a FITS file from a stranger: its columns as arrays, and no more memory than its bytes deserve."""

from __future__ import annotations

import re
import warnings
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from toros.errors import Permanent

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["LARGEST", "Table", "first_table", "unpacked"]

LARGEST = 512 * 2**20  # bytes of a map, unpacked: nside 1024 with distances has 403 million
BLOCK, CARD = 2880, 80
MOST_BLOCKS = 200  # of one header
MOST_HDUS = 16
SIZES = {"L": 1, "B": 1, "A": 1, "I": 2, "J": 4, "E": 4, "K": 8, "D": 8, "C": 8, "P": 8, "M": 16, "Q": 16}
NUMBERS = {"B": "u1", "I": ">i2", "J": ">i4", "K": ">i8", "E": ">f4", "D": ">f8"}
FORM = re.compile(r"(\d*)([LXBIJKAEDCMPQ])")


@dataclass(frozen=True, eq=False)
class Table:
    """A binary table.

    Attributes
    ----------
    header : mapping
        Keyword to value, as astropy reads it.
    columns : dict of str to ndarray
        By name in capitals: columns of numbers, as they lie in the file, shape (rows,) or (rows, repeat).
    """

    header: Any
    columns: dict[str, NDArray[Any]]

    def numbers(self, name: str) -> NDArray[np.float64]:
        """Return a column as one row of numbers."""
        import numpy as np

        return np.ascontiguousarray(self.columns[name], dtype=np.float64).reshape(-1)


def unpacked(content: bytes, largest: int = LARGEST) -> bytes:
    """Return a file that may be compressed by gzip, never larger than `largest` bytes.

    Raises
    ------
    Permanent
        It is larger, unpacked or not, or damaged.
    """
    if not content.startswith(b"\x1f\x8b"):
        if len(content) > largest:
            raise _too_large(largest)
        return content
    unzipping = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        plain = unzipping.decompress(content, largest + 1)
    except zlib.error as error:
        raise Permanent(f"the map's gzip is damaged: {error}") from None
    if len(plain) > largest:
        raise _too_large(largest)
    if not unzipping.eof:
        raise Permanent("the map's gzip ends too early")
    return plain


def _too_large(largest: int) -> Permanent:
    return Permanent(f"the map has more than the {largest} bytes that are read")


def first_table(content: bytes) -> Table:
    """Return the first binary table of a FITS file.

    Raises
    ------
    Permanent
        There is none, or it claims more than the file holds.
    """
    if not content.startswith(b"SIMPLE  ="):
        raise Permanent("the map is not a FITS file")
    at = 0
    for _ in range(MOST_HDUS):
        header, at = _header(content, at)
        if str(header.get("XTENSION", "")).strip() == "BINTABLE":
            return Table(header, _columns(content, at, header))
        at += -(-_data_bytes(header) // BLOCK) * BLOCK
        if at >= len(content):
            break
    raise Permanent("the map's file has no table")


def _header(content: bytes, at: int) -> tuple[Any, int]:
    """Return the header that begins at a byte, and where its data begin."""
    from astropy.io.fits import Header

    for blocks in range(1, MOST_BLOCKS + 1):
        block = content[at + (blocks - 1) * BLOCK : at + blocks * BLOCK]
        if len(block) < BLOCK:
            break
        if any(block[card : card + 8] == b"END     " for card in range(0, BLOCK, CARD)):
            with warnings.catch_warnings(action="ignore"):  # what matters of what astropy warns of is checked here
                return Header.fromstring(content[at : at + blocks * BLOCK]), at + blocks * BLOCK
    raise Permanent("the map's header has no end")


def _count(header: Any, key: str, default: int | None = None) -> int:
    value = header.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise Permanent(f"the map's {key} is {str(value)[:40]!r}; allowed: a number of bytes, rows or columns")
    return value


def _data_bytes(header: Any) -> int:
    axes = [_count(header, f"NAXIS{k}") for k in range(1, min(_count(header, "NAXIS"), 999) + 1)]
    size = abs(int(header.get("BITPIX", 8))) // 8 if axes else 0
    for axis in axes:
        size *= axis
    return size + _count(header, "PCOUNT", 0)


def _columns(content: bytes, at: int, header: Any) -> dict[str, NDArray[Any]]:
    """Return the columns of numbers of a table whose data begin at a byte."""
    import numpy as np

    width, rows = _count(header, "NAXIS1"), _count(header, "NAXIS2")
    if not width or not rows or width * rows > len(content) - at:
        raise Permanent(f"the map claims {rows} rows of {width} bytes, more than its file holds, or none")
    columns, offset = {}, 0
    for k in range(1, min(_count(header, "TFIELDS"), 999) + 1):
        form = FORM.match(str(header.get(f"TFORM{k}", "")).strip())
        if form is None:
            raise Permanent(
                f"the map's TFORM{k} is {str(header.get(f'TFORM{k}'))[:40]!r}, which is no form of a column"
            )
        repeat, letter = int(form[1] or 1), form[2]
        size = -(-repeat // 8) if letter == "X" else repeat * SIZES[letter]
        if offset + size > width:
            raise Permanent(f"the map's columns are wider than its rows of {width} bytes")
        if letter in NUMBERS and repeat:
            if (header.get(f"TSCAL{k}", 1), header.get(f"TZERO{k}", 0)) != (1, 0):
                raise Permanent(f"the map's column {k} is scaled (TSCAL{k}, TZERO{k}), which no map needs")
            kind = np.dtype(NUMBERS[letter])
            shape, steps = ((rows,), (width,)) if repeat == 1 else ((rows, repeat), (width, kind.itemsize))
            columns[str(header.get(f"TTYPE{k}", "")).strip().upper()] = np.ndarray(
                shape, kind, content, at + offset, steps
            )
        offset += size
    return columns
