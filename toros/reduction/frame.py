"""Reading one frame safely: its header, its pixels as float32, and the planes that a finished master brings along."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from toros.errors import BadFrame
from toros.reduction.structure import Limits, Unit, read_structure
from toros.reduction.unpack import open_unpacked

if TYPE_CHECKING:
    import numpy as np
    from astropy.io.fits import Header
    from numpy.typing import NDArray

__all__ = ["PLANES", "Frame", "read_frame"]

PLANES = ("UNCERT", "MASK")
_NOT_FRAMES = (*PLANES, "ERR", "ERROR", "DQ", "BPM", "VAR", "VARIANCE", "WEIGHT", "COUNT")


@dataclass
class Frame:
    """One image of one file.

    Attributes
    ----------
    path : Path
    sha256 : str
        Of the file on disk.
    size : int
        Of the file on disk; bytes.
    header : astropy.io.fits.Header
        Of the image, with the primary header's cards where the image is an extension.
    pixels : float32 array, shape (rows, columns)
        BSCALE and BZERO applied; NaN where BLANK.
    uncertainty : float32 array or None
        The plane UNCERT, one standard deviation.
    mask : bool array or None
        The plane MASK; True is bad.
    bits : int
        Bits of one pixel in the file; negative for floating point.
    marks : list of str
        What a person should know about how it was read.
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


def read_frame(path: Path, limits: Limits | None = None) -> Frame:
    """Return the first image of a FITS file; sizes are checked before any array is made.

    Raises
    ------
    BadFrame
        With a sentence that says what is wrong with the file.
    """
    limits = limits or Limits()
    with open_unpacked(path, limits) as (file, length, sha256, size):
        units = read_structure(file, length, limits)
        images = [u for u in units if _is_frame(u)]
        if not images:
            raise BadFrame(_why_none(units))
        first = images[0]
        header = _header(units[0], first)
        frame = Frame(path, sha256, size, header, _pixels(file, first, header), bits=first.bitpix)
        if len(images) > 1:
            frame.marks.append(f"the file holds {len(images)} images: only the first was read")
        _read_planes(file, units, frame)
    _check_pixels(frame)
    return frame


def _is_frame(unit: Unit) -> bool:
    """Tell an image of two long axes from tables, cubes and planes of uncertainty."""
    return unit.kind in ("image", "compressed") and unit.name not in _NOT_FRAMES and len(_flat_shape(unit)) == 2


def _flat_shape(unit: Unit) -> tuple[int, ...]:
    """Return the image's shape without leading axes of length one, so that a cube of one plane is an image."""
    shape = unit.shape
    while len(shape) > 2 and shape[0] == 1:
        shape = shape[1:]
    return shape if 0 not in shape else ()


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


def _pixels(file: BinaryIO, unit: Unit, header: Header) -> NDArray[np.float32]:
    if unit.kind == "compressed":
        return _decompressed(file, unit)
    return _scaled(_stored(file, unit), header)


def _stored(file: BinaryIO, unit: Unit) -> NDArray[Any]:
    """Return the numbers as the file stores them."""
    import numpy as np

    kind = "u1" if unit.bitpix == 8 else f">{'f' if unit.bitpix < 0 else 'i'}{abs(unit.bitpix) // 8}"
    stored = np.empty(_flat_shape(unit), dtype=kind)
    file.seek(unit.start)
    if file.readinto(stored.reshape(-1).view(np.uint8)) != stored.nbytes:  # type: ignore[attr-defined]
        raise BadFrame("became shorter while it was read: it is still being written")
    return stored


def _scaled(stored: NDArray[Any], header: Header) -> NDArray[np.float32]:
    """Return BSCALE times the stored numbers plus BZERO (FITS standard 4.0, section 4.4.2.5)."""
    import numpy as np

    scale, zero = _number(header, "BSCALE", 1.0), _number(header, "BZERO", 0.0)
    exact = stored.dtype.itemsize <= 2 and scale == 1.0  # whole numbers below 2**24 are exact in float32
    work: NDArray[Any] = stored.astype(
        np.float32 if exact or stored.dtype.kind == "f" and (scale, zero) == (1, 0) else np.float64
    )
    if scale != 1.0:
        work = work * scale
    if zero != 0.0:
        work = work + work.dtype.type(zero)
    blank = header.get("BLANK")
    if stored.dtype.kind in "iu" and isinstance(blank, int) and not isinstance(blank, bool):
        work[stored == blank] = np.nan
    pixels: NDArray[np.float32] = work.astype(np.float32, copy=False)
    return pixels


def _number(header: Header, key: str, default: float) -> float:
    value = header.get(key, default)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise BadFrame(f"its header says {key} = {value!r}, which is not a number")
    return float(value)


def _decompressed(file: BinaryIO, unit: Unit) -> NDArray[np.float32]:
    """Return a tile-compressed image; only the bytes that were checked are given to the library."""
    import io

    import numpy as np
    from astropy.io import fits

    file.seek(unit.start)
    body = file.read(unit.size)
    alone = fits.PrimaryHDU().header.tostring().encode() + unit.header + body + bytes(-unit.size % 2880)
    try:
        with fits.open(io.BytesIO(alone), memmap=False) as hdus:
            return np.ascontiguousarray(np.asarray(hdus[1].data, dtype=np.float32).reshape(_flat_shape(unit)))
    except Exception as error:  # noqa: BLE001 - the library raises many kinds at damaged tiles
        raise BadFrame(f"its compressed tiles cannot be unpacked: {type(error).__name__}") from None


def _read_planes(file: BinaryIO, units: list[Unit], frame: Frame) -> None:
    """Take along the planes UNCERT and MASK where they fit the image."""
    import numpy as np

    for unit in units:
        if unit.name not in PLANES or unit.kind == "other":
            continue
        if _flat_shape(unit) != frame.pixels.shape:
            frame.marks.append(f"the plane {unit.name} does not fit the image: ignored")
            continue
        plane = _pixels(file, unit, _parsed(unit.header))
        if unit.name == "MASK":
            frame.mask = plane != 0
        elif _parsed(unit.header).get("UTYPE", "StdDevUncertainty") == "StdDevUncertainty":
            frame.uncertainty = np.abs(plane)
        else:
            frame.marks.append("the plane UNCERT is not a standard deviation: ignored")


def _check_pixels(frame: Frame) -> None:
    import numpy as np

    if min(frame.pixels.shape) < 2:
        raise BadFrame(f"holds an image of {frame.pixels.shape[0]} x {frame.pixels.shape[1]} pixels")
    if not np.isfinite(frame.pixels).any():
        raise BadFrame("holds no pixel with a value: all are NaN")
