"""The skeleton of a FITS file: its units, and whether the file is long enough to hold what they claim."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import BinaryIO

from toros.errors import BadFrame, UnfinishedFrame

__all__ = ["NOT_FRAMES", "Limits", "Unit", "is_image", "read_structure", "readable"]

BLOCK = 2880
CARD = 80
MOST_AXES = 8  # the standard allows 999; no camera writes more than three
MOST_UNITS = 256
BITPIX = (8, 16, 32, 64, -32, -64)
COMPRESSIONS = ("RICE_1", "RICE_ONE", "GZIP_1", "GZIP_2", "PLIO_1", "HCOMPRESS_1", "NOCOMPRESS")
NOT_FRAMES = ("UNCERT", "MASK", "ERR", "ERROR", "DQ", "BPM", "VAR", "VARIANCE", "WEIGHT", "COUNT")  # names of planes
_VALUE = re.compile(rb"^= +('(?:[^']|'')*'|[^/]*)")


@dataclass(frozen=True)
class Limits:
    """How much a file may ask for before it is refused.

    Attributes
    ----------
    size : int
        Largest unpacked file, and largest image as float32; bytes.
    ratio : float
        Unpacked bytes for one packed byte; noise of a real camera packs 2 to 4 times, a bomb 1000 times.
    header : int
        Longest header of one unit; bytes.
    setting : str
        Name of the setting that `size` comes from; empty where there is none to raise.
    """

    size: int = 1 << 30
    ratio: float = 200.0
    header: int = 4 << 20
    setting: str = ""

    @property
    def said(self) -> str:
        """`size` as a person reads it, with what to do about it."""
        return readable(self.size) + (f", by the setting {self.setting}" if self.setting else "")


@dataclass(frozen=True)
class Unit:
    """One header and data unit, checked to lie inside the file.

    Attributes
    ----------
    kind : {"image", "compressed", "other"}
        A plain image, a tile-compressed one, or anything else.
    name : str
        EXTNAME in capitals, empty where there is none.
    header : bytes
        The header's cards as they are.
    start, size : int
        Where the data begin, and how many bytes they are, without padding.
    bitpix : int
        Of the image itself, also where it is compressed.
    shape : tuple of int
        Of the image in numpy's order, also where it is compressed.
    """

    kind: str
    name: str
    header: bytes
    start: int
    size: int
    bitpix: int
    shape: tuple[int, ...]

    @property
    def image_shape(self) -> tuple[int, ...]:
        """The shape without leading axes of length one, so that a cube of one plane is an image; () without pixels."""
        shape = self.shape
        while len(shape) > 2 and shape[0] == 1:
            shape = shape[1:]
        return shape if 0 not in shape else ()


def is_image(unit: Unit) -> bool:
    """Tell an image of two axes from tables, cubes and planes of uncertainty."""
    return unit.kind in ("image", "compressed") and unit.name not in NOT_FRAMES and len(unit.image_shape) == 2


def read_structure(file: BinaryIO, length: int, limits: Limits) -> list[Unit]:
    """Return the units of a FITS file, without making any array.

    Parameters
    ----------
    file : binary file
        Open, seekable, already unpacked.
    length : int
        Its real size; bytes.
    limits : Limits
        What is refused.

    Raises
    ------
    BadFrame
        It is not FITS, a header lies, or the file is shorter than its headers claim.
    """
    found: list[Unit] = []
    position = 0
    while position < length and len(found) < MOST_UNITS:
        file.seek(position)
        if found and file.read(8) != b"XTENSION":
            break  # bytes after the last unit are no concern of ours
        file.seek(position)
        header = _read_header(file, limits)
        unit = _unit(header, position + len(header), first=not found)
        _check_room(unit, length, limits)
        found.append(unit)
        position = unit.start + math.ceil(unit.size / BLOCK) * BLOCK
    return found


def _read_header(file: BinaryIO, limits: Limits) -> bytes:
    """Return the blocks of one header, to the end of the block that holds END."""
    blocks: list[bytes] = []
    while len(blocks) * BLOCK < limits.header:
        block = file.read(BLOCK)
        if not blocks and block[:9] != b"SIMPLE  =" and block[:9] != b"XTENSION=":
            raise BadFrame(f"is not a FITS file: it begins with {block[:16]!r}")
        if len(block) < BLOCK:
            raise UnfinishedFrame("its header breaks off: the file is truncated or still being written")
        blocks.append(block)
        if any(block[i : i + 8] == b"END     " for i in range(0, BLOCK, CARD)):
            return b"".join(blocks)
    raise BadFrame(f"its header has no END within {limits.header} bytes")


def _values(header: bytes) -> dict[bytes, bytes]:
    """Return the first value of each keyword, as written."""
    values: dict[bytes, bytes] = {}
    for i in range(0, len(header), CARD):
        card = header[i : i + CARD]
        match = _VALUE.match(card[8:])
        if match:
            values.setdefault(card[:8].rstrip(), match.group(1).strip())
    return values


def _integer(values: dict[bytes, bytes], key: str, default: int | None = None) -> int:
    text = values.get(key.encode())
    if text is None:
        if default is None:
            raise BadFrame(f"its header lacks {key}")
        return default
    if not re.fullmatch(rb"[+-]?\d{1,18}", text):
        raise BadFrame(f"its header says {key} = {_show(text)}, which is not a whole number")
    return int(text)


def _axes(values: dict[bytes, bytes], letter: str = "") -> tuple[int, ...]:
    """Return the lengths of the axes in numpy's order."""
    number = _integer(values, f"{letter}NAXIS")
    if not 0 <= number <= MOST_AXES:
        raise BadFrame(f"its header says {letter}NAXIS = {number}; 0 to {MOST_AXES} axes are read")
    lengths = [_integer(values, f"{letter}NAXIS{i}") for i in range(1, number + 1)]
    for i, length in enumerate(lengths, 1):
        if length < 0:
            raise BadFrame(f"its header says {letter}NAXIS{i} = {length}; an axis cannot be negative")
    return tuple(reversed(lengths))


def _bitpix(values: dict[bytes, bytes], letter: str = "") -> int:
    bitpix = _integer(values, f"{letter}BITPIX")
    if bitpix not in BITPIX:
        raise BadFrame(f"its header says {letter}BITPIX = {bitpix}; allowed are 8, 16, 32, 64, -32, -64")
    return bitpix


def _unit(header: bytes, start: int, *, first: bool) -> Unit:
    values = _values(header)
    bitpix, shape = _bitpix(values), _axes(values)
    groups = _integer(values, "PCOUNT", 0), _integer(values, "GCOUNT", 1)
    if min(groups) < 0:
        raise BadFrame(f"its header says PCOUNT = {groups[0]}, GCOUNT = {groups[1]}; neither can be negative")
    size = abs(bitpix) // 8 * groups[1] * (groups[0] + math.prod(shape)) if shape else 0
    name = _text(values.get(b"EXTNAME", b""))
    extension = _text(values.get(b"XTENSION", b""))
    if extension == "BINTABLE" and values.get(b"ZIMAGE") == b"T":
        _check_tiles(values, rows=shape[0] if shape else 0)
        return Unit("compressed", name, header, start, size, _bitpix(values, "Z"), _axes(values, "Z"))
    image = first or extension in ("IMAGE", "IUEIMAGE")
    return Unit("image" if image else "other", name, header, start, size, bitpix, shape)


def _check_tiles(values: dict[bytes, bytes], rows: int) -> None:
    """Refuse a tile-compressed image whose table cannot hold its tiles: one row a tile."""
    method = _text(values.get(b"ZCMPTYPE", b""))
    if method not in COMPRESSIONS:
        raise BadFrame(f"is compressed by {method or 'an unnamed method'}, which is not read")
    lengths = list(reversed(_axes(values, "Z")))
    tiles = 1
    for i, length in enumerate(lengths, 1):
        tile = _integer(values, f"ZTILE{i}", length if i == 1 else 1)
        if not 1 <= tile <= max(length, 1):
            raise BadFrame(f"its header says ZTILE{i} = {tile} for an axis of {length}")
        tiles *= math.ceil(length / tile)
    if tiles != rows:
        raise BadFrame(f"claims {tiles} compressed tiles and holds {rows}")


def _check_room(unit: Unit, length: int, limits: Limits) -> None:
    """Refuse a unit that claims more than the file holds, or than we are willing to unpack."""
    if unit.start + unit.size > length:
        can_come = unit.size <= limits.size  # more than that would be refused when it is there
        raise (UnfinishedFrame if can_come else BadFrame)(
            f"its header claims {readable(unit.size)} of data and the file holds "
            f"{readable(max(0, length - unit.start))}: the header lies, or the file is truncated or still being written"
        )
    if unit.kind == "other":
        return
    pixels = math.prod(unit.shape) if unit.shape else 0
    claimed = pixels * max(abs(unit.bitpix) // 8, 4)
    if claimed > limits.size:
        raise BadFrame(f"claims an image of {readable(claimed)}; the limit is {limits.said}")
    # a mask that is empty packs better than any image; it is read only where it fits one that passed
    if unit.kind == "compressed" and unit.name not in NOT_FRAMES and claimed > limits.ratio * unit.size + (1 << 20):
        raise BadFrame(f"claims to unpack {readable(unit.size)} into {readable(claimed)}, which no real frame does")


def _text(value: bytes) -> str:
    return value.strip(b"'").decode("latin-1").strip().upper()


def _show(value: bytes) -> str:
    return value[:24].decode("ascii", "replace")


def readable(size: int) -> str:
    """Return a number of bytes as a person reads it."""
    value = float(size)
    for unit in ("bytes", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.3g} {unit}"
        value /= 1000
    return f"{value:.3g} TB"
