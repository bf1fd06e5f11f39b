"""Turning stored numbers round: FITS keeps the high byte first, machines of today do not."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from toros.reduction.compiled import compiled

__all__ = ["floats_of_16", "turn_32", "turn_counts"]


@compiled
def floats_of_16(stored: NDArray[np.uint16], zero: np.float32, out: NDArray[np.float32]) -> None:
    """Read signed 16-bit numbers whose bytes are turned round, and add `zero`; exact, both fit float32.

    Parameters
    ----------
    stored : uint16 array, shape (n,)
        The file's bytes, two at a time, as this machine reads them.
    zero : float32
        BZERO.
    out : float32 array, shape (n,)
        Filled.
    """
    for i in range(stored.size):
        turned = np.uint16((stored[i] >> np.uint16(8)) | (stored[i] << np.uint16(8)))
        out[i] = np.float32(np.int16(turned)) + zero


@compiled
def turn_counts(counts: NDArray[np.uint16]) -> None:
    """Turn the bytes of unsigned 16-bit numbers round, where they lie, and add the 32768 that FITS stores them less.

    Parameters
    ----------
    counts : uint16 array, shape (n,)
    """
    for i in range(counts.size):
        turned = np.uint16((counts[i] >> np.uint16(8)) | (counts[i] << np.uint16(8)))
        counts[i] = turned ^ np.uint16(0x8000)


@compiled
def turn_32(stored: NDArray[np.uint32], out: NDArray[Any]) -> None:
    """Turn the bytes of 32-bit numbers round.

    Parameters
    ----------
    stored, out : uint32 array, shape (n,)
        They may be the same.
    """
    for i in range(stored.size):
        v = stored[i]
        out[i] = np.uint32(
            (v >> np.uint32(24))
            | ((v >> np.uint32(8)) & np.uint32(0xFF00))
            | ((v << np.uint32(8)) & np.uint32(0xFF0000))
            | (v << np.uint32(24))
        )
