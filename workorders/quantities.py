"""Field types that several families share: each with its unit and its bounds."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

__all__ = ["Declination", "ExposureTime", "FilterName", "Location", "Name", "RightAscension", "Sha256"]

RightAscension = Annotated[float, Field(ge=0, lt=360, description="right ascension; ICRS, degrees")]
Declination = Annotated[float, Field(ge=-90, le=90, description="declination; ICRS, degrees")]
ExposureTime = Annotated[float, Field(ge=0, le=7200, description="time that the shutter is open; seconds")]
FilterName = Annotated[str, Field(min_length=1, max_length=32, description="name of the filter as the wheel calls it")]
Name = Annotated[str, Field(min_length=1, max_length=128)]
Location = Annotated[
    str,
    Field(min_length=1, max_length=1024, description="root:path, the root named in the node's configuration"),
]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of the file's bytes, hexadecimal")]
