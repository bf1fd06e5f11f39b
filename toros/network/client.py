"""Asking a desk: one call, one reply, in a bounded time, and never sent twice behind the caller's back."""

from __future__ import annotations

import base64
import http.client
import io
import os
import select
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from toros.errors import ConfigurationError, Temporary
from toros.network import wire
from workorders.refusal import FaultCode, Refusal

if TYPE_CHECKING:
    from toros.config import Config

__all__ = ["Client", "TurnedAway", "Unreachable", "client_of", "own_token"]

IDLE = 8.0  # seconds after which a kept connection is not trusted; desks close them after 15
KEPT = 4  # connections kept open for the next call
LARGEST = 64_000_000  # bytes of a reply


class Unreachable(Temporary):
    """The desk gave no answer: whether it took the order is unknown; the same order may be sent again."""


class TurnedAway(Unreachable):
    """The door stayed shut: a wrong token, address or name. Nothing was taken; every other order would fare alike."""


class Client:
    """A desk of another daemon; may be used by many threads at once.

    Parameters
    ----------
    url : str
        `http://host:port/RPC2` or https; may hold `user:token@`.
    token, user : str, optional
        Whom to authenticate as, where not in the URL; a token alone is sent as Bearer.
    timeout : float
        For the whole call; seconds.
    connect : float
        For the connection alone; seconds.
    authority : str, optional
        File with the certificates to trust (PEM) for https; the system's by default.
    """

    def __init__(
        self,
        url: str,
        token: str | None = None,
        user: str | None = None,
        timeout: float = 10.0,
        *,
        connect: float = 3.0,
        authority: str | None = None,
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigurationError("a desk's URL is http://host:port/RPC2, or https")
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        self._port = parts.port or (443 if parts.scheme == "https" else 80)
        self._host = parts.hostname
        self._path = parts.path or "/RPC2"
        self._timeout = timeout
        self._connect = min(connect, timeout)
        self._context = ssl.create_default_context(cafile=authority) if parts.scheme == "https" else None
        self.url = f"{parts.scheme}://{host}:{self._port}{self._path}"
        self._headers = {"Content-Type": "text/xml", "User-Agent": "toros"}
        self._headers |= _authorization(
            token or (unquote(parts.password) if parts.password else None),
            user or (unquote(parts.username) if parts.username else None),
        )
        self._kept: list[tuple[float, _Connection]] = []
        self._lock = threading.Lock()

    def front_desk(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Send one order or question and return the receipt or answer.

        Raises
        ------
        Refusal
            The desk will not take it; `temporary` says whether it may later.
        TurnedAway
            The desk does not know us, or we asked at the wrong place. An Unreachable: once that is mended, send again.
        Unreachable
            No answer in time; nothing is known about the order's fate.
        """
        return self.call_raw(wire.call(fields))

    def call_raw(self, body: bytes) -> dict[str, Any]:
        """Send a body as it is, byte for byte, and return the answer; raises as `front_desk` does."""
        deadline = time.monotonic() + self._timeout
        connection = self._take()
        try:
            reply, again = connection.post(self._path, body, self._headers, deadline)
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise Unreachable(self._why(error)) from None
        except BaseException:
            connection.close()
            raise
        if again:
            self._keep(connection)
        else:
            connection.close()
        return self._read(reply)

    def close(self) -> None:
        """Close the kept connections."""
        with self._lock:
            kept, self._kept = self._kept, []
        for _, connection in kept:
            connection.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Client({self.url!r})"

    def _take(self) -> _Connection:
        """Return a kept connection that is still open at the other end, or a new one."""
        now = time.monotonic()
        while True:
            with self._lock:
                if not self._kept:
                    break
                since, connection = self._kept.pop()
            if now - since < IDLE and connection.usable():
                return connection
            connection.close()
        return _Connection(self._host, self._port, self._context, self._connect)

    def _keep(self, connection: _Connection) -> None:
        with self._lock:
            if len(self._kept) < KEPT:
                self._kept.append((time.monotonic(), connection))
                return
        connection.close()

    def _read(self, reply: _Reply) -> dict[str, Any]:
        if reply.status == 200:
            try:
                return wire.loads_answer(reply.body)
            except wire.BadReply as error:
                raise Unreachable(f"what answers at {self.url} is no desk: {error}") from None
        words = reply.body[:300].decode("utf-8", "replace").strip()
        if reply.status == 413:
            raise Refusal(FaultCode.TOO_LARGE, words)
        kind = TurnedAway if 400 <= reply.status < 500 else Unreachable
        raise kind(f"{self.url} answers {reply.status}: {words}")

    def _why(self, error: Exception) -> str:
        if isinstance(error, TimeoutError):
            return f"{self.url} does not answer within {self._timeout:g} s"
        if isinstance(error, ConnectionRefusedError):
            return f"nobody listens at {self.url}: is the daemon running?"
        if isinstance(error, ssl.SSLError):
            return f"{self.url} cannot be trusted: {error.reason or error}"
        if isinstance(error, socket.gaierror):
            return f"no address is known for {self._host}"
        return f"{self.url} hung up: {type(error).__name__}"


class _Reply:
    """Status and body of an HTTP reply."""

    def __init__(self, status: int, body: bytes) -> None:
        self.status = status
        self.body = body


class _Connection:
    """One HTTP/1.1 connection whose every wait ends at the call's deadline."""

    def __init__(self, host: str, port: int, context: ssl.SSLContext | None, connect: float) -> None:
        if context is None:
            self._http = http.client.HTTPConnection(host, port, timeout=connect)
        else:
            self._http = http.client.HTTPSConnection(host, port, timeout=connect, context=context)

    def post(self, path: str, body: bytes, headers: Mapping[str, str], deadline: float) -> tuple[_Reply, bool]:
        """Send the body and return the reply, and whether the connection may be used again."""
        if self._http.sock is None:
            self._http.connect()
        self._http.sock.settimeout(_left(deadline))
        with suppress(BrokenPipeError, ConnectionResetError):  # a desk that turns us away may hang up while we send
            self._http.request("POST", path, body, dict(headers))
        self._http.response_class = lambda sock, *a, **k: _TimedResponse(sock, deadline, *a, **k)  # type: ignore[assignment]
        response = self._http.getresponse()
        reply = response.read(LARGEST + 1)
        if len(reply) > LARGEST:
            raise http.client.HTTPException("the reply is too long")
        if response.length:
            raise http.client.IncompleteRead(reply, response.length)
        again = not response.will_close and response.isclosed()
        response.close()
        return _Reply(response.status, reply), again

    def usable(self) -> bool:
        """True while the other end has not hung up."""
        sock = self._http.sock
        if sock is None:
            return False
        readable, _, _ = select.select([sock], [], [], 0)
        return not readable

    def close(self) -> None:
        """Close the connection."""
        with suppress(OSError):
            self._http.close()


class _TimedResponse(http.client.HTTPResponse):
    """A reply read under a deadline: a peer that drips one byte a second is late like any other."""

    def __init__(self, sock: socket.socket, deadline: float, *arguments: Any, **named: Any) -> None:
        super().__init__(sock, *arguments, **named)
        self.fp = io.BufferedReader(_Timed(sock, deadline, self.fp))


class _Timed(io.RawIOBase):
    """Reads a socket, each time with the seconds that are left."""

    def __init__(self, sock: socket.socket, deadline: float, reader: io.BufferedReader) -> None:
        self._sock = sock
        self._deadline = deadline
        self._reader = reader  # while it is open, so is the socket, also after its connection has let it go

    def close(self) -> None:
        self._reader.close()
        super().close()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._sock.settimeout(_left(self._deadline))
        return self._sock.recv_into(buffer)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("no answer in time")
    return left


def _authorization(token: str | None, user: str | None) -> dict[str, str]:
    if not token:
        return {}
    if not user:
        return {"Authorization": f"Bearer {token}"}
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{token}".encode()).decode()}


def own_token(config: Config) -> str | None:
    """Return this node's token for asking other desks: TOROS_TOKEN, or the file that the configuration names.

    Raises
    ------
    ConfigurationError
        The file cannot be read.
    """
    token = os.environ.get("TOROS_TOKEN", "").strip()
    if token or config.security.token_file is None:
        return token or None
    path = config.state.expanduser() / config.security.token_file.expanduser()
    try:
        return path.read_text("utf-8").strip() or None
    except OSError as error:
        raise ConfigurationError(f"security.token_file {path} cannot be read: {error.strerror}") from None


def client_of(config: Config, service: str, timeout: float | None = None, instance: str | None = None) -> Client:
    """Return a client of a configured service, with this node's own token.

    Parameters
    ----------
    config : Config
        The node's configuration.
    service : str
        Which desk.
    timeout : float, optional
        Seconds; the configured time-out of deliveries by default.
    instance : str, optional
        Which telescope, where `telescopes` has several; any other instance is the one that `services` names.
    """
    settings = config.services[service]  # type: ignore[index]
    elsewhere = config.telescopes.get(instance or "") if service == "telescope" else None
    http = settings.http if elsewhere is None or elsewhere.http is None else elsewhere.http
    url = settings.url if http is None else http
    certificate = config.security.tls_certificate
    if certificate is not None and http is None:
        url = url.replace("http://", "https://", 1)
    url = url.replace("//0.0.0.0:", "//127.0.0.1:", 1).replace("//[::]:", "//[::1]:", 1)
    authority = str(Path(certificate).expanduser()) if certificate is not None else None
    return Client(url, own_token(config), timeout=timeout or config.orders.delivery_timeout, authority=authority)
