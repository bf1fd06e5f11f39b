"""The older TOROS spellings of fields and requests, translated into today's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["translated"]

FIELDS = {
    "ID": "id",
    "Request": "request",
    "WOType": "request",
    "Priority": "priority",
    "Datetime": "datetime",
    "User": "user",
    "RA": "ra",
    "Dec": "dec",
    "Exposure Time": "exposure_time",
    "File Location": "file_location",
}


def translated(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields with older names replaced by today's."""
    return {FIELDS.get(name, name): value for name, value in fields.items()}
