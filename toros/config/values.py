"""Kinds of values that settings hold: paths, ports, addresses, and URLs that must not carry a password.

Each says in words what it allows; errors and the reference quote them.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field

__all__ = [
    "Address",
    "DatabaseUrl",
    "EmailAddress",
    "Folder",
    "ForeignDatabaseUrl",
    "HookName",
    "HttpUrl",
    "InstanceName",
    "Lane",
    "LogFile",
    "MailHost",
    "PlaceName",
    "Port",
    "Receiver",
    "RootName",
    "SchedulerUrl",
    "StorageUrl",
    "Threads",
]


def _path(value: object) -> object:
    """Return a path with `~` expanded from text; anything else is left for pydantic to refuse."""
    if isinstance(value, str):
        if not value.strip() or "\0" in value:
            raise ValueError("must name a file or a folder")
        value = Path(value)
    return value.expanduser() if isinstance(value, Path) else value


def _without_password(url: str) -> str:
    """Return a URL as it is; raise ValueError where it holds a password."""
    parts = urlsplit(url)
    if parts.password is not None or "password=" in parts.query.lower():
        raise ValueError("a password has no place in the configuration")
    return url


def _only(*names: str) -> AfterValidator:
    """Return a check that the braces in a text hold these names and no others."""

    def check(text: str) -> str:
        rest = text
        for name in names:
            rest = rest.replace(f"{{{name}}}", "")
        if re.search("[{}]", rest):
            raise ValueError("unknown name in braces")
        return text

    return AfterValidator(check)


def _says(words: str, **bounds: Any) -> Any:
    """Return a field's bounds with the words that say what it allows."""
    return Field(json_schema_extra={"words": words}, **bounds)


Folder = Annotated[Path, BeforeValidator(_path), _says("the path of a file or folder")]
Port = Annotated[int, Field(ge=1, le=65535)]
Threads = Annotated[int, Field(ge=1, le=64)]
Lane = Annotated[str, _says("a lane's name", pattern=r"^[a-z][a-z_]{0,31}$")]
RootName = Annotated[str, _says("small letters, digits and _", pattern=r"^[a-z][a-z0-9_]{0,31}$")]
PlaceName = Annotated[
    str, _says("1 to 68 characters, no control characters", min_length=1, max_length=68, pattern=r"^[^\x00-\x1f\x7f]*$")
]
Address = Annotated[str, _says("a host name or an IP address", max_length=255, pattern=r"^[A-Za-z0-9_.:%-]+$")]
MailHost = Annotated[str, _says("a host name, or empty for no mail", max_length=255, pattern=r"^[A-Za-z0-9_.:%-]*$")]
InstanceName = Annotated[
    str, _says("up to 64 letters, digits and . _ -, such as ctmo", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
]
EmailAddress = Annotated[
    str, _says("an address such as night@example.org", max_length=254, pattern=r"^[^@\s,;<>]+@[^@\s,;<>]+$")
]
Receiver = Annotated[
    str,
    _says("an address such as night@example.org, or a webhook's URL that begins with https://", max_length=1024,
          pattern=r"^([^@\s,;<>/]+@[^@\s,;<>]+|https?://[^\s/]+\S*)$"),
]  # fmt: skip
LogFile = Annotated[
    str,
    _says("the path of a file, {service} in it where wanted", min_length=1, max_length=1024, pattern=r"^[^\x00]+$"),
    _only("service"),
]
HttpUrl = Annotated[
    str,
    _says(
        "a URL such as http://10.0.0.5:8702/RPC2, without a password (tokens: security.token_file or TOROS_TOKEN)",
        max_length=1024,
        pattern=r"^https?://[^\s/]+\S*$",
    ),
    AfterValidator(_without_password),
]
SchedulerUrl = Annotated[
    str,
    _says("a URL such as tcp://10.0.0.9:8786, without a password", max_length=1024, pattern=r"^(tcp|tls|wss?)://\S+$"),
    AfterValidator(_without_password),
]
StorageUrl = Annotated[
    str,
    _says(
        "the path of a folder, or a URL such as s3://bucket/prefix without a password",
        min_length=1,
        max_length=1024,
        pattern=r"^[^\x00-\x1f]+$",
    ),
    AfterValidator(_without_password),
]
HookName = Literal["target_saved", "observation_changed", "product_ingested", "measurements_added"]
DatabaseUrl = Annotated[
    str,
    _says(
        "sqlite:///{state}/{service}.sqlite or postgresql://user@host/name, without a password "
        "(database.password_file or TOROS_DATABASE_PASSWORD)",
        max_length=1024,
        pattern=r"^(sqlite|postgresql)(\+[a-z0-9]+)?://\S+$",
    ),
    AfterValidator(_without_password),
    _only("service", "state"),
]
ForeignDatabaseUrl = Annotated[
    str,
    _says(
        "postgresql://user@host/name, without a password (moving.password_file or TOROS_MOVING_PASSWORD)",
        max_length=1024,
        pattern=r"^postgresql://\S+$",
    ),
    AfterValidator(_without_password),
]
