"""Images that are read a few rows at a time, from memory or from a file, so that none need be in memory whole."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

from toros.errors import BadFrame, UnfinishedFrame

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["AnyOf", "ArrayRows", "MaskedRows", "PlainRows", "RowSlices", "Rows", "StackedRows", "TiledRows"]

PIECE = 1 << 20  # bytes that are read and turned at once: they stay in the processor's cache


class Rows(Protocol):
    """An image, some rows at a time."""

    shape: tuple[int, int]

    def read(self, start: int, stop: int, out: NDArray[np.float32]) -> None:
        """Fill `out`, shape (stop - start, columns), with these rows; NaN where there is no value."""
        ...

    def rows(self, start: int, stop: int) -> NDArray[Any]:
        """Return these rows, not to be changed, good until the next call."""
        ...


class ArrayRows:
    """An image in memory.

    Parameters
    ----------
    array : array, shape (rows, columns)
        Of any type; returned as it is by `rows`.
    """

    def __init__(self, array: NDArray[Any]) -> None:
        self.array = array
        self.shape: tuple[int, int] = (array.shape[0], array.shape[1])

    def read(self, start: int, stop: int, out: NDArray[np.float32]) -> None:
        """Fill `out` with these rows."""
        out[...] = self.array[start:stop]

    def rows(self, start: int, stop: int) -> NDArray[Any]:
        """Return these rows, of the array's own type, without a copy."""
        return self.array[start:stop]


class AnyOf:
    """Several masks of one shape as one: 1 where any of them is not zero.

    Parameters
    ----------
    masks : list of Rows

    Raises
    ------
    BadFrame
        Their shapes differ.
    """

    def __init__(self, masks: list[Any]) -> None:
        self.shape: tuple[int, int] = masks[0].shape
        self._masks = masks
        if any(mask.shape != self.shape for mask in masks):
            raise BadFrame(f"masks of {' and '.join(str(mask.shape) for mask in masks)} pixels are not of one detector")

    def read(self, start: int, stop: int, out: NDArray[np.float32]) -> None:
        """Fill `out` with these rows."""
        out[...] = self.rows(start, stop)

    def rows(self, start: int, stop: int) -> NDArray[np.float32]:
        """Return these rows."""
        import numpy as np

        bad: NDArray[np.bool_] = self._masks[0].rows(start, stop) != 0
        for mask in self._masks[1:]:
            bad |= mask.rows(start, stop) != 0
        return bad.astype(np.float32)


class _Buffered:
    """Gives rows in a buffer of its own; the same rows asked for again are not read again."""

    shape: tuple[int, int]

    def __init__(self) -> None:
        self._buffer: NDArray[np.float32] | None = None
        self._holds = (0, 0)

    def read(self, start: int, stop: int, out: NDArray[np.float32]) -> None:
        raise NotImplementedError

    def rows(self, start: int, stop: int) -> NDArray[np.float32]:
        """Return these rows as float32, in a buffer that the next call uses again."""
        import numpy as np

        if self._buffer is None or self._buffer.shape[0] < stop - start:
            self._buffer = np.empty((stop - start, self.shape[1]), dtype=np.float32)
            self._holds = (0, 0)
        if self._holds != (start, stop):
            self._holds = (0, 0)
            self.read(start, stop, self._buffer[: stop - start])
            self._holds = (start, stop)
        return self._buffer[: stop - start]


class PlainRows(_Buffered):
    """An image as a FITS file stores it: BSCALE times the number plus BZERO (standard 4.0, section 4.4.2.5).

    Parameters
    ----------
    file : binary file
        Open, seekable.
    start : int
        Where the numbers begin; bytes.
    bitpix : int
    shape : (int, int)
    scale, zero : float
        BSCALE and BZERO.
    blank : int or None
        BLANK: the number that means no value.
    """

    def __init__(
        self, file: BinaryIO, start: int, bitpix: int, shape: tuple[int, int], scale: float, zero: float,
        blank: int | None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.shape = shape
        self._file, self._start, self._bitpix = file, start, bitpix
        self._descriptor = _descriptor(file)
        self._scale, self._zero = scale, zero
        self._blank = blank if bitpix > 0 else None
        self._raw: NDArray[np.uint8] | None = None

    def read(self, start: int, stop: int, out: NDArray[np.float32]) -> None:
        """Fill `out` with these rows.

        Raises
        ------
        BadFrame
            The file is shorter than it was.
        """
        columns = self.shape[1]
        step = max(1, PIECE // (columns * abs(self._bitpix) // 8))
        for row in range(start, stop, step):
            end = min(stop, row + step)
            self._convert(self._stored(row, end), out[row - start : end - start])

    def rows(self, start: int, stop: int) -> NDArray[Any]:
        """Return these rows: uint16 where a camera's counts are stored as such, else float32."""
        import numpy as np

        if (self._bitpix, self._scale, self._zero, self._blank) != (16, 1.0, 32768.0, None):
            return super().rows(start, stop)
        from toros.reduction.byte_kernels import turn_counts

        counts = self._stored(start, stop).view(np.uint16)
        turn_counts(counts)
        return counts.reshape(stop - start, self.shape[1])

    def _stored(self, start: int, stop: int) -> NDArray[np.uint8]:
        import numpy as np

        line = self.shape[1] * abs(self._bitpix) // 8
        size = (stop - start) * line
        if self._raw is None or self._raw.size < size:
            self._raw = np.empty(size, dtype=np.uint8)
        if self._fill(self._raw[:size], self._start + start * line) != size:
            raise UnfinishedFrame("became shorter while it was read: it is still being written")
        return self._raw[:size]

    def _fill(self, raw: NDArray[np.uint8], place: int) -> int:
        """Read bytes that begin at `place`; return how many there were."""
        if self._descriptor is not None:
            return os.preadv(self._descriptor, [raw.data], place)
        self._file.seek(place)
        return self._file.readinto(raw)  # type: ignore[attr-defined,no-any-return]

    def _convert(self, raw: NDArray[np.uint8], out: NDArray[np.float32]) -> None:
        import numpy as np

        plain = self._scale == 1.0 and self._blank is None and out.flags.c_contiguous
        if plain and self._bitpix == 16 and abs(self._zero) < 1 << 23 and self._zero == round(self._zero):
            from toros.reduction.byte_kernels import floats_of_16

            floats_of_16(raw.view(np.uint16), np.float32(self._zero), out.reshape(-1))
        elif plain and self._bitpix == -32 and self._zero == 0.0:
            from toros.reduction.byte_kernels import turn_32

            turn_32(raw.view(np.uint32), out.reshape(-1).view(np.uint32))
        else:
            out[...] = self._scaled(raw.view(self._type())).reshape(out.shape)

    def _type(self) -> str:
        return "u1" if self._bitpix == 8 else f">{'f' if self._bitpix < 0 else 'i'}{abs(self._bitpix) // 8}"

    def _scaled(self, stored: NDArray[Any]) -> NDArray[Any]:
        import numpy as np

        exact = self._bitpix in (8, 16) and self._scale == 1.0  # whole numbers below 2**24 are exact in float32
        single = exact or (self._bitpix == -32 and (self._scale, self._zero) == (1.0, 0.0))
        work: NDArray[Any] = stored.astype(np.float32 if single else np.float64)
        if self._scale != 1.0:
            work *= self._scale
        if self._zero != 0.0:
            work += work.dtype.type(self._zero)
        if self._blank is not None:
            work[stored == self._blank] = np.nan
        return work


def _descriptor(file: BinaryIO) -> int | None:
    """Return the system's own number of a file, of which nothing waits to be written; None of one in memory."""
    try:
        return file.fileno()
    except OSError:
        return None


class TiledRows(_Buffered):
    """A tile-compressed image, unpacked some rows at a time.

    Parameters
    ----------
    section : callable
        `section(start, stop)` returns these rows, of any type.
    shape : (int, int)
    """

    def __init__(self, section: Any, shape: tuple[int, int]) -> None:
        super().__init__()
        self.shape = shape
        self._section = section

    def read(self, start: int, stop: int, out: NDArray[np.float32]) -> None:
        """Fill `out` with these rows.

        Raises
        ------
        BadFrame
            The tiles are damaged.
        """
        try:
            out[...] = self._section(start, stop)
        except Exception as error:  # noqa: BLE001 - the library raises many kinds at damaged tiles
            raise BadFrame(f"its compressed tiles cannot be unpacked: {type(error).__name__}") from None


class StackedRows(_Buffered):
    """Several images of one shape, one above the other: the amplifiers of one detector.

    Parameters
    ----------
    parts : list of Rows
        In the order of the file.
    """

    def __init__(self, parts: list[Any]) -> None:
        super().__init__()
        self._parts = parts
        self._height = parts[0].shape[0]
        self.shape = (len(parts) * self._height, parts[0].shape[1])

    def read(self, start: int, stop: int, out: NDArray[np.float32]) -> None:
        """Fill `out` with these rows."""
        row = start
        while row < stop:
            part, inside = divmod(row, self._height)
            end = min(stop - row, self._height - inside)
            self._parts[part].read(inside, inside + end, out[row - start : row - start + end])
            row += end


class MaskedRows(_Buffered):
    """An image of which pixels are left out.

    Parameters
    ----------
    image : Rows
    mask : Rows
        Not 0 where a pixel is left out.

    Raises
    ------
    BadFrame
        Their shapes differ.
    """

    def __init__(self, image: Rows, mask: Rows) -> None:
        super().__init__()
        if tuple(image.shape) != tuple(mask.shape):
            raise BadFrame(f"a mask of {mask.shape} pixels does not belong to an image of {image.shape}")
        self.shape = image.shape
        self._image, self._mask = image, mask

    def read(self, start: int, stop: int, out: NDArray[np.float32]) -> None:
        """Fill `out` with these rows; NaN where the mask is set."""
        import numpy as np

        from toros.reduction.value_kernels import hide

        self._image.read(start, stop, out)
        mask = self._mask.rows(start, stop)
        bad = np.ascontiguousarray(mask if mask.dtype == bool else mask != 0)
        if out.flags.c_contiguous:
            hide(bad.reshape(-1).view(np.uint8), out.reshape(-1))
        else:
            out[bad] = np.nan


class RowSlices:
    """An image in a file that is sliced as an array is, `image[3:5, :100]`; each slice is read when it is asked for.

    Parameters
    ----------
    rows : Rows
        The image.
    """

    ndim = 2

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self.shape = rows.shape

    def __getitem__(self, where: tuple[slice, slice]) -> NDArray[np.float32]:
        """Return some rows, and of these some columns."""
        import numpy as np

        start, stop, _ = where[0].indices(self.shape[0])
        out = np.empty((stop - start, self.shape[1]), dtype=np.float32)
        self._rows.read(start, stop, out)
        return out[:, where[1]]
