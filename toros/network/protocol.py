"""HTTP for callers who may mean harm: uvicorn's protocol with the deadlines and bounds that it lacks.

Nobody may keep a connection without doing something with it: headers must be complete within 5 s, the body within 5 s
more, a reply taken within 30 s, and a connection kept alive is closed after 15 s of silence. When all connections are
taken, a newcomer gets the place of the one that has been waiting for its caller longest, strangers first.

The usual call, a small one to the desk whose length is said, goes a short way: no ASGI, no task, one packet in reply.
What the desk would turn away goes the long way, for its words and its manners are there.

The receipt of an order that came alone is sent by the thread that stored it: the loop, asleep, learns of it when it
next looks at the connection. A connection's lock keeps that thread from a socket that is being closed.
"""

from __future__ import annotations

import asyncio
import os
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from toros.network.guard import DESK_PATHS, Headers, Rejected
from toros.network.repeated import RepeatedHead

if TYPE_CHECKING:
    from toros.network.bounds import Bounds
    from toros.network.front_desk import Call, FrontDesk

__all__ = ["DeskProtocol"]

HEADERS_SIZE = 32_768  # bytes
SMALL = 65_536  # bytes of a body that goes the short way
DESK_URLS = frozenset(path.encode() for path in DESK_PATHS)
ANSWERED = b"HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\ncontent-length: %d\r\n%b\r\n%b"
CONTINUE = b"HTTP/1.1 100 "
TOO_LATE = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
TOO_LONG = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
FULL = b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\ncontent-length: 0\r\nretry-after: 1\r\n\r\n"


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

    @property
    def busy(self) -> bool:
        """True where something waits to be sent, or nothing will be sent any more."""
        return bool(self._head) or self._transport.is_closing() or self._transport.get_write_buffer_size() > 0

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
    headers : dict
        By name.
    pieces : list of bytes
        The body so far.
    complete : bool
        That is all of it.
    begun : bool
        The desk has it.
    answered : bool
        The reply was sent by another thread, and the loop has not heard of it; guarded by the connection's lock.
    rest : bytes
        What that thread could not send of it.
    """

    call: Call
    keep_alive: bool
    headers: Headers
    pieces: list[bytes] = field(default_factory=list)
    complete: bool = False
    begun: bool = False
    answered: bool = False
    rest: bytes = b""


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
        self._repeated: RepeatedHead | None = None  # what a call of the short way may begin with
        self._between = True  # the parser has seen nothing of a next message
        self._missing = 0  # bytes of a body that the parser does not see
        self._lock = threading.Lock()
        self._socket = -1  # where other threads may send; none where the transport does more than send

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._joining = _Joining(cast(asyncio.Transport, transport))
        if transport.get_extra_info("sslcontext") is None:
            self._socket = transport.get_extra_info("socket").fileno()
        super().connection_made(cast(asyncio.Transport, self._joining))
        self._unsent_since = self.loop.time()
        if len(self.connections) > self._bounds.connections and not self._make_room():
            self._refuse(FULL)
        else:
            self._wait(self._bounds.headers)

    def connection_lost(self, exc: Exception | None) -> None:
        with self._lock:
            self._socket = -1  # the transport closes it when we return
        self._stop_waiting()
        if self._short is not None and not self._short.begun:
            self._desk.give_up()
        self._short = None
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._settle()
        if self._missing:
            self._add(data)
        elif not self._begin_again(data):
            self._read(data)

    def _read(self, data: bytes) -> None:
        """Have the parser read what comes."""
        begins, self._between = self._between, False
        super().data_received(data)
        if self._pipelined:
            self.drop()
        elif self._short is not None:
            if begins and self._short.keep_alive:
                self._repeated = RepeatedHead.of(data, self._short.headers)
            if self._short.complete and not self._short.begun and not self.transport.is_closing():
                self._begin(self._short)
        elif self._reading_headers:
            self._header_bytes += len(data)
            if self._header_bytes > HEADERS_SIZE:
                self._refuse(TOO_LONG)

    def _begin_again(self, data: bytes) -> bool:
        """Begin a call whose head is known; False where the parser is to read it."""
        if self._repeated is None or not self._between or self._short is not None or self.flow.write_paused:
            return False
        found = self._repeated.read(data)
        if found is None:
            return False
        headers, start = found
        length = int(headers[b"content-length"])
        call = self._admitted(headers) if length <= SMALL else None
        if call is None:
            return False
        self._short = _Short(call, True, headers)
        self._missing = length
        if len(data) - start < length:
            self._wait(self._bounds.body)
        self._add(data[start:])
        return True

    def _add(self, data: bytes) -> None:
        """Take a piece of a body whose head was known."""
        short = self._short
        self._missing -= len(data)
        if short is None or self._missing < 0:
            self._missing = 0
            self.drop()
            return
        short.pieces.append(data)
        if self._missing == 0:
            short.complete = True
            self._stop_waiting()
            self._begin(short)

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
            self._short.complete = self._between = True
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
        short = self._short
        if short is None:
            super().shutdown()
            return
        with self._lock:
            short.keep_alive = False  # from now on only the loop replies, for it closes afterwards
        self._settle()

    def look(self, now: float) -> None:
        """Hang up where the caller is late."""
        self._settle()
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
        except Rejected:
            return None
        call = self._admitted(headers)
        return None if call is None else _Short(call, parser.should_keep_alive(), headers)

    def _admitted(self, headers: Headers) -> Call | None:
        """Return the call that these headers announce, None where it is turned away: the long way says why."""
        try:
            return self._desk.admit("POST", headers)
        except Rejected:
            return None

    def _begin(self, short: _Short) -> None:
        """Hand a call with its whole body to the desk."""
        short.begun = True
        body = short.pieces[0] if len(short.pieces) == 1 else b"".join(short.pieces)
        short.pieces.clear()
        self._desk.begin(
            short.call,
            body,
            lambda document: self._answer(short, document),
            lambda document: self._answer_at_once(short, document),
        )

    def _answer(self, short: _Short, document: bytes) -> None:
        """Send a reply, unless its caller is gone."""
        if self._short is not short or self.transport.is_closing():
            return
        closing = b"" if short.keep_alive else b"connection: close\r\n"
        self._joining.write_whole(short.rest or ANSWERED % (len(document), closing, document))
        self._end(short)

    def _answer_at_once(self, short: _Short, document: bytes) -> bool:
        """On any thread: send a reply where nothing is in its way; return False where the loop must do it."""
        packet = ANSWERED % (len(document), b"", document)
        with self._lock:
            if self._socket < 0 or not short.keep_alive or self._joining.busy:
                return False
            try:
                sent = os.write(self._socket, packet)
            except OSError:  # no room, or the caller is gone: the loop finds out which
                return False
            short.rest = packet[sent:]
            short.answered = not short.rest
            return short.answered

    def _settle(self) -> None:
        """Learn of a reply that another thread has sent."""
        short = self._short
        if short is None or not short.begun:
            return
        with self._lock:
            answered = short.answered
        if answered:
            self._end(short)

    def _end(self, short: _Short) -> None:
        """After a reply, wait for the next call or close."""
        self._short = None
        self.server_state.total_requests += 1
        if short.keep_alive:
            self._wait(self._bounds.idle)
        else:
            self.transport.close()

    def _make_room(self) -> bool:
        """Close a connection that waits for its caller; False where none does."""
        for other in list(self.connections):
            cast(DeskProtocol, other)._settle()
        return self._bounds.make_room()

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
