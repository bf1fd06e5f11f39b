"""When a frame was exposed: DATE-OBS in the ways that observatories write it, as UTC."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from toros.reduction.cameras.zone import zone_of
from toros.reduction.keywords import number_of, text_of

__all__ = ["date_of_exposure"]

HALF_HOUR = 1750.0  # seconds; the least by which time zones differ, less what rounding takes
YEARS = (1900, 2200)
_OLD = re.compile(r"^(\d{1,2})/(\d{1,2})/(\d{2})$")  # dd/mm/yy, the FITS way before 1997
_OFFSET = re.compile(r"([+-])(\d{2}):?(\d{2})$")
_SCALES = {"TAI": "tai", "TT": "tt", "TDT": "tt", "TDB": "tdb"}


def date_of_exposure(
    header: Mapping[str, Any], words: Mapping[str, Any], timezone: str = "UTC"
) -> tuple[str | None, list[str]]:
    """Return the start of the exposure, UTC, ISO 8601, and what had to be guessed.

    Parameters
    ----------
    header : mapping
        The frame's header.
    words : mapping
        The dialect: `date_keywords`, `time_keywords`, `julian_keywords`.
    timezone : str
        Of a time that names neither an offset nor a scale: a name such as America/Phoenix or an offset.

    Returns
    -------
    date_obs : str or None
        None where the header does not say; never the time of now.
    marks : list of str
    """
    written = text_of(header, words["date_keywords"])
    if not written:
        return _from_julian(header, words["julian_keywords"])
    moment, marks = _read(written, header, words["time_keywords"], timezone)
    if moment is None:
        fallback, more = _from_julian(header, words["julian_keywords"])
        return fallback, [f"DATE-OBS = {written!r} cannot be read", *more]
    return _iso(moment), [*marks, *_against_julian(moment, header, words["julian_keywords"])]


def _read(
    written: str, header: Mapping[str, Any], time_keywords: Sequence[str], timezone: str
) -> tuple[datetime | None, list[str]]:
    """Return the moment that DATE-OBS names, joined with the time of day where that has its own card."""
    old = _OLD.match(written)
    if old:
        written = f"19{old.group(3)}-{int(old.group(2)):02d}-{int(old.group(1)):02d}"
    marks = ["DATE-OBS is in the form dd/mm/yy: read as of the twentieth century"] if old else []
    if len(written) == 10:
        key = next((key for key in time_keywords if text_of(header, [key])), "")
        time = text_of(header, [key])
        timezone = "UTC" if key.startswith("UT") else timezone
        if not re.match(r"^\d{1,2}:\d\d", time):
            marks.append("DATE-OBS has no time of day, nor has any other card: the time is that day's midnight")
        else:
            written = f"{written}T{time if time[1] != ':' else '0' + time}"
            marks.append("the time of day was taken from its own card")
    moment = _parsed(written)
    if moment is None:
        return None, marks
    if moment.tzinfo is not None:
        return _from_offset(moment, header, marks)
    if timezone != "UTC" and not header.get("TIMESYS"):
        return _from_zone(moment, timezone, header, marks)
    return _from_scale(moment, header, marks)


def _parsed(text: str) -> datetime | None:
    """Return the moment that a text names, None if it is none of a year in which there were detectors."""
    try:
        moment = datetime.fromisoformat(_OFFSET.sub(r"\1\2:\3", text.replace(" ", "T", 1)))
    except ValueError:
        return None
    return moment if YEARS[0] <= moment.year <= YEARS[1] else None


def _from_zone(
    moment: datetime, timezone: str, header: Mapping[str, Any], marks: list[str]
) -> tuple[datetime | None, list[str]]:
    """Turn a local time into UTC by the zone that the camera's file names; of an hour that comes twice, the first."""
    zone = zone_of(timezone)
    if zone is None:
        return None, marks
    first, second = (moment.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if first.utcoffset() != second.utcoffset():
        marks.append(f"the clocks of {timezone} were changed about {moment.isoformat()}: the first such hour was taken")
    return _from_offset(first, header, marks)


def _from_offset(moment: datetime, header: Mapping[str, Any], marks: list[str]) -> tuple[datetime, list[str]]:
    """Turn a time with an offset into UTC, and compare it with UT-OBS where the header has one."""
    offset = moment.utcoffset()
    utc = moment.astimezone(UTC).replace(tzinfo=None)
    if offset:
        marks.append(f"DATE-OBS is local time ({moment.strftime('%z')}): written as UTC in the product")
    said = text_of(header, ["UT-OBS"])
    other = _parsed(said)
    if other is not None:
        other = other.astimezone(UTC).replace(tzinfo=None) if other.tzinfo else other
        if abs((other - utc).total_seconds()) > 1:
            marks.append(f"UT-OBS = {said} disagrees with DATE-OBS: DATE-OBS was taken")
    return utc, marks


def _from_scale(moment: datetime, header: Mapping[str, Any], marks: list[str]) -> tuple[datetime, list[str]]:
    """Turn a time of the scale that TIMESYS names into UTC."""
    named = str(header.get("TIMESYS", "UTC")).strip().upper()
    scale = _SCALES.get(named)
    if scale is None:
        if named not in ("", "UTC", "UT", "UT1", "GMT"):
            marks.append(f"TIMESYS = {named} is not known: DATE-OBS was taken as UTC")
        return moment, marks
    from astropy.time import Time

    marks.append(f"DATE-OBS is in {named}: written as UTC in the product")
    return Time(moment, scale=scale).utc.to_datetime(), marks


def _against_julian(moment: datetime, header: Mapping[str, Any], keywords: Mapping[str, str]) -> list[str]:
    """Say where the header's Julian date is another time: some are rounded, or of the middle, none by half an hour."""
    said, _ = _from_julian(header, keywords)
    if said is None:
        return []
    apart = (datetime.fromisoformat(said) - moment).total_seconds()
    length = number_of(header, ["EXPTIME", "EXPOSURE"]) or 0.0
    if abs(apart) < HALF_HOUR + abs(length):
        return []
    return [f"the Julian date in the header is {apart / 3600:+.2f} h from DATE-OBS: DATE-OBS was taken"]


def _from_julian(header: Mapping[str, Any], keywords: Mapping[str, str]) -> tuple[str | None, list[str]]:
    for key, form in keywords.items():
        value = header.get(key)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            day = value - 2400000.5 if form == "jd" else value
            if 15000 < day < 110000:  # 1899 to 2160
                moment = datetime(1858, 11, 17) + timedelta(days=day)
                return _iso(moment), [f"there is no DATE-OBS: the time was taken from {key} = {value}"]
    return None, ["there is no DATE-OBS: the time of the exposure is unknown"]


def _iso(moment: datetime) -> str:
    """Return the moment to the nearest millisecond; a Julian date in a float is no better."""
    return (moment + timedelta(microseconds=500)).isoformat(timespec="milliseconds")
