"""Files fetched over HTTPS, from hosts that are allowed and no others, in bounded time and size."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from toros.errors import Permanent, Temporary

if TYPE_CHECKING:
    import httpx

__all__ = ["Download", "Limits", "download"]

REDIRECTS = 5
STEP = 10.0  # seconds for one step of the way at most: to connect, or without a byte
REDIRECTING = {301, 302, 303, 307, 308}
AGAIN = {404, 408, 425, 429}  # also 404: an alert may be faster than its map


@dataclass(frozen=True)
class Limits:
    """What a download may be.

    Attributes
    ----------
    hosts : collection of str
        The only ones, redirects included; each exactly, small letters.
    seconds : float
        For all of it.
    largest : int
        Bytes.
    schemes : collection of str
    private : bool
        Hosts may have addresses of a private network; for tests and for an observatory's own mirror.
    """

    hosts: Collection[str]
    seconds: float
    largest: int
    schemes: Collection[str] = ("https",)
    private: bool = False


@dataclass(frozen=True)
class Download:
    """What was fetched: the bytes, their SHA-256, and the URL that gave them at last."""

    content: bytes
    sha256: str
    url: str


def download(url: str, limits: Limits) -> Download:
    """Fetch a file.

    Raises
    ------
    Permanent
        The URL or a redirect leads where nothing may be fetched, the file is too large, or the host refuses.
    Temporary
        No answer in time, an answer that is cut short, or one that says to try again.
    """
    import httpx

    until = time.monotonic() + limits.seconds
    try:
        with httpx.Client(follow_redirects=False, trust_env=False, headers={"User-Agent": "toros"}) as client:
            for _ in range(REDIRECTS + 1):
                _check(url, limits)
                following = _fetched(client, url, limits, until)
                if isinstance(following, Download):
                    return following
                url = following
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Temporary(f"{_short(url)} cannot be fetched: {type(error).__name__}") from None
    raise Permanent(f"{_short(url)} is redirected more than {REDIRECTS} times")


def _fetched(client: httpx.Client, url: str, limits: Limits, until: float) -> Download | str:
    """Return the file, or the URL that the answer points to."""
    step = min(STEP, until - time.monotonic())
    if step <= 0:
        raise _late(url, limits)
    with client.stream("GET", url, timeout=step) as answer:
        _check_peer(answer, url, limits)
        if answer.status_code in REDIRECTING:
            return urljoin(url, answer.headers.get("Location", ""))
        if answer.status_code in AGAIN or answer.status_code >= 500:
            raise Temporary(f"{_short(url)} answers {answer.status_code}")
        if answer.status_code != 200:
            raise Permanent(f"{_short(url)} refuses with {answer.status_code}")
        content = _content(answer, url, limits, until)
    return Download(content, hashlib.sha256(content).hexdigest(), url)


def _content(answer: httpx.Response, url: str, limits: Limits, until: float) -> bytes:
    """Return the body, given up as soon as it is too large or too slow; compressed in transit it is not taken."""
    if answer.headers.get("Content-Encoding", "identity").lower() not in ("identity", ""):
        raise Permanent(f"{_short(url)} comes compressed by {answer.headers['Content-Encoding'][:40]!r}, unasked")
    said = answer.headers.get("Content-Length", "")
    if said.isdigit() and int(said) > limits.largest:
        raise _large(url, limits)
    content = bytearray()
    for piece in answer.iter_raw():
        content += piece
        if len(content) > limits.largest:
            raise _large(url, limits)
        if time.monotonic() > until:
            raise _late(url, limits)
    return bytes(content)


def _check(url: str, limits: Limits) -> None:
    """Raise Permanent where nothing may be fetched from a URL."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        raise Permanent(f"{_short(url)} is no URL") from None
    if parts.scheme not in limits.schemes:
        raise Permanent(f"{_short(url)} has the scheme {parts.scheme[:20]!r}; allowed: {', '.join(limits.schemes)}")
    if parts.username is not None or (port not in (None, 443) and not limits.private):
        raise Permanent(f"{_short(url)} holds a login or a port; allowed: neither")
    if host not in limits.hosts:
        raise Permanent(f"{_short(url)} is at {host[:80] or 'no host'}; allowed: {', '.join(sorted(limits.hosts)) or 'none'}")


def _check_peer(answer: httpx.Response, url: str, limits: Limits) -> None:
    """Raise Permanent where the address at the other end is none of the public internet.

    It is looked at on the connection itself: a name that is looked up twice may have two answers.
    """
    if limits.private:
        return
    stream = answer.extensions.get("network_stream")
    address = stream.get_extra_info("server_addr") if stream is not None else None
    if not address or not ip_address(str(address[0]).partition("%")[0]).is_global:
        raise Permanent(f"{_short(url)} leads to an address that is not of the public internet")


def _short(url: str) -> str:
    """Return a URL as it may be shown: without login and question, and not too long."""
    bare = url.partition("?")[0].partition("#")[0]
    scheme, slashes, rest = bare.partition("//")
    host, slash, path = rest.partition("/")
    return (scheme + slashes + host.rpartition("@")[2] + slash + path)[:200]


def _large(url: str, limits: Limits) -> Permanent:
    return Permanent(f"{_short(url)} is larger than {limits.largest} bytes")


def _late(url: str, limits: Limits) -> Temporary:
    return Temporary(f"{_short(url)} was not there within {limits.seconds:g} s")
