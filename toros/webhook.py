"""Webhooks: JSON posted to an address, in a bounded time, with no redirect followed."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from toros.errors import Permanent, Temporary

__all__ = ["host_of", "judged", "post_json"]

FINE = range(200, 300)
MOVED = {302, 303}  # what a site answers to a form that it took
AGAIN = {408, 425, 429}  # answers after which the same may be sent later, beside all from 500 on


def host_of(url: str) -> str:
    """Return the host that a URL names, in small letters; empty where it names none."""
    return (urlsplit(url).hostname or "").lower()


def post_json(url: str, content: bytes, *, timeout: float, headers: Mapping[str, str] | None = None) -> int:
    """Post JSON and return the status of the answer, whose body is not read.

    Parameters
    ----------
    content : bytes
        JSON, encoded.
    timeout : float
        For each step of the way; seconds.
    headers : mapping, optional
        More of them.

    Raises
    ------
    Temporary
        No answer in time, or one that says to try again.
    Permanent
        The receiver will not have it.
    """
    import httpx

    host = host_of(url)
    said = {"Content-Type": "application/json", "User-Agent": "toros", **(headers or {})}
    try:
        with (
            httpx.Client(timeout=timeout, follow_redirects=False, trust_env=False) as client,
            client.stream("POST", url, content=content, headers=said) as answer,
        ):
            status = answer.status_code
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Temporary(f"the webhook at {host} does not answer: {type(error).__name__}") from None
    return judged(status, f"the webhook at {host}")


def judged(status: int, who: str, *, moved: bool = False) -> int:
    """Return the status of an answer where it is fine.

    Parameters
    ----------
    status : int
    who : str
        Whose it is, for the complaint.
    moved : bool
        To be sent to another page counts as fine, as after a form.

    Raises
    ------
    Temporary
        It says to try again.
    Permanent
        It refuses.
    """
    if status in AGAIN or status >= 500:
        raise Temporary(f"{who} answers {status}")
    if status not in FINE and not (moved and status in MOVED):
        raise Permanent(f"{who} refuses with {status}")
    return status
