"""Grey PNG files, written with nothing but zlib."""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["png_bytes", "write_png"]

SIGNATURE = b"\x89PNG\r\n\x1a\n"
GREY_8_BIT = bytes([8, 0, 0, 0, 0])  # bit depth, grey, deflate, standard filters, not interlaced
UP = b"\x02"  # PNG's filter 2: each byte as its difference from the one above


def png_bytes(pixels: NDArray[np.uint8]) -> bytes:
    """Return a grey 8-bit PNG.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (rows, columns)
        The first row is drawn at the top.

    Notes
    -----
    Chunks as in the PNG specification, third edition, sections 5 and 11 (W3C, 2025).
    """
    rows, columns = pixels.shape
    above = pixels.copy()
    above[1:] -= pixels[:-1]  # unsigned arithmetic wraps, as the filter wants
    lines = b"".join(UP + line.tobytes() for line in above)
    header = struct.pack(">II", columns, rows) + GREY_8_BIT
    return SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(lines, 6)) + _chunk(b"IEND", b"")


def write_png(pixels: NDArray[np.uint8], path: Path) -> None:
    """Write a grey PNG so that a reader sees the whole file or none.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (rows, columns)
        The first row is drawn at the top.
    path : Path
        Its folder must exist.
    """
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        unfinished.write_bytes(png_bytes(pixels))
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
