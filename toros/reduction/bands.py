"""Carrying a chain of steps out on a frame, a band of rows at a time."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from toros.errors import BadFrame
from toros.reduction.amplifier import Amplifier
from toros.reduction.chain import Chain, Planes
from toros.reduction.flags import Flag
from toros.reduction.planes import ArrayRows
from toros.reduction.tape import tape_of, values_tape

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


__all__ = ["CalibratedRows"]

BAND = 1 << 20  # bytes of float32 rows that are calibrated at once where something comes from a file


@dataclass
class _Stripe:
    """Amplifiers that share their rows.

    Attributes
    ----------
    amplifiers : list of Amplifier
    bottom, top : int
        First and last row in the mosaic, from 1.
    places : int64 array
    numbers, levels : float32 array
        As `calibrate_rows` takes them.
    """

    amplifiers: list[Amplifier]
    bottom: int
    top: int
    places: NDArray[np.int64]
    numbers: NDArray[np.float32]
    levels: NDArray[np.float32]

    @property
    def by_column(self) -> NDArray[np.float32]:
        """The levels where there is one for each column; else of no columns."""
        return self.levels if self.levels.shape[1] > 1 else self.levels[:, :0]


class CalibratedRows:
    """A frame after its chain: rows are calibrated when they are asked for.

    Parameters
    ----------
    chain : Chain
        What is done.
    raw : Planes
        The raw array; counts. Its own uncertainty and mask, where it has any, are carried on.
    masters : mapping of {"bias", "dark", "flat", "bad_pixels"} to Planes
        In the shape of the calibrated image; more may be given than are used.

    Raises
    ------
    BadFrame
        A master that the chain needs is not there, or of another shape.
    """

    def __init__(self, chain: Chain, raw: Planes, masters: Mapping[str, Planes]) -> None:
        import numpy as np

        self.chain = chain
        self.shape = chain.shape
        self._raw = raw
        self._masters = {role: masters[role] for role in self._needed(masters)}
        self._stripes = [self._stripe(indices) for indices in _sharing_rows(chain.amplifiers)]
        by_column = any(stripe.levels.shape[1] > 1 for stripe in self._stripes)
        self._codes = tape_of(chain, self._masters, by_column=by_column, own=raw.error is not None)
        self._value_codes = values_tape(chain)
        self._coefficients = np.array(chain.coefficients, dtype=np.float32)

    def read(self, start: int, stop: int, out: NDArray[np.float32]) -> None:
        """Fill `out` with these rows; masked pixels as NaN. Errors are not made: it takes half of what `fill` does."""
        from toros.reduction.value_kernels import hide

        masters = {role: _band(planes, start, stop) for role, planes in self._masters.items()}
        for stripe in self._stripes:
            first, last = max(start, stripe.bottom - 1), min(stop, stripe.top)
            if first < last:
                self._read_stripe(stripe, first, last, start, masters, out)
        for _, _, mask in masters.values():
            if mask.size:
                hide(mask.reshape(-1), out.reshape(-1))

    def rows(self, start: int, stop: int) -> NDArray[np.float32]:
        """Return these rows; masked pixels as NaN."""
        import numpy as np

        out = np.empty((stop - start, self.shape[1]), dtype=np.float32)
        self.read(start, stop, out)
        return out

    @property
    def has_errors(self) -> bool:
        """Whether the standard deviation says anything: where noise was made, or a master or the frame has its own."""
        planes = [self._raw, *self._masters.values()]
        return "create_deviation" in self.chain.order or any(p.error is not None for p in planes)

    def bands(self) -> Iterator[tuple[int, int]]:
        """Give the first and last row of pieces that suit the processor's cache; one piece where all is in memory."""
        planes = [self._raw, *self._masters.values()]
        step = self.shape[0]
        if not all(isinstance(p.image, ArrayRows) for p in planes):
            step = max(1, BAND // (4 * self._raw.image.shape[1]))
        for start in range(0, self.shape[0], step):
            yield start, min(self.shape[0], start + step)

    def fill(
        self, start: int, stop: int, data: NDArray[np.float32], error: NDArray[np.float32], flags: NDArray[np.uint8]
    ) -> None:
        """Calibrate rows `start` to `stop`.

        Parameters
        ----------
        data, error : float32 array, shape (stop - start, columns)
            Filled: the image and its standard deviation.
        flags : uint8 array
            Filled: bits of `toros.reduction.flags.Flag`.
        """
        masters = {role: _band(planes, start, stop) for role, planes in self._masters.items()}
        for stripe in self._stripes:
            first, last = max(start, stripe.bottom - 1), min(stop, stripe.top)
            if first < last:
                self._fill_stripe(stripe, first, last, start, masters, data, error, flags)

    def _read_stripe(
        self, stripe: _Stripe, first: int, last: int, start: int, masters: Mapping[str, Any], out: NDArray[np.float32]
    ) -> None:
        """Make the values of mosaic rows `first` to `last` of amplifiers that share their rows."""
        import numpy as np

        from toros.reduction.row_kernels import level_rows
        from toros.reduction.value_kernels import value_rows

        raw_rows = _raw_rows(stripe.amplifiers[0], first, last)
        raw = _native(self._raw.image.rows(*raw_rows))
        by_row = np.empty((last - first, len(stripe.amplifiers)), np.float32)
        level_rows(raw, stripe.places, stripe.levels, by_row)
        bias, dark, flat = (masters.get(role, _nothing())[0] for role in ("bias", "dark", "flat"))
        value_rows(
            raw, stripe.places, first - start, stripe.amplifiers[0].flip_rows, self._value_codes, stripe.numbers,
            self._coefficients, by_row, stripe.by_column, bias, dark, flat, out,
        )  # fmt: skip
        if self._raw.mask is not None:
            bad = np.zeros((last - first, self.shape[1]), dtype=bool)
            _place(stripe.amplifiers, self._raw.mask.rows(*raw_rows) != 0, bad)
            out[first - start : last - start][bad] = np.nan

    def _fill_stripe(
        self, stripe: _Stripe, first: int, last: int, start: int, masters: Mapping[str, Any], data: Any, error: Any,
        flags: Any,
    ) -> None:  # fmt: skip
        """Calibrate mosaic rows `first` to `last` of amplifiers that share their rows."""
        import numpy as np

        from toros.reduction.row_kernels import calibrate_rows

        raw_rows = _raw_rows(stripe.amplifiers[0], first, last)
        nothing = _nothing()
        here = slice(first - start, last - start)
        if self._raw.error is not None:
            _place(stripe.amplifiers, self._raw.error.rows(*raw_rows), error[here])
        calibrate_rows(
            _native(self._raw.image.rows(*raw_rows)),
            stripe.places,
            first - start,
            stripe.amplifiers[0].flip_rows,
            self._codes,
            stripe.numbers,
            self._coefficients,
            stripe.levels,
            masters.get("bias", nothing),
            masters.get("dark", nothing),
            masters.get("flat", nothing),
            masters.get("bad_pixels", nothing)[2],
            data,
            error,
            flags,
        )
        if self._raw.mask is not None:
            bad = np.zeros((last - first, self.shape[1]), dtype=bool)
            _place(stripe.amplifiers, self._raw.mask.rows(*raw_rows) != 0, bad)
            flags[here][bad] |= np.uint8(Flag.DEFECT)

    def _needed(self, masters: Mapping[str, Planes]) -> list[str]:
        roles = self.chain.roles
        for role in roles:
            if role not in masters:
                raise BadFrame(f"its recipe asks for a master {role} and names none")
            if masters[role].image.shape != self.shape:
                rows, columns = masters[role].image.shape
                raise BadFrame(
                    f"the master {role} has {columns} x {rows} pixels and the frame {self.shape[1]} x {self.shape[0]}"
                )
        return roles

    def _stripe(self, indices: Sequence[int]) -> _Stripe:
        """Return amplifiers that share their rows, with their numbers as the kernel takes them."""
        import numpy as np

        chain = self.chain
        levels = [self._level(chain.amplifiers[i]) for i in indices]
        table = np.zeros((len(indices), max(level.size for level in levels)), dtype=np.float32)
        for row, level in zip(table, levels, strict=True):
            row[: level.size] = level
        constants = (chain.dark_scale, chain.flat_level)
        own = [(chain.saturation[i], chain.gain[i], chain.noise_gain[i], chain.read_noise[i]) for i in indices]
        amplifiers = [chain.amplifiers[i] for i in indices]
        places = [_columns(one, self._how(one)) for one in amplifiers]
        place = amplifiers[0].place
        return _Stripe(
            amplifiers, place.bottom, place.top, np.array(places, dtype=np.int64),
            np.array([(*one, *constants) for one in own], dtype=np.float32), table,
        )  # fmt: skip

    def _how(self, amplifier: Amplifier) -> int:
        """Return how the kernel measures the overscan of a row."""
        from toros.reduction import row_kernels as kernels

        if amplifier.overscan is None or not self._by_row(amplifier):
            return kernels.NO_OVERSCAN
        methods = {"median": kernels.MEDIAN, "mean": kernels.MEAN, "trimmed_mean": kernels.TRIMMED_MEAN}
        return methods[self.chain.method]

    def _by_row(self, amplifier: Amplifier) -> bool:
        strip = amplifier.overscan
        beside = strip is not None and strip.bottom <= amplifier.data.bottom and amplifier.data.top <= strip.top
        return beside and self.chain.model == "rows" and "subtract_overscan" in self.chain.order

    def _level(self, amplifier: Amplifier) -> NDArray[np.float32]:
        """Return what an overscan's level is where it is not measured row by row: one number, or one a column."""
        import numpy as np

        strip = amplifier.overscan
        if strip is None or "subtract_overscan" not in self.chain.order or self._by_row(amplifier):
            return np.zeros(0, dtype=np.float32)
        pixels = np.array(
            self._raw.image.rows(strip.bottom - 1, strip.top)[:, strip.left - 1 : strip.right], np.float32
        )
        if self.chain.model == "constant":
            return _middle(pixels.reshape(-1, 1), self.chain.method)
        levels = _middle(pixels, self.chain.method)
        first = amplifier.data.left - strip.left
        levels = levels[first : first + amplifier.data.shape[1]]
        return np.ascontiguousarray(levels[::-1] if amplifier.flip_columns else levels)


def _raw_rows(amplifier: Amplifier, first: int, last: int) -> tuple[int, int]:
    """Return the raw rows, from 0, that mosaic rows `first` to `last` of an amplifier come from."""
    if amplifier.flip_rows:
        return (
            amplifier.data.bottom - 1 + amplifier.place.top - last,
            amplifier.data.bottom - 1 + amplifier.place.top - first,
        )
    offset = amplifier.data.bottom - amplifier.place.bottom
    return first + offset, last + offset


def _sharing_rows(amplifiers: Sequence[Amplifier]) -> list[list[int]]:
    """Return which amplifiers lie beside one another, in the raw array and in the mosaic."""
    groups: dict[object, list[int]] = {}
    for i, one in enumerate(amplifiers):
        key = one.data.bottom, one.data.top, one.place.bottom, one.place.top, one.flip_rows
        groups.setdefault(key, []).append(i)
    return list(groups.values())


def _columns(amplifier: Amplifier, how: int) -> tuple[int, ...]:
    strip = amplifier.overscan
    return (
        amplifier.data.left - 1, amplifier.data.shape[1],
        strip.left - 1 if strip else 0, strip.shape[1] if strip else 0, how,
        amplifier.place.left - 1, amplifier.flip_columns,
    )  # fmt: skip


def _place(amplifiers: Sequence[Amplifier], rows: NDArray[Any], out: NDArray[Any]) -> None:
    """Put raw rows where they lie in the mosaic."""
    for one in amplifiers:
        part = rows[:: -1 if one.flip_rows else 1, one.data.left - 1 : one.data.right]
        out[:, one.place.left - 1 : one.place.right] = part[:, :: -1 if one.flip_columns else 1]


def _native(rows: NDArray[Any]) -> NDArray[Any]:
    """Return rows in one of the two types that the kernel is compiled for."""
    import numpy as np

    kind = rows.dtype if rows.dtype in (np.uint16, np.float32) and rows.dtype.isnative else np.float32
    made: NDArray[Any] = np.require(rows, kind, ["C", "W"])
    return made


def _band(planes: Planes, start: int, stop: int) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Return rows of a master as the kernel takes them; planes that it lacks have no rows."""
    import numpy as np

    empty = _nothing()
    image = np.require(planes.image.rows(start, stop), np.float32, ["C", "W"])
    error = empty[1] if planes.error is None else np.require(planes.error.rows(start, stop), np.float32, ["C", "W"])
    if planes.mask is None:
        return image, error, empty[2]
    mask = planes.mask.rows(start, stop)
    return image, error, np.ascontiguousarray(mask if mask.dtype == bool else mask != 0).view(np.uint8)


@functools.cache
def _nothing() -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    import numpy as np

    return np.empty((0, 0), np.float32), np.empty((0, 0), np.float32), np.empty((0, 0), np.uint8)


def _middle(pixels: NDArray[np.float32], method: str) -> NDArray[np.float32]:
    """Return the level of each column of pixels."""
    import warnings

    import numpy as np

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # columns without a value: they become NaN, and the frame's are marked
        if method == "median":
            levels = np.nanmedian(pixels, axis=0)
            return np.asarray(levels, dtype=np.float32)
        total, number = np.nansum(pixels, axis=0, dtype=np.float64), np.isfinite(pixels).sum(axis=0)
        if method == "trimmed_mean":
            long = number > 2
            total = total - np.where(long, np.nanmin(pixels, axis=0) + np.nanmax(pixels, axis=0), 0)
            number = number - 2 * long
        return np.asarray(total / number, dtype=np.float32)
