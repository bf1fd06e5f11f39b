"""HTTP for callers who may mean harm: uvicorn's protocol with the deadlines and bounds that it lacks.

Nobody may keep a connection without doing something with it: headers must be complete within 5 s, the body within 5 s
more, a reply taken within 30 s, and a connection kept alive is closed after 15 s of silence. When all connections are
taken, a newcomer gets the place of the one that has been waiting for its caller longest, strangers first.

The usual call, a small one to the desk whose length is said, goes a short way: no ASGI, no task, one packet in reply.
What the desk would turn away goes the long way, for its words and its manners are there.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from toros.network.guard import DESK_PATHS, Rejected

if TYPE_CHECKING:
    from toros.network.front_desk import Call, FrontDesk

__all__ = ["Bounds", "DeskProtocol"]

HEADERS_SIZE = 32_768  # bytes
SMALL = 65_536  # bytes of a body that goes the short way
DESK_URLS = frozenset(path.encode() for path in DESK_PATHS)
ANSWERED = b"HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\ncontent-length: %d\r\n%b\r\n%b"
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

    def write_whole(self, data: bytes) -> None:
        """Send a head with its body."""
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


@dataclass(slots=True, eq=False)
class _Short:
    """A call that goes the short way.

    Attributes
    ----------
    call : Call
        Admitted by the desk.
    keep_alive : bool
        The connection is kept after the reply.
    pieces : list of bytes
        The body so far.
    complete : bool
        That is all of it.
    begun : bool
        The desk has it.
    """

    call: Call
    keep_alive: bool
    pieces: list[bytes] = field(default_factory=list)
    complete: bool = False
    begun: bool = False


class DeskProtocol(HttpToolsProtocol):
    """Uvicorn's HTTP protocol with deadlines; the server looks at them a few times a second."""

    _joining: _Joining

    def __init__(self, bounds: Bounds, desk: FrontDesk, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._bounds = bounds
        self._desk = desk
        self._short: _Short | None = None
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
        if self._short is not None and not self._short.begun:
            self._desk.give_up()
        self._short = None
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._pipelined:
            self.drop()
        elif self._short is not None:
            if self._short.complete and not self._short.begun and not self.transport.is_closing():
                self._begin(self._short)
        elif self._reading_headers:
            self._header_bytes += len(data)
            if self._header_bytes > HEADERS_SIZE:
                self._refuse(TOO_LONG)

    def on_message_begin(self) -> None:
        if self._short is not None or (self.cycle is not None and not self.cycle.response_complete):
            self._pipelined = True
        super().on_message_begin()
        self._reading_headers = True
        self._wait(self._bounds.headers)

    def on_headers_complete(self) -> None:
        self._reading_headers = False
        self._header_bytes = 0
        if not self._pipelined:
            self._wait(self._bounds.body)
            self._short = self._short_way()
            if self._short is None:
                super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if self._pipelined:
            return
        if self._short is not None:
            self._short.pieces.append(body)
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        if self._pipelined:
            return
        self._known = True
        if self._short is not None:
            self._short.complete = True
            self._stop_waiting()
            return
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

    def shutdown(self) -> None:
        """Close, after the reply where one is owed."""
        if self._short is None:
            super().shutdown()
        else:
            self._short.keep_alive = False

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
        asking = (
            self._reading_headers
            or self._short is not None
            or (self.cycle is not None and not self.cycle.response_started)
        )
        if asking:
            self._refuse(TOO_LATE)
        else:
            self.drop()

    def _short_way(self) -> _Short | None:
        """Return the call whose headers are complete, None where it goes the long way."""
        parser = self.parser
        if self.url not in DESK_URLS or parser.get_method() != b"POST" or parser.get_http_version() != "1.1":
            return None
        if parser.should_upgrade() or self.flow.write_paused:
            return None
        try:
            headers = self._desk.guard.headers(self.headers)
            length = headers.get(b"content-length", b"")
            if b"transfer-encoding" in headers or b"expect" in headers or not length.isdigit() or int(length) > SMALL:
                return None
            return _Short(self._desk.admit("POST", headers), parser.should_keep_alive())
        except Rejected:
            return None

    def _begin(self, short: _Short) -> None:
        """Hand a call with its whole body to the desk."""
        short.begun = True
        body = short.pieces[0] if len(short.pieces) == 1 else b"".join(short.pieces)
        short.pieces.clear()
        self._desk.begin(short.call, body, lambda document: self._answer(short, document))

    def _answer(self, short: _Short, document: bytes) -> None:
        """Send a reply, unless its caller is gone."""
        if self._short is not short:
            return
        self._short = None
        if self.transport.is_closing():
            return
        self.server_state.total_requests += 1
        closing = b"" if short.keep_alive else b"connection: close\r\n"
        self._joining.write_whole(ANSWERED % (len(document), closing, document))
        if short.keep_alive:
            self._wait(self._bounds.idle)
        else:
            self.transport.close()

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
