"""HTTP by hand, for requests that no library would send."""

from __future__ import annotations

import contextlib
import socket
import time

from tests.attack.served import Served


def connect(desk: Served, timeout: float = 10.0) -> socket.socket:
    """Return a connection to the desk."""
    return socket.create_connection(desk.address, timeout=timeout)


def head(
    desk: Served, token: str | None = None, method: str = "POST", path: str = "/RPC2", **changed: str | None
) -> bytes:
    """Return the head of a call as a good client writes it, with headers changed, added or (None) left out."""
    headers: dict[str, str | None] = {"Host": ":".join(map(str, desk.address)), "Content-Type": "text/xml"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    headers |= {name.replace("_", "-"): value for name, value in changed.items()}
    lines = [f"{name}: {value}" for name, value in headers.items() if value is not None]
    return "\r\n".join([f"{method} {path} HTTP/1.1", *lines, "", ""]).encode()


def reply_of(connection: socket.socket) -> tuple[int, bytes]:
    """Return status and body of one reply; status 0 where the desk hung up without one."""
    data = b""
    try:
        while b"\r\n\r\n" not in data:
            piece = connection.recv(65536)
            if not piece:
                return 0, data
            data += piece
        start, _, body = data.partition(b"\r\n\r\n")
        length = next(int(x.split(b":")[1]) for x in start.split(b"\r\n") if x.lower().startswith(b"content-length:"))
        while len(body) < length:
            body += connection.recv(65536)
    except ConnectionError:
        return 0, data
    return int(start.split()[1]), body


def ask(desk: Served, request: bytes) -> tuple[int, bytes, float]:
    """Send bytes on a connection of their own; return status, body and seconds."""
    started = time.perf_counter()
    with connect(desk) as connection:
        with contextlib.suppress(ConnectionError):
            connection.sendall(request)
        status, body = reply_of(connection)
    return status, body, time.perf_counter() - started


def post(desk: Served, body: bytes, token: str | None = None, **changed: str | None) -> tuple[int, bytes, float]:
    """Send a call with this body; return status, body and seconds."""
    changed.setdefault("Content_Length", str(len(body)))
    return ask(desk, head(desk, token, **changed) + body)


def closed(connection: socket.socket) -> bool:
    """True where the desk has hung up."""
    connection.setblocking(False)
    try:
        while connection.recv(65536):
            continue
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True
