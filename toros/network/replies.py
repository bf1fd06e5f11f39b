"""What a desk replies by HTTP, and how it turns somebody away so that the reason is heard."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from toros.network.guard import Rejected

if TYPE_CHECKING:
    from starlette.types import Receive, Send

__all__ = ["reject", "reply_with"]

LINGER = 1.0  # seconds in which a rejected caller may finish sending, so that it hears why
PLAIN = b"text/plain; charset=utf-8"


async def reply_with(send: Send, status: int, body: bytes, kind: bytes = PLAIN) -> None:
    """Send a whole reply."""
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def reject(rejected: Rejected, receive: Receive, send: Send) -> None:
    """Say why and hang up, but hear the caller out for a moment: who is cut off while sending never reads the reply."""
    body = f"{rejected}\n".encode()
    headers = [
        (b"content-type", PLAIN),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
        *rejected.headers,
    ]
    await send({"type": "http.response.start", "status": rejected.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": True})
    try:
        async with asyncio.timeout(LINGER):
            await _hear_out(receive)
    except TimeoutError:
        pass
    await send({"type": "http.response.body", "body": b""})


async def _hear_out(receive: Receive, most: int = 1_000_000) -> None:
    """Throw away what still comes, up to so many bytes."""
    message = await receive()
    while message["type"] == "http.request" and message.get("more_body") and most > 0:
        most -= len(message.get("body", b""))
        message = await receive()
