"""Files fetched over HTTPS, from hosts that are allowed and no others, in bounded time and size."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from toros.durable import write_durably
from toros.errors import Permanent, Temporary

if TYPE_CHECKING:
    import httpx

__all__ = ["Download", "Limits", "download", "kept"]

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
    return asyncio.run(_in_time(url, limits))


def kept(found: Download, folder: Path) -> Path:
    """Return where a file is kept, under its hash; written durably unless it is there."""
    path = folder / found.sha256
    if not path.exists():
        write_durably(path, found.content)
    return path


async def _in_time(url: str, limits: Limits) -> Download:
    """Fetch a file, or give up when its time is over, wherever it hangs."""
    import httpx

    try:
        async with asyncio.timeout(limits.seconds):
            return await _followed(url, limits)
    except TimeoutError:
        raise Temporary(f"{_short(url)} was not there within {limits.seconds:g} s") from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Temporary(f"{_short(url)} cannot be fetched: {type(error).__name__}") from None


async def _followed(url: str, limits: Limits) -> Download:
    """Fetch a file along its redirects, each of them checked like the first URL."""
    import httpx

    headers = {"User-Agent": "toros", "Accept-Encoding": "identity"}
    async with httpx.AsyncClient(follow_redirects=False, trust_env=False, headers=headers, timeout=STEP) as client:
        at = url
        for _ in range(REDIRECTS + 1):
            _check(at, limits)
            found = await _fetched(client, at, limits)
            if isinstance(found, Download):
                return found
            at = found
    raise Permanent(f"{_short(url)} is redirected more than {REDIRECTS} times")


async def _fetched(client: httpx.AsyncClient, url: str, limits: Limits) -> Download | str:
    """Return the file, or the URL that the answer points to."""
    async with client.stream("GET", url) as answer:
        _check_peer(answer, url, limits)
        status = answer.status_code
        if status in REDIRECTING:
            return str(urljoin(url, answer.headers.get("Location", "")))
        if status in AGAIN or status >= 500:
            raise Temporary(f"{_short(url)} answers {status}")
        if status != 200:
            raise Permanent(f"{_short(url)} refuses with {status}")
        content = await _content(answer, url, limits)
    return Download(content, hashlib.sha256(content).hexdigest(), url)


async def _content(answer: httpx.Response, url: str, limits: Limits) -> bytes:
    """Return the body, given up as soon as it is too large; compressed in transit it is not taken."""
    coding = answer.headers.get("Content-Encoding", "identity").lower()
    if coding not in ("identity", ""):
        raise Permanent(f"{_short(url)} comes compressed by {coding[:40]!r}, unasked")
    content = bytearray()
    said = answer.headers.get("Content-Length", "")
    if said.isdigit() and int(said) > limits.largest:
        raise _large(url, limits)
    async for piece in answer.aiter_raw():
        content += piece
        if len(content) > limits.largest:
            raise _large(url, limits)
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
        allowed = ", ".join(sorted(limits.hosts)) or "none"
        raise Permanent(f"{_short(url)} is at {host[:80] or 'no host'}; allowed: {allowed}")


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
