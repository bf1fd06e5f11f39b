"""When a frame was exposed: DATE-OBS in the ways that observatories write it, as UTC."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

__all__ = ["date_of_exposure"]

_OLD = re.compile(r"^(\d{1,2})/(\d{1,2})/(\d{2})$")  # dd/mm/yy, the FITS way before 1997
_OFFSET = re.compile(r"([+-])(\d{2}):?(\d{2})$")
_SCALES = {"TAI": "tai", "TT": "tt", "TDT": "tt", "TDB": "tdb"}


def date_of_exposure(header: Mapping[str, Any], words: Mapping[str, Any]) -> tuple[str | None, list[str]]:
    """Return the start of the exposure, UTC, ISO 8601, and what had to be guessed.

    Parameters
    ----------
    header : mapping
        The frame's header.
    words : mapping
        The dialect: `date_keywords`, `time_keywords`, `julian_keywords`.

    Returns
    -------
    date_obs : str or None
        None where the header does not say; never the time of now.
    marks : list of str
    """
    written = _first_text(header, words["date_keywords"])
    if written is None:
        return _from_julian(header, words["julian_keywords"])
    moment, marks = _read(written, header, words["time_keywords"])
    if moment is None:
        fallback, more = _from_julian(header, words["julian_keywords"])
        return fallback, [f"DATE-OBS = {written!r} cannot be read", *more]
    return _iso(moment), marks


def _first_text(header: Mapping[str, Any], keywords: Sequence[str]) -> str | None:
    for key in keywords:
        value = header.get(key)
        if isinstance(value, str) and value.strip():
            return value.strip()
    return None


def _read(written: str, header: Mapping[str, Any], time_keywords: Sequence[str]) -> tuple[datetime | None, list[str]]:
    """Return the moment that DATE-OBS names, joined with the time of day where that has its own card."""
    old = _OLD.match(written)
    if old:
        written = f"19{old.group(3)}-{int(old.group(2)):02d}-{int(old.group(1)):02d}"
    marks = ["DATE-OBS is in the form dd/mm/yy: read as of the twentieth century"] if old else []
    if len(written) == 10:
        time = _first_text(header, time_keywords)
        if time is None or not re.match(r"^\d{1,2}:\d\d", time):
            marks.append("DATE-OBS has no time of day, nor has any other card: the time is that day's midnight")
        else:
            written = f"{written}T{time if time[1] != ':' else '0' + time}"
            marks.append("the time of day was taken from its own card")
    try:
        moment = datetime.fromisoformat(_OFFSET.sub(r"\1\2:\3", written.replace(" ", "T", 1)))
    except ValueError:
        return None, marks
    if moment.tzinfo is not None:
        return _from_offset(moment, header, marks)
    return _from_scale(moment, header, marks)


def _from_offset(moment: datetime, header: Mapping[str, Any], marks: list[str]) -> tuple[datetime, list[str]]:
    """Turn a time with an offset into UTC, and compare it with UT-OBS where the header has one."""
    offset = moment.utcoffset()
    utc = moment.astimezone(UTC).replace(tzinfo=None)
    if offset:
        marks.append(f"DATE-OBS is local time ({moment.strftime('%z')}): written as UTC in the product")
    said = header.get("UT-OBS")
    if isinstance(said, str) and said.strip():
        try:
            other = datetime.fromisoformat(_OFFSET.sub(r"\1\2:\3", said.strip()))
        except ValueError:
            return utc, marks
        other = other.astimezone(UTC).replace(tzinfo=None) if other.tzinfo else other
        if abs((other - utc).total_seconds()) > 1:
            marks.append(f"UT-OBS = {said.strip()} disagrees with DATE-OBS: DATE-OBS was taken")
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
