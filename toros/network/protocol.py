"""HTTP for callers who may mean harm: uvicorn's protocol with the deadlines and bounds that it lacks.

Nobody may keep a connection without doing something with it: headers must be complete within 5 s, the body within 5 s
more, a reply taken within 30 s, and a connection kept alive is closed after 15 s of silence. When all connections are
taken, a newcomer gets the place of the one that has been waiting for its caller longest, strangers first.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

__all__ = ["Bounds", "DeskProtocol"]

HEADERS_SIZE = 32_768  # bytes
CONTINUE = b"HTTP/1.1 100 "
TOO_LATE = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
TOO_LONG = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
FULL = b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\ncontent-length: 0\r\nretry-after: 1\r\n\r\n"


@dataclass
class Bounds:
    """What one caller, and all of them together, may take.

    Attributes
    ----------
    connections : int
        Open at once.
    headers, body, reply, idle : float
        Seconds for the headers, for the body after them, for taking the reply, and between two calls of a connection.
        Deadlines are looked at twice a second.
    strangers, known : dict
        Connections that wait for their caller, in the order in which they began to: those that never completed a
        call, and the others.
    """

    connections: int = 256
    headers: float = 5.0
    body: float = 5.0
    reply: float = 30.0
    idle: float = 15.0
    strangers: dict[DeskProtocol, None] = field(default_factory=dict)
    known: dict[DeskProtocol, None] = field(default_factory=dict)

    def make_room(self) -> bool:
        """Close the connection that has waited for its caller longest; False where none waits."""
        for waiting in (self.strangers, self.known):
            for protocol in waiting:
                protocol.drop()
                return True
        return False


class _Joining:
    """A transport that sends the head of a reply together with the first piece of its body: one packet, one wake-up."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._head = b""

    def write(self, data: bytes) -> None:
        """Send, or keep a head until its body comes."""
        if self._head:
            data, self._head = self._head + data, b""
        elif data.startswith(b"HTTP/1.1 ") and not data.startswith(CONTINUE):
            self._head = data
            return
        self._transport.write(data)

    def flush(self) -> None:
        """Send a head that has no body."""
        if self._head:
            head, self._head = self._head, b""
            self._transport.write(head)

    def close(self) -> None:
        """Send what is kept and close."""
        self.flush()
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class DeskProtocol(HttpToolsProtocol):
    """Uvicorn's HTTP protocol with deadlines; the server looks at them a few times a second."""

    _joining: _Joining

    def __init__(self, bounds: Bounds, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._bounds = bounds
        self._deadline = 0.0  # on the loop's clock; 0 while we are the one who is waited for
        self._reading_headers = False
        self._header_bytes = 0
        self._known = False
        self._pipelined = False
        self._unsent_since = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._joining = _Joining(cast(asyncio.Transport, transport))
        super().connection_made(cast(asyncio.Transport, self._joining))
        self._unsent_since = self.loop.time()
        if len(self.connections) > self._bounds.connections and not self._bounds.make_room():
            self._refuse(FULL)
        else:
            self._wait(self._bounds.headers)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._pipelined:
            self.drop()
        elif self._reading_headers:
            self._header_bytes += len(data)
            if self._header_bytes > HEADERS_SIZE:
                self._refuse(TOO_LONG)

    def on_message_begin(self) -> None:
        if self.cycle is not None and not self.cycle.response_complete:
            self._pipelined = True
        super().on_message_begin()
        self._reading_headers = True
        self._wait(self._bounds.headers)

    def on_headers_complete(self) -> None:
        self._reading_headers = False
        self._header_bytes = 0
        if not self._pipelined:
            self._wait(self._bounds.body)
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if not self._pipelined:
            super().on_body(body)

    def on_message_complete(self) -> None:
        if self._pipelined:
            return
        self._known = True
        if self.cycle.response_complete:
            self._wait(self._bounds.idle)
        else:
            self._stop_waiting()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        self.server_state.total_requests += 1
        self._joining.flush()
        if not self.transport.is_closing():
            self.flow.resume_reading()
            self._wait(self._bounds.idle)

    def look(self, now: float) -> None:
        """Hang up where the caller is late."""
        if self.transport.get_write_buffer_size() == 0:
            self._unsent_since = now
            if self._deadline and now > self._deadline:
                self._hang_up()
        elif now - self._unsent_since > self._bounds.reply:
            self.drop()

    def drop(self) -> None:
        """Close at once."""
        self._stop_waiting()
        self.connections.discard(self)
        self.transport.abort()

    def _hang_up(self) -> None:
        """End a connection whose caller is late; say so where it has begun to ask and heard nothing yet."""
        asking = self._reading_headers or (self.cycle is not None and not self.cycle.response_started)
        if asking:
            self._refuse(TOO_LATE)
        else:
            self.drop()

    def _wait(self, seconds: float) -> None:
        """Begin to wait for the caller."""
        self._stop_waiting()
        self._deadline = self.loop.time() + seconds
        (self._bounds.known if self._known else self._bounds.strangers)[self] = None

    def _stop_waiting(self) -> None:
        self._deadline = 0.0
        self._bounds.strangers.pop(self, None)
        self._bounds.known.pop(self, None)

    def _refuse(self, reply: bytes) -> None:
        """Say one line and hang up; where even that is not taken, the line is cut."""
        self._stop_waiting()
        if not self.transport.is_closing():
            self.transport.write(reply)
            self.transport.close()
            self.loop.call_later(1.0, self.transport.abort)
