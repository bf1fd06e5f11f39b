"""Kinds of values that settings hold: paths, ports, addresses, and URLs that must not carry a password."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field

__all__ = ["Address", "EmailAddress", "Folder", "OpenUrl", "Port", "RootName", "has_password"]


def _path(value: object) -> object:
    """Return a path with `~` expanded from text; anything else is left for pydantic to refuse."""
    if isinstance(value, str):
        if not value.strip() or "\0" in value:
            raise ValueError("must name a file or a folder")
        value = Path(value)
    return value.expanduser() if isinstance(value, Path) else value


def has_password(url: str) -> bool:
    """Return True where the user part of a URL holds a password."""
    try:
        return urlsplit(url).password is not None
    except ValueError:
        return "@" in url


def _open(url: str) -> str:
    if has_password(url):
        raise ValueError("a password does not belong into the configuration; write the URL without it and give "
                         "the password in the environment or in a file")  # fmt: skip
    return url


Folder = Annotated[Path, BeforeValidator(_path)]
Port = Annotated[int, Field(ge=1, le=65535)]
Address = Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[A-Za-z0-9_.:%-]+$")]
OpenUrl = Annotated[str, Field(min_length=1, max_length=1024), AfterValidator(_open)]
EmailAddress = Annotated[str, Field(max_length=254, pattern=r"^[^@\s,;<>]+@[^@\s,;<>]+$")]
RootName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
