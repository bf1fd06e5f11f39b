"""Reading one frame safely: its header, its pixels as float32, and the planes that a finished master brings along."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from toros.errors import BadFrame
from toros.reduction.amplifier import extensions_to_stack
from toros.reduction.planes import PlainRows, StackedRows, TiledRows
from toros.reduction.structure import Limits, Unit, is_image, read_structure
from toros.reduction.unpack import open_unpacked

if TYPE_CHECKING:
    import numpy as np
    from astropy.io.fits import Header
    from numpy.typing import NDArray

    from toros.reduction.planes import Rows

__all__ = ["PLANES", "Frame", "OpenFrame", "open_frame", "read_frame", "whole"]

PLANES = ("UNCERT", "MASK")
HIGH_TILE = 64  # rows of a compressed tile; higher ones are unpacked all at once


@dataclass
class OpenFrame:
    """One image of one file, its rows still in the file.

    Attributes
    ----------
    path : Path
    sha256 : str
        Of the file on disk.
    size : int
        Of the file on disk; bytes.
    header : astropy.io.fits.Header
        Of the image, with the primary header's cards where the image is an extension.
    headers : list of Header
        Of each image that was stacked: one, but for the amplifiers of a multi-extension file.
    image : Rows
        BSCALE and BZERO applied; NaN where BLANK.
    uncertainty, mask : Rows or None
        The planes UNCERT (one standard deviation) and MASK (not zero is bad).
    bits : int
        Bits of one pixel in the file; negative for floating point.
    marks : list of str
        What a person should know about how it was read.
    """

    path: Path
    sha256: str
    size: int
    header: Header
    headers: list[Header]
    image: Rows
    uncertainty: Rows | None = None
    mask: Rows | None = None
    bits: int = 16
    marks: list[str] = field(default_factory=list)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.image.shape

    def read(self, start: int, stop: int, out: NDArray[np.float32]) -> None:
        """Fill `out`, shape (stop - start, columns), with these rows of the image."""
        self.image.read(start, stop, out)


@dataclass
class Frame:
    """One image of one file, in memory.

    Attributes
    ----------
    path, sha256, size, header, bits, marks
        As of `OpenFrame`.
    pixels : float32 array, shape (rows, columns)
        BSCALE and BZERO applied; NaN where BLANK.
    uncertainty : float32 array or None
        The plane UNCERT, one standard deviation.
    mask : bool array or None
        The plane MASK; True is bad.
    """

    path: Path
    sha256: str
    size: int
    header: Header
    pixels: NDArray[np.float32]
    uncertainty: NDArray[np.float32] | None = None
    mask: NDArray[np.bool_] | None = None
    bits: int = 16
    marks: list[str] = field(default_factory=list)


@contextmanager
def open_frame(path: Path, limits: Limits | None = None, *, scratch: Path | None = None) -> Iterator[OpenFrame]:
    """Open the first image of a FITS file; sizes are checked before any array is made.

    Parameters
    ----------
    path : Path
        The file; packed by gzip or tile by tile, or not.
    limits : Limits, optional
        What is refused.
    scratch : Path, optional
        Folder that a packed file is unpacked into, without a name; in memory where absent.

    Raises
    ------
    BadFrame
        With a sentence that says what is wrong with the file.
    """
    limits = limits or Limits()
    with open_unpacked(path, limits, scratch) as (file, length, sha256, size):
        units = read_structure(file, length, limits)
        images = [u for u in units if is_image(u)]
        if not images:
            raise BadFrame(_why_none(units))
        headers = [_header(units[0], unit) for unit in images]
        stack = extensions_to_stack(images, headers) or [0]
        parts = [_rows(file, images[i], headers[i]) for i in stack]
        first = images[stack[0]]
        image = parts[0] if len(parts) == 1 else StackedRows(parts)
        frame = OpenFrame(path, sha256, size, headers[stack[0]], [headers[i] for i in stack], image, bits=first.bitpix)
        if len(images) > len(stack):
            frame.marks.append(f"the file holds {len(images)} images: only {_those(len(stack))} read")
        if min(image.shape) < 2:
            raise BadFrame(f"holds an image of {image.shape[0]} x {image.shape[1]} pixels")
        _open_planes(file, units, frame)
        yield frame


def _those(number: int) -> str:
    return "the first was" if number == 1 else f"{number} of one detector were"


def read_frame(path: Path, limits: Limits | None = None) -> Frame:
    """Return the first image of a FITS file with all its pixels.

    Raises
    ------
    BadFrame
        With a sentence that says what is wrong with the file.
    """
    import numpy as np

    with open_frame(path, limits) as source:
        frame = Frame(
            path, source.sha256, source.size, source.header, whole(source.image), bits=source.bits, marks=source.marks
        )
        if source.uncertainty is not None:
            frame.uncertainty = np.abs(whole(source.uncertainty))
        if source.mask is not None:
            frame.mask = whole(source.mask) != 0
    if not np.isfinite(frame.pixels).any():
        raise BadFrame("holds no pixel with a value: all are NaN")
    return frame


def whole(rows: Rows) -> NDArray[np.float32]:
    """Return all rows of an image."""
    import numpy as np

    pixels = np.empty(rows.shape, dtype=np.float32)
    rows.read(0, rows.shape[0], pixels)
    return pixels


def _why_none(units: list[Unit]) -> str:
    shapes = [" x ".join(map(str, u.shape)) for u in units if u.kind != "other" and u.shape and 0 not in u.shape]
    return f"holds no image of two axes, only {', '.join(shapes)}" if shapes else "holds no image"


def _header(primary: Unit, unit: Unit) -> Header:
    """Return the image's header; where it is an extension, the primary's cards fill what it does not say."""
    header = _parsed(unit.header)
    if unit is not primary:
        for card in _parsed(primary.header).cards:
            if card.keyword not in ("SIMPLE", "BITPIX", "NAXIS", "EXTEND", "COMMENT", "HISTORY", "END", ""):
                header.setdefault(card.keyword, card.value)
    return header


def _parsed(cards: bytes) -> Header:
    """Return a header without the cards that cannot be read; each lost one is named in a COMMENT."""
    from astropy.io.fits import Header

    text = "".join(c if " " <= c <= "~" else "?" for c in cards.decode("latin-1"))
    header: Header = Header.fromstring(text)
    lost = []
    for index, card in reversed(list(enumerate(header.cards))):
        try:
            _ = card.keyword, card.value, card.comment
            card.verify("silentfix+exception")
        except Exception:  # noqa: BLE001 - astropy raises many kinds; an unreadable card must not cost the frame
            lost.append(text[index * 80 : index * 80 + 8].strip())
            del header[index]
    for name in reversed(lost):
        header.add_comment(f"a card that could not be read was left out: {name}")
    return header


def _rows(file: BinaryIO, unit: Unit, header: Header) -> Rows:
    """Return the rows of a unit that was checked."""
    shape = unit.image_shape
    flat = (shape[0], shape[1])
    if unit.kind == "compressed":
        return _tiled(file, unit, flat)
    blank = header.get("BLANK")
    blank = blank if isinstance(blank, int) and not isinstance(blank, bool) else None
    return PlainRows(
        file, unit.start, unit.bitpix, flat, _number(header, "BSCALE", 1.0), _number(header, "BZERO", 0.0), blank
    )


def _number(header: Header, key: str, default: float) -> float:
    value = header.get(key, default)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise BadFrame(f"its header says {key} = {value!r}, which is not a number")
    return float(value)


def _tiled(file: BinaryIO, unit: Unit, shape: tuple[int, int]) -> Rows:
    """Return the rows of a tile-compressed image; only the bytes that were checked are given to the library."""
    import io

    from astropy.io import fits

    file.seek(unit.start)
    body = file.read(unit.size)
    alone = fits.PrimaryHDU().header.tostring().encode() + unit.header + body + bytes(-unit.size % 2880)
    try:
        image = fits.open(io.BytesIO(alone), memmap=False)[1]
        if image.tile_shape[-2] > HIGH_TILE:
            unpacked = image.data.reshape(shape)
            return TiledRows(lambda start, stop: unpacked[start:stop], shape)
        before = (0,) * (len(unit.shape) - 2)
        return TiledRows(lambda start, stop: image.section[(*before, slice(start, stop))], shape)
    except Exception as error:  # noqa: BLE001 - the library raises many kinds at damaged tiles
        raise BadFrame(f"its compressed tiles cannot be unpacked: {type(error).__name__}") from None


def _open_planes(file: BinaryIO, units: list[Unit], frame: OpenFrame) -> None:
    """Take along the planes UNCERT and MASK where they fit the image."""
    for unit in units:
        if unit.name not in PLANES or unit.kind == "other":
            continue
        if unit.image_shape != frame.shape:
            frame.marks.append(f"the plane {unit.name} does not fit the image: ignored")
            continue
        header = _parsed(unit.header)
        if unit.name == "MASK":
            frame.mask = _rows(file, unit, header)
        elif header.get("UTYPE", "StdDevUncertainty") == "StdDevUncertainty":
            frame.uncertainty = _rows(file, unit, header)
        else:
            frame.marks.append("the plane UNCERT is not a standard deviation: ignored")
