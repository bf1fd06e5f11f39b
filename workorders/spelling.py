"""The older TOROS spellings of fields and values, translated into today's.

Older programs write `Exposure Time` where we write `exposure_time`, numbers as text, and coordinates in sexagesimal.
All of that is accepted under the older name of a field only: today's names take today's values.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from workorders.refusal import FaultCode, Refusal

__all__ = ["spelled", "translated"]

# Names that are not today's in title case.
RENAMED = {
    "WOType": "request",
    "Telescope": "to",
    "Telescope Name": "to",
    "Number of Exposures": "exposures",
    "Object": "target",
    "Object Name": "target",
    "Target Name": "target",
    "Event Name": "event",
    "Filters": "filter",
    "Right Ascension": "ra",
    "Declination": "dec",
}
TITLE = re.compile(r"[A-Z][A-Za-z0-9]{0,31}(?: [A-Za-z][A-Za-z0-9]{0,31}){0,4}")
NUMBER = re.compile(r"\s*[+-]?(?:\d{1,9}(?:\.\d{0,12})?|\.\d{1,12})\s*", re.ASCII)
SEXAGESIMAL = re.compile(r"\s*([+-]?)(\d{1,2})[:\s](\d{1,2})[:\s](\d{1,2}(?:\.\d{0,9})?)\s*", re.ASCII)


def translated(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields with older names and values replaced by today's, and without absent (None) ones.

    Raises
    ------
    Refusal
        A field comes in both spellings with different values, or an older value cannot be read.
    """
    return spelled(fields)[0]


def spelled(fields: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the translated fields, and the older name of each that had one; see `translated`."""
    if _todays(fields):
        return dict(fields), {}
    today: dict[str, Any] = {}
    older: dict[str, str] = {}
    for name, value in fields.items():
        if not isinstance(name, str):
            raise Refusal(FaultCode.UNKNOWN_FIELD, "a field's name must be text", value=name)
        if value is None:  # nil on the wire means absent
            continue
        field = _field(name)
        if field != name:
            value = _value(field, value, name)
            if value is None:
                continue
            older.setdefault(field, name)
        if field in today and not _same(today[field], value):
            raise Refusal(FaultCode.BAD_VALUE, f"{field} is given twice, with different values ({older[field]} too)",
                          field=field, value=value, allowed="one spelling, or the same value in both")  # fmt: skip
        today[field] = value
    return today, older


def _todays(fields: Mapping[str, Any]) -> bool:
    """Return True where every name is in small letters and nothing is absent, as in most orders."""
    try:
        return "".join(fields).islower() and None not in fields.values()
    except TypeError:  # a name that is no text
        return False


def _field(name: str) -> str:
    """Return today's name of a field."""
    if name.islower():
        return name
    if name in RENAMED:
        return RENAMED[name]
    return name.lower().replace(" ", "_") if TITLE.fullmatch(name) else name


def _value(field: str, value: object, name: str) -> object:
    """Return today's value of an older one; None where that meant the field's default."""
    try:
        return VALUES[field](value) if field in VALUES else value
    except ValueError as words:
        message = f"{field} (written {name}) is not an angle that can be read"
        raise Refusal(FaultCode.BAD_VALUE, message, field=field, value=value, allowed=str(words)) from None


def _same(one: object, other: object) -> bool:
    numbers = isinstance(one, (int, float)) and isinstance(other, (int, float))
    return bool((numbers or type(one) is type(other)) and one == other)


def _request(value: object) -> object:
    """`Observation`, `Calibrate File Batch` and `CalibrateFileBatch` name requests."""
    if not isinstance(value, str):
        return value
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|\s+", "_", value.strip()).lower()


def _id(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**18 else value


def _number(value: object) -> object:
    return float(value) if isinstance(value, str) and NUMBER.fullmatch(value) else value


def _whole(value: object) -> object:
    number = _number(value)
    return int(number) if isinstance(number, float) and number.is_integer() else value


def _frames(value: object) -> object:
    """`Calibration Frames` was Yes (as many as the telescope takes by itself) or No."""
    if isinstance(value, str) and value.strip().lower() in ("yes", "no"):
        return None if value.strip().lower() == "yes" else 0
    return _whole(value)


def _right_ascension(value: object) -> object:
    """Hours, minutes and seconds, or degrees, as degrees."""
    found = SEXAGESIMAL.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return _number(value)
    hours = _sexagesimal(found)
    if found[1] or hours is None or hours >= 24:
        raise ValueError("00:00:00 to 23:59:59.999 (hours), or degrees")
    return hours * 15


def _declination(value: object) -> object:
    """Degrees, minutes and seconds, or degrees, as degrees."""
    found = SEXAGESIMAL.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return _number(value)
    degrees = _sexagesimal(found)
    if degrees is None or degrees > 90:
        raise ValueError("-90:00:00 to +90:00:00, or degrees")
    return -degrees if found[1] == "-" else degrees


def _sexagesimal(found: re.Match[str]) -> float | None:
    """Return the size of an angle in its first unit; None where minutes or seconds reach 60."""
    whole, minutes, seconds = int(found[2]), int(found[3]), float(found[4])
    return None if minutes >= 60 or seconds >= 60 else whole + minutes / 60 + seconds / 3600


VALUES: Mapping[str, Callable[[object], object]] = {
    "request": _request,
    "id": _id,
    "priority": _number,
    "ra": _right_ascension,
    "dec": _declination,
    "exposure_time": _number,
    "exposures": _whole,
    "calibration_frames": _frames,
}
