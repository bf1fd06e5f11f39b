"""Who is let to the counter: what a request must look like before anybody reads its body.

A web page in somebody's browser can send a request to 127.0.0.1, but not one with Content-Type text/xml, without an
Origin, and under a Host that we know; so it cannot reach a desk. Time limits are kept by `toros.network.server`.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from toros.config import SecuritySettings, ServiceSettings

__all__ = ["DESK_PATHS", "Guard", "Headers", "Rejected"]

DESK_PATHS = frozenset({"/", "/RPC2"})
LOCAL = frozenset({"localhost", "127.0.0.1", "[::1]"})
ONCE = frozenset({b"host", b"authorization", b"content-type", b"content-length", b"content-encoding"})

Headers = dict[bytes, bytes]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


class Rejected(Exception):
    """A request that is turned away by HTTP, before the language of work orders begins.

    Parameters
    ----------
    status : int
        HTTP status.
    sentence : str
        What was wrong, for a person.
    headers : iterable of (bytes, bytes)
        More headers of the reply.
    reason : str
        What only our log is told.
    """

    def __init__(
        self, status: int, sentence: str, headers: Iterable[tuple[bytes, bytes]] = (), reason: str = ""
    ) -> None:
        self.status = status
        self.headers = list(headers)
        self.reason = reason
        super().__init__(sentence)


@dataclass(frozen=True)
class Guard:
    """The rules at the door of one desk.

    Attributes
    ----------
    hosts : frozenset of str
        Names under which the desk is reached; lower case, without port.
    any_address : bool
        Also every literal address, where the desk listens on all of the machine's: a page cannot come from one of them
        unless we serve it.
    max_body : int
        Largest order; bytes.
    """

    hosts: frozenset[str] = LOCAL
    any_address: bool = False
    max_body: int = 1_000_000

    @classmethod
    def of(cls, settings: ServiceSettings, security: SecuritySettings) -> Guard:
        """Return the guard of a configured service."""
        address = ipaddress.ip_address(settings.ip) if _literal(settings.ip) else None
        own = f"[{settings.ip}]" if address is not None and address.version == 6 else settings.ip
        hosts = LOCAL | {own.lower()} | {name.lower() for name in security.hosts}
        everywhere = address is not None and address.is_unspecified
        return cls(frozenset(hosts), any_address=everywhere, max_body=settings.max_body)

    def headers(self, raw: Iterable[tuple[bytes, bytes]]) -> Headers:
        """Return the headers by name; raise Rejected where the Host is not ours or one that matters is there twice."""
        headers: Headers = {}
        for name, value in raw:
            if name in headers and name in ONCE:
                raise Rejected(400, f"the header {name.decode()} is there twice")
            headers[name] = value
        self._check_host(headers.get(b"host", b""))
        return headers

    def check_desk(self, method: str, headers: Headers) -> None:
        """Raise Rejected unless this is a call by a program, not by a web page, and of a size that we take."""
        if method != "POST":
            raise Rejected(405, "the desk takes POST with an XML-RPC call of front_desk", [(b"allow", b"POST")])
        if b"origin" in headers or b"sec-fetch-site" in headers:
            raise Rejected(403, "web pages may not use a desk")
        kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
        if kind != b"text/xml":
            raise Rejected(415, "the Content-Type must be text/xml")
        if headers.get(b"content-encoding", b"identity").strip().lower() != b"identity":
            raise Rejected(415, "compressed orders are not taken")
        if int(headers.get(b"content-length", b"0")) > self.max_body:
            raise self.too_large()

    async def body(self, receive: Receive) -> bytes:
        """Return the whole body; raise Rejected as soon as it grows over the limit, however it is sent.

        Raises
        ------
        ConnectionError
            The caller went away.
        """
        message = await receive()
        if message["type"] == "http.request" and not message.get("more_body"):
            body: bytes = message.get("body", b"")
            if len(body) > self.max_body:
                raise self.too_large()
            return body
        pieces = bytearray()
        while message["type"] == "http.request":
            pieces += message.get("body", b"")
            if len(pieces) > self.max_body:
                raise self.too_large()
            if not message.get("more_body"):
                return bytes(pieces)
            message = await receive()
        raise ConnectionError("the caller went away before the end of its order")

    def too_large(self) -> Rejected:
        """Return the rejection of a body over the limit."""
        return Rejected(
            413, f"an order of this desk may have at most {self.max_body} bytes; send large things by location"
        )

    def _check_host(self, value: bytes) -> None:
        host = value.decode("latin-1").strip().lower()
        name = host.partition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0]
        if name in self.hosts or (self.any_address and _literal(name.strip("[]"))):
            return
        shown = name[:80] or "absent"
        raise Rejected(421, f"this desk is not known by the Host {shown!r}; name it in security.hosts if it is right")


def _literal(host: str) -> bool:
    """True where the host is an address and not a name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
