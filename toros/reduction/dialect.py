"""What a header means: the words of many observatories' headers brought to one."""

from __future__ import annotations

import math
import re
from collections import ChainMap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from toros.errors import BadFrame
from toros.reduction.amplifier import Amplifier, amplifiers_of, mosaic_shape
from toros.reduction.cameras.camera import Camera, camera_of, load_cameras
from toros.reduction.keywords import dialects, number_of, plain, text_of, within
from toros.reduction.moment import date_of_exposure
from toros.reduction.section import Section, read_sections

__all__ = ["Description", "describe"]

KINDS = ("bias", "dark", "flat", "light")
LONGEST = 7200.0  # seconds; what an order may carry
NO_TIME = 1e-6  # seconds; drivers write 1e-32 for "as short as can be"
_FULL_SCALES = tuple(float(2**bits - 1) for bits in (10, 12, 14, 15, 16))


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
    binning : (int, int)
        Rows and columns.
    date_obs : str or None
        Start of the exposure; UTC, ISO 8601.
    ra, dec : float or None
        Pointing; degrees.
    gain : float or None
        Electrons per count.
    read_noise : float or None
        Electrons.
    saturation : float or None
        Counts at which a pixel holds no more.
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
    camera: str = ""
    object: str = ""
    binning: tuple[int, int] = (1, 1)
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
    peak: float = math.nan,
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
    peak : float
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
    words = dialects() if words is None else words
    settings = camera_of(header, load_cameras() if cameras is None else cameras)
    if settings.cards:
        header = ChainMap(dict(settings.cards), header)  # type: ignore[arg-type]
    marks: list[str] = []
    exposure = _exposure(header, words, marks)
    kind, said = _kind(header, words, name, marks)
    master = _master(header, words, said, name, marks)
    kind, exposure = _agree(kind, exposure, marks)
    done = _done(header, words)
    camera = text_of(header, words["camera_keywords"])
    amplifiers = _amplifiers(headers or [header], settings, words, shape, done, master, marks)
    overscan, trim = (None, None) if amplifiers else _sections(header, words, settings, shape, done, master, marks)
    date_obs, more = date_of_exposure(header, words)
    ra, dec = _pointing(header, words, marks)
    return Description(
        kind=kind,
        master=master,
        exposure_time=exposure,
        filter=text_of(header, words["filter_keywords"]) if kind in ("flat", "light") else "",
        camera=camera,
        object=text_of(header, words["object_keywords"]),
        binning=_binning(header),
        date_obs=date_obs,
        ra=ra if kind == "light" else None,
        dec=dec if kind == "light" else None,
        gain=within(header, words["gain_keywords"], 0.01, 20, "electrons per count", marks) or settings.gain,
        read_noise=within(header, words["read_noise_keywords"], 0.01, 500, "electrons", marks) or settings.read_noise,
        saturation=_saturation(header, words, settings, bits, peak, marks),
        temperature=number_of(header, words["temperature_keywords"]),
        unit="electron" if plain(str(header.get("BUNIT", ""))) in ("electron", "electrons", "e") else "adu",
        overscan=overscan,
        trim=trim,
        amplifiers=amplifiers,
        done=done,
        product=text_of(header, ["TPRODUCT"]),
        marks=(*marks, *more),
        settings=settings,
    )


def _kind(header: Mapping[str, Any], words: Mapping[str, Any], name: str, marks: list[str]) -> tuple[str, str]:
    """Return the kind of frame, and the words in which the header says it."""
    for key in words["kind_keywords"]:
        said = plain(text_of(header, [key]))
        if not said:
            continue
        kind = _kind_of_words(said, words)
        if kind == "light":
            return _mislabelled(header, words, marks), said
        if kind:
            return kind, said
        if said in words["other_kinds"]:
            raise BadFrame(f"is a frame of another kind: {key} = {said}")
        marks.append(f"{key} = {said!r} is not a kind of frame that we know")
    by_name = _kind_of_name(name, words)
    if by_name:
        marks.append(f"the header does not say what kind of frame this is: {by_name} was guessed from the file's name")
        return by_name, ""
    marks.append("the header does not say what kind of frame this is: light was guessed")
    return "light", ""


def _kind_of_words(said: str, words: Mapping[str, Any]) -> str | None:
    bare = " ".join(w for w in said.split() if w not in words["master"]["words"])
    return next((kind for kind in KINDS if bare in words["kinds"][kind]), None)


def _kind_of_name(name: str, words: Mapping[str, Any]) -> str | None:
    parts = re.split(r"[^a-z]+", name.lower())
    for kind in ("flat", "dark", "bias"):
        if any(part in words["kinds"][kind] or part in (f"{kind}s", f"{kind}es") for part in parts):
            return kind
    return None


def _mislabelled(header: Mapping[str, Any], words: Mapping[str, Any], marks: list[str]) -> str:
    """Return the kind that OBJECT names where the camera's software calls everything a light frame."""
    target = plain(text_of(header, words["object_keywords"]))
    kind = _kind_of_words(target, words) if target else None
    if kind in ("flat", "bias", "dark"):
        marks.append(f"the header calls this a light frame of the object {target!r}: {kind} was guessed")
        return kind
    return "light"


def _agree(kind: str, exposure: float | None, marks: list[str]) -> tuple[str, float | None]:
    """Bring kind and exposure time together: a dark of no length is a bias."""
    if exposure is not None and abs(exposure) < NO_TIME:
        if kind == "dark":
            marks.append(f"a dark of {exposure:g} s is a bias")
            return "bias", 0.0
        return kind, 0.0
    if exposure is not None and exposure < 0:
        if kind == "bias":
            marks.append(f"the exposure time is negative ({exposure:g} s): taken as 0")
            return kind, 0.0
        raise BadFrame(f"its exposure time is negative: {exposure:g} s")
    if exposure is None and kind in ("dark", "light"):
        marks.append("the header does not say how long the exposure was")
    return kind, exposure


def _exposure(header: Mapping[str, Any], words: Mapping[str, Any], marks: list[str]) -> float | None:
    said = {k: v for k in words["exposure_keywords"] if (v := number_of(header, [k])) is not None}
    if not said:
        return None
    first, value = next(iter(said.items()))
    for key, other in said.items():
        if not math.isclose(value, other, rel_tol=1e-3, abs_tol=1e-3):
            marks.append(f"{first} = {value:g} and {key} = {other:g} disagree: {first} was taken")
    return value


def _master(header: Mapping[str, Any], words: Mapping[str, Any], said: str, name: str, marks: list[str]) -> bool:
    finished = words["master"]
    if any(header.get(key) is True for key in finished["true_keywords"]):
        return True
    if any((number_of(header, [key]) or 0) > 1 for key in finished["count_keywords"]):
        return True
    if any(word in finished["words"] for word in said.split()):
        return True
    parts = re.split(r"[^a-z]+", name.lower())
    if _kind_of_name(name, words) and any(part in finished["words"] for part in parts):
        marks.append("a finished master was guessed from the file's name")
        return True
    return False


def _done(header: Mapping[str, Any], words: Mapping[str, Any]) -> frozenset[str]:
    """Return the steps that the header says were done; a card that says F or 0 does not count."""
    return frozenset(
        step
        for step, keys in words["done"].items()
        if any(header.get(k) not in (None, False, 0, "", "F") for k in keys)
    )


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


def _amplifiers(
    headers: Sequence[Mapping[str, Any]],
    settings: Camera,
    words: Mapping[str, Any],
    shape: tuple[int, int],
    done: frozenset[str],
    master: bool,
    marks: list[str],
) -> tuple[Amplifier, ...]:
    """Return the amplifiers of a raw frame; one that was put together before has none any more."""
    whole = settings.amplifiers and mosaic_shape(settings.amplifiers) == shape
    if len(headers) == 1 and (whole or master or "trim" in done):
        return ()
    found, more = amplifiers_of(headers, settings, shape, binning=_binning(headers[0]), words=words)
    marks.extend(more)
    return tuple(replace(one, overscan=None) for one in found) if "overscan" in done else found


def _binning(header: Mapping[str, Any]) -> tuple[int, int]:
    """Return the binning of rows and columns."""
    for key in ("CCDSUM", "BINNING", "CCDXBIN"):
        numbers = re.findall(r"\d+", str(header.get(key, "")))
        if len(numbers) == 2 and key != "CCDXBIN":
            return int(numbers[1]), int(numbers[0])
    columns = number_of(header, ["XBINNING", "XBIN", "CCDXBIN"]) or 1
    rows = number_of(header, ["YBINNING", "YBIN", "CCDYBIN"]) or columns
    return int(rows), int(columns)


def _saturation(
    header: Mapping[str, Any],
    words: Mapping[str, Any],
    settings: Camera,
    bits: int,
    peak: float,
    marks: list[str],
) -> float | None:
    """Return the count at which pixels are full: as said, else the converter's end where pixels reach it."""
    said = number_of(header, words["saturation_keywords"]) or settings.saturation
    if said is not None and said > 0:
        return float(said)
    if bits == 16 and peak in _FULL_SCALES:
        marks.append(f"the header does not say where pixels saturate: {peak:g} counts was guessed from the brightest")
        return peak
    return 65535.0 if bits == 16 else None


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
