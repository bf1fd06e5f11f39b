"""Webhooks: JSON posted to an address, in a bounded time, with no redirect followed."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from toros.errors import Permanent, Temporary

__all__ = ["host_of", "post_json"]

AGAIN = {408, 425, 429}  # answers after which the same may be sent later, beside all from 500 on


def host_of(url: str) -> str:
    """Return the host that a URL names, in small letters; empty where it names none."""
    return (urlsplit(url).hostname or "").lower()


def post_json(url: str, body: Mapping[str, Any], *, timeout: float) -> int:
    """Post a JSON object and return the status of the answer, whose body is not read.

    Parameters
    ----------
    timeout : float
        For each step of the way; seconds.

    Raises
    ------
    Temporary
        No answer in time, or one that says to try again.
    Permanent
        The receiver will not have it.
    """
    parts = urlsplit(url)
    host, content = host_of(url), json.dumps(body).encode("utf-8")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection = (
        http.client.HTTPSConnection(host, parts.port, timeout=timeout, context=ssl.create_default_context())
        if parts.scheme == "https"
        else http.client.HTTPConnection(host, parts.port, timeout=timeout)
    )
    try:
        connection.request("POST", path, content, {"Content-Type": "application/json", "User-Agent": "toros"})
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        raise Temporary(f"{host} gave no answer ({type(error).__name__})") from None
    finally:
        connection.close()
    if 200 <= status < 300:
        return status
    if status in AGAIN or status >= 500:
        raise Temporary(f"{host} answered {status}")
    raise Permanent(f"{host} answered {status}, and will not have it")
