"""What a header means: the words of many observatories' headers brought to one."""

from __future__ import annotations

import math
import re
from collections import ChainMap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from toros.reduction.amplifier import Amplifier
from toros.reduction.band import band_of, filter_of
from toros.reduction.cameras.camera import Camera, camera_of, load_cameras
from toros.reduction.detector import detector_of
from toros.reduction.keywords import dialects, number_of, plain, text_of, within
from toros.reduction.kind import illumination_of, is_master, kind_of
from toros.reduction.moment import date_of_exposure
from toros.reduction.section import Section

__all__ = ["Description", "describe"]

LONGEST = 7200.0  # seconds; what an order may carry
KELVIN = 150.0  # a temperature above is in kelvin: no detector is so hot in degrees Celsius


@dataclass(frozen=True)
class Description:
    """What a frame is, in TOROS's words.

    Attributes
    ----------
    kind : {"bias", "dark", "flat", "light"}
    master : bool
        Finished: made of other frames, to be used as it is.
    exposure_time : float or None
        Seconds.
    filter, camera, object : str
        As the header calls them; empty where it does not.
    illumination : {"", "dome", "sky"}
        What a flat is lit by; empty where its header does not say.
    band : str
        What the filter means, by which lights and flats find one another.
    binning : (int, int)
        Rows and columns.
    readout_mode : str
        In lower case; empty where the header does not say.
    date_obs : str or None
        Start of the exposure; UTC, ISO 8601.
    ra, dec : float or None
        Pointing; degrees.
    gain : float or None
        Electrons per count; the mean where several amplifiers read the detector.
    read_noise : float or None
        Electrons; likewise the mean.
    saturation : float or None
        Counts at which a pixel holds no more; the least of several amplifiers'.
    temperature : float or None
        Of the detector; degrees Celsius.
    unit : {"adu", "electron"}
    overscan, trim : Section or None
        What to subtract and what to keep, where that makes sense.
    settings : Camera
        What is known of the camera beside its headers, and how its frames are reduced.
    amplifiers : tuple of Amplifier
        Where several read the detector; then there is no `overscan` nor `trim`. Empty for a single one.
    done : frozenset of str
        Steps that were done before we got it: overscan, trim, bias, dark, flat, gain.
    product : str
        Our own name of the product where TOROS made it, else empty.
    marks : tuple of str
        What was guessed or ignored, a sentence each.
    """

    kind: str
    master: bool = False
    exposure_time: float | None = None
    filter: str = ""
    illumination: str = ""
    band: str = ""
    camera: str = ""
    object: str = ""
    binning: tuple[int, int] = (1, 1)
    readout_mode: str = ""
    date_obs: str | None = None
    ra: float | None = None
    dec: float | None = None
    gain: float | None = None
    read_noise: float | None = None
    saturation: float | None = None
    temperature: float | None = None
    unit: str = "adu"
    overscan: Section | None = None
    trim: Section | None = None
    amplifiers: tuple[Amplifier, ...] = ()
    done: frozenset[str] = field(default_factory=frozenset)
    product: str = ""
    marks: tuple[str, ...] = ()
    settings: Camera = field(default_factory=Camera)


def describe(
    header: Mapping[str, Any],
    *,
    name: str,
    shape: tuple[int, int],
    bits: int = 16,
    peak: float | None = None,
    words: Mapping[str, Any] | None = None,
    headers: Sequence[Mapping[str, Any]] = (),
    cameras: Sequence[Camera] | None = None,
) -> Description:
    """Return what a frame is.

    Parameters
    ----------
    header : mapping
        The frame's header.
    name : str
        The file's name: what the header leaves open may stand there.
    shape : (int, int)
        Rows and columns of the array.
    bits : int
        BITPIX.
    peak : float, optional
        Largest pixel; counts.
    words : mapping, optional
        The dialect; the one that comes with TOROS by default.
    headers : sequence of mapping, optional
        Of each extension, where the array is a stack of several.
    cameras : sequence of Camera, optional
        Those that come with TOROS by default.

    Raises
    ------
    BadFrame
        The frame is of a kind that cannot be calibrated, its exposure time is impossible, or its amplifiers do not
        fit it.
    """
    settings = camera_of(header, load_cameras() if cameras is None else cameras)
    words = _spoken(dialects() if words is None else words, settings)
    header, *headers = (_corrected(one, settings) for one in (header, *(headers or [header])))
    marks: list[str] = []
    exposure = _exposure(header, words, marks)
    kind, exposure, said = kind_of(header, words, name, exposure, marks)
    master = is_master(header, words, said, name, marks)
    done = _done(header, words)
    detector = detector_of(headers, words, settings, shape, done=done, master=master, bits=bits, peak=peak, marks=marks)
    date_obs, more_marks = date_of_exposure(header, words, settings.timezone)
    ra, dec = _pointing(header, words, marks)
    filter = filter_of(header, words) if kind in ("flat", "light") else ""
    return Description(
        kind=kind,
        master=master,
        exposure_time=exposure,
        filter=filter,
        illumination=illumination_of(header, words, said) if kind == "flat" else "",
        band=band_of(filter, words),
        camera=text_of(header, words["camera_keywords"]) or ("" if settings.name == "generic" else settings.name),
        object=text_of(header, words["object_keywords"]),
        readout_mode=_readout_mode(header, words),
        date_obs=date_obs,
        ra=ra if kind == "light" else None,
        dec=dec if kind == "light" else None,
        temperature=_temperature(header, words, marks),
        unit="electron" if plain(str(header.get("BUNIT", ""))) in ("electron", "electrons", "e") else "adu",
        done=done,
        product=text_of(header, ["TPRODUCT"]),
        marks=(*marks, *more_marks),
        settings=settings,
        **vars(detector),
    )


def _exposure(header: Mapping[str, Any], words: Mapping[str, Any], marks: list[str]) -> float | None:
    said = {k: v for k in words["exposure_keywords"] if (v := number_of(header, [k])) is not None}
    if not said:
        return None
    first, value = next(iter(said.items()))
    for key, other in said.items():
        if not math.isclose(value, other, rel_tol=1e-3, abs_tol=1e-3):
            marks.append(f"{first} = {value:g} and {key} = {other:g} disagree: {first} was taken")
    return value


def _done(header: Mapping[str, Any], words: Mapping[str, Any]) -> frozenset[str]:
    """Return the steps that the header says were done; a card that says F or 0 does not count."""
    return frozenset(
        step
        for step, keys in words["done"].items()
        if any(header.get(k) not in (None, False, 0, "", "F") for k in keys)
    )


def _corrected(header: Mapping[str, Any], settings: Camera) -> Mapping[str, Any]:
    """Return a header in which a camera's cards stand in place of its own."""
    return ChainMap(dict(settings.cards), header) if settings.cards else header  # type: ignore[arg-type]


def _spoken(words: Mapping[str, Any], settings: Camera) -> Mapping[str, Any]:
    """Return the dialect that a camera speaks: its own keywords in place of the usual, its own words beside them."""
    if not (settings.keywords or settings.kinds or settings.filters):
        return words
    return {
        **words,
        **{f"{thing}_keywords": list(keys) for thing, keys in settings.keywords.items()},
        "kinds": {
            kind: [*(plain(word) for word in settings.kinds.get(kind, ())), *usual]
            for kind, usual in words["kinds"].items()
        },
        "filters": settings.filters,
    }


def _readout_mode(header: Mapping[str, Any], words: Mapping[str, Any]) -> str:
    values = (header.get(key) for key in words["readout_keywords"])
    return next((mode for value in values if value is not None and (mode := plain(str(value)))), "")


def _temperature(header: Mapping[str, Any], words: Mapping[str, Any], marks: list[str]) -> float | None:
    """Return the detector's temperature in degrees Celsius, from that or from kelvin."""
    said = within(header, words["temperature_keywords"], -273.15, 400, "a detector's temperature", marks)
    return round(said - 273.15, 3) if said is not None and said > KELVIN else said


def _pointing(
    header: Mapping[str, Any], words: Mapping[str, Any], marks: list[str]
) -> tuple[float | None, float | None]:
    """Return right ascension and declination in degrees, from degrees or sexagesimal hours and degrees."""
    ra = _angle(header, words["ra_keywords"], hours=True)
    dec = _angle(header, words["dec_keywords"], hours=False)
    if ra is None or dec is None:
        return None, None
    if not (0 <= ra <= 360 and -90 <= dec <= 90):
        marks.append(f"the pointing {ra:g}, {dec:g} is not on the sky: ignored")
        return None, None
    return ra % 360, dec


def _angle(header: Mapping[str, Any], keywords: Sequence[str], *, hours: bool) -> float | None:
    for key in keywords:
        value = header.get(key)
        if isinstance(value, str):
            parts = re.match(r"^\s*([+-]?)(\d{1,3})[:\s]+(\d{1,2})(?:[:\s]+(\d{1,2}(?:\.\d*)?))?\s*$", value)
            if parts:
                sign, whole, minutes, seconds = parts.groups()
                angle = int(whole) + int(minutes) / 60 + float(seconds or 0) / 3600
                return (-angle if sign == "-" else angle) * (15 if hours else 1)
        number = number_of(header, [key])
        if number is not None:
            return number
    return None
