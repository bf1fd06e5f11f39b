"""The time zone of an observatory's clock, by its name or its offset."""

from __future__ import annotations

import re
from datetime import timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

__all__ = ["zone_of"]

_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)")
DAY = 1440  # minutes


def zone_of(text: str) -> tzinfo | None:
    """Return the time zone of a name (America/Phoenix) or an offset (-07:00), None if there is none such."""
    offset = _OFFSET.fullmatch(text)
    if offset:
        minutes = int(offset.group(2)) * 60 + int(offset.group(3))
        return timezone(timedelta(minutes=-minutes if offset.group(1) == "-" else minutes)) if minutes < DAY else None
    try:
        return ZoneInfo(text)
    except (ValueError, OSError, KeyError):
        return None
