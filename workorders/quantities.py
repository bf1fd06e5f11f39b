"""Field types that several families share: each with its unit, its bounds, and its words for what is allowed."""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer

__all__ = [
    "READABLE",
    "Comment",
    "Count",
    "Declination",
    "ExposureTime",
    "FilterName",
    "InstanceName",
    "Location",
    "Measurements",
    "Name",
    "Night",
    "OrderId",
    "RequestName",
    "RightAscension",
    "Sha256",
    "UtcTime",
    "says",
    "utc",
]

WIDEST = 2**31 - 1  # XML-RPC's int has 32 bits
DEEPEST = 4  # levels of values inside one another
MOST = 1000  # values in all
LONGEST = 2000  # characters of one text
FIRST_YEAR, LAST_YEAR = 1800, 2199  # photographic plates are old; nothing is planned further ahead
UNREADABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
TIME = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?", re.ASCII)


def says(words: str, **bounds: Any) -> Any:
    """Return a field's bounds with the words that say what it allows; refusals and the reference quote them."""
    return Field(json_schema_extra={"words": words}, **bounds)


def utc(text: str) -> str:
    """Return an ISO time normalised to UTC without offset; raise ValueError where it is not one."""
    if not TIME.fullmatch(text):
        raise ValueError("is not an ISO 8601 time")
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            moment = moment.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        raise ValueError("is not a time of the calendar") from None
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueError(f"is not in the years {FIRST_YEAR} to {LAST_YEAR}")
    return moment.isoformat(timespec="milliseconds")


def _night(text: str) -> str:
    """Return the date of a night; raise ValueError where the calendar has no such day."""
    try:
        date.fromisoformat(text)
    except ValueError:
        raise ValueError("is not a day of the calendar") from None
    return text


def _number(value: object) -> object:
    """Return an integer from its digits: beyond 32 bits it travels as text."""
    return int(value) if isinstance(value, str) and re.fullmatch(r"[0-9]{1,19}", value, re.ASCII) else value


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """Return values that XML-RPC can carry as they are; raise ValueError elsewhere."""
    waiting: list[tuple[Any, int]] = [(values, 1)]
    count = 0
    while waiting:
        value, depth = waiting.pop()
        count += 1
        if depth > DEEPEST + 1 or count > MOST:
            raise ValueError("holds too much")
        if isinstance(value, dict):
            waiting += [(item, depth + 1) for pair in value.items() for item in pair]
            if not all(isinstance(name, str) for name in value):
                raise ValueError("has a name that is not text")
        elif isinstance(value, list):
            waiting += [(item, depth + 1) for item in value]
        else:
            _check_plain(value)
    return values


def _check_plain(value: object) -> None:
    if isinstance(value, bool):
        return
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError("holds a number that is not finite")
    elif isinstance(value, int):
        if not -WIDEST - 1 <= value <= WIDEST:
            raise ValueError("holds an integer beyond 32 bits, which is written as text")
    elif not isinstance(value, str):
        raise ValueError("holds something else than plain values")
    elif len(value) > LONGEST or UNREADABLE.search(value):
        raise ValueError("holds a text that is too long, or has control characters")


# Names and comments become file names, FITS cards and web pages: no control characters.
READABLE = r"^[^\x00-\x1f\x7f\ufffe\uffff]*$"

OrderId = Annotated[
    str, says("1 to 64 letters, digits and . _ : - (a ULID by custom)", pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$")
]
UtcTime = Annotated[
    str,
    says("ISO 8601 in UTC, such as 2026-11-20T02:14:05.123; an offset is converted", max_length=40),
    AfterValidator(utc),
]
Night = Annotated[
    str,
    says("a date such as 2026-11-20: the evening that the night begins", pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"),
    AfterValidator(_night),
]
RightAscension = Annotated[float, Field(ge=0, lt=360, description="right ascension; ICRS, degrees")]
Declination = Annotated[float, Field(ge=-90, le=90, description="declination; ICRS, degrees")]
ExposureTime = Annotated[float, Field(ge=0, le=7200, description="time that the shutter is open; seconds")]
FilterName = Annotated[
    str, Field(min_length=1, max_length=32, pattern=READABLE, description="name of the filter as the wheel calls it")
]
Name = Annotated[
    str, says("1 to 128 characters, no control characters", min_length=1, max_length=128, pattern=READABLE)
]
Comment = Annotated[str, says("up to 500 characters, no control characters", max_length=500, pattern=READABLE)]
InstanceName = Annotated[
    str, says("1 to 64 letters, digits and . _ -, such as ctmo", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
]
RequestName = Annotated[str, says("the name of a request, such as observation", pattern=r"^[a-z][a-z_]{0,63}$")]
Location = Annotated[
    str,
    Field(
        max_length=1024,
        pattern=r"^[a-z][a-z0-9_]{0,31}:[^\x00-\x1f\x7f\ufffe\uffff]*$",
        description="root:path, the root named in the node's configuration",
        json_schema_extra={"words": "root:path with a root of the node's configuration, such as raw:2026-11-20/batch"},
    ),
]
Sha256 = Annotated[
    str,
    Field(
        pattern=r"^[0-9a-f]{64}$",
        description="SHA-256 of the file's bytes, hexadecimal",
        json_schema_extra={"words": "64 hexadecimal digits, small letters"},
    ),
]
Count = Annotated[
    int,
    says("a whole number from 0 to 9223372036854775807, beyond 32 bits as text", ge=0, le=2**63 - 1),
    BeforeValidator(_number),
    PlainSerializer(lambda number: number if number <= WIDEST else str(number)),
]
Measurements = Annotated[
    dict[str, Any],
    says(
        f"names with finite numbers, texts, true or false, lists and dicts of these; {MOST} in all, {DEEPEST} deep",
        max_length=100,
    ),
    AfterValidator(_plain),
]
