"""How the detector was read: gain, noise, saturation, binning, and the sections of its one or many read-outs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from toros.reduction.amplifier import Amplifier, amplifiers_of, mosaic_shape
from toros.reduction.cameras.camera import Camera
from toros.reduction.keywords import number_of, text_of, within
from toros.reduction.section import Section, read_sections

__all__ = ["Detector", "detector_of"]

_FULL_SCALES = tuple(float(2**bits - 1) for bits in (10, 12, 14, 15, 16))


@dataclass(frozen=True)
class Detector:
    """How the detector was read.

    Attributes
    ----------
    binning : (int, int)
        Rows and columns.
    gain : float or None
        Electrons per count; the mean of several amplifiers'.
    read_noise : float or None
        Electrons; the mean of several amplifiers'.
    saturation : float or None
        Counts at which a pixel holds no more; the least of several amplifiers'.
    overscan, trim : Section or None
        Of a single read-out.
    amplifiers : tuple of Amplifier
        Of several.
    """

    binning: tuple[int, int]
    gain: float | None
    read_noise: float | None
    saturation: float | None
    overscan: Section | None
    trim: Section | None
    amplifiers: tuple[Amplifier, ...]


def detector_of(
    headers: Sequence[Mapping[str, Any]],
    words: Mapping[str, Any],
    settings: Camera,
    shape: tuple[int, int],
    *,
    done: frozenset[str] = frozenset(),
    master: bool = False,
    bits: int = 16,
    peak: float | None = None,
    marks: list[str],
) -> Detector:
    """Return how the detector was read, from the header, and from the camera's file what that does not say.

    Parameters
    ----------
    headers : sequence of mapping
        Of the one image, or of each extension that was stacked.
    words : mapping
        The dialect.
    settings : Camera
    shape : (int, int)
        Rows and columns of the raw array, stacked.
    done : frozenset of str
        Steps that were done before.
    master : bool
        The frame is a finished master.
    bits : int
        BITPIX.
    peak : float, optional
        Largest pixel; counts.
    marks : list of str
        What was guessed or ignored is added.

    Raises
    ------
    BadFrame
        Its amplifiers do not fit it.
    """
    header, binning = headers[0], _binning(headers[0])
    gain = within(header, words["gain_keywords"], 0.01, 20, "electrons per count", marks) or settings.gain
    noise = within(header, words["read_noise_keywords"], 0.01, 500, "electrons", marks) or settings.read_noise
    full = _said_saturation(header, words) or settings.saturation
    amplifiers: tuple[Amplifier, ...] = ()
    if len(headers) > 1 or not (master or "trim" in done or _is_mosaic(settings, shape)):
        common = settings if len(headers) > 1 else replace(settings, gain=gain, read_noise=noise, saturation=full)
        amplifiers, more = amplifiers_of(
            headers, common, shape, binning=binning, trimmed="trim" in done or master, words=words
        )
        marks.extend(more)
    if not amplifiers:
        overscan, trim = _sections(header, words, settings, shape, done, master, marks)
        return Detector(binning, gain, noise, _saturation(full, bits, peak, marks), overscan, trim, ())
    if "overscan" in done:
        amplifiers = tuple(replace(one, overscan=None) for one in amplifiers)
    full = min((a.saturation for a in amplifiers if a.saturation is not None), default=full)
    return Detector(
        binning, _mean([a.gain for a in amplifiers]), _mean([a.read_noise for a in amplifiers]),
        _saturation(full, bits, peak, marks), None, None, amplifiers,
    )  # fmt: skip


def _is_mosaic(settings: Camera, shape: tuple[int, int]) -> bool:
    """Tell whether the amplifiers of a camera were put together before: the frame has the mosaic's shape."""
    return bool(settings.amplifiers) and mosaic_shape(settings.amplifiers) == shape


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known and len(known) == len(values) else None


def _sections(
    header: Mapping[str, Any],
    words: Mapping[str, Any],
    settings: Camera,
    shape: tuple[int, int],
    done: frozenset[str],
    master: bool,
    marks: list[str],
) -> tuple[Section | None, Section | None]:
    overscan, trim, more = read_sections(
        text_of(header, words["overscan_keywords"]) or settings.overscan,
        text_of(header, words["trim_keywords"]) or settings.trim,
        shape,
    )
    marks.extend(more)
    if (overscan or trim) and ("trim" in done or master):
        marks.append("the frame was trimmed before: BIASSEC and TRIMSEC were ignored")
        return None, None
    return (None if "overscan" in done else overscan), trim


def _binning(header: Mapping[str, Any]) -> tuple[int, int]:
    """Return the binning of rows and columns."""
    for key in ("CCDSUM", "BINNING"):
        numbers = [int(n) for n in re.findall(r"\d+", str(header.get(key, "")))]
        if len(numbers) == 2 and min(numbers) > 0:
            return numbers[1], numbers[0]
    columns = number_of(header, ["XBINNING", "XBIN", "CCDXBIN"]) or 1
    rows = number_of(header, ["YBINNING", "YBIN", "CCDYBIN"]) or columns
    return max(1, int(rows)), max(1, int(columns))


def _said_saturation(header: Mapping[str, Any], words: Mapping[str, Any]) -> float | None:
    said = number_of(header, words["saturation_keywords"])
    return said if said is not None and said > 0 else None


def _saturation(said: float | None, bits: int, peak: float | None, marks: list[str]) -> float | None:
    """Return the count at which pixels are full: as said, else the converter's end where pixels reach it."""
    if said is not None:
        return said
    if bits == 16 and peak is not None and peak in _FULL_SCALES:
        marks.append(f"the header does not say where pixels saturate: {peak:g} counts was guessed from the brightest")
        return peak
    return 65535.0 if bits == 16 else None
