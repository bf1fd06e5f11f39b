"""A proxy before a desk that passes, cuts or hangs: the network's own faults."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

from tests.support.daemons import free_port

__all__ = ["Proxy"]


class Proxy:
    """Listens on a port of its own and hands calls on.

    Attributes
    ----------
    mode : {"pass", "cut", "hang"}
        Pass on; pass on, take the reply and throw it away; take the call and never answer.
    calls, cuts, hung : int
        How many there were.
    """

    def __init__(self, target: int) -> None:
        self.port = free_port()
        self.mode = "pass"
        self.calls = self.cuts = self.hung = 0
        self._target = target
        self._end = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def url(self) -> str:
        """Where a daemon finds the desk behind it."""
        return f"http://127.0.0.1:{self.port}/RPC2"

    def close(self) -> None:
        """Stop."""
        self._end.set()
        self._listener.close()

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            while call := _message(connection):
                self.calls += 1
                mode = self.mode
                if mode == "hang":
                    self.hung += 1
                    self._end.wait()
                    return
                with socket.create_connection(("127.0.0.1", self._target)) as desk:
                    desk.sendall(call)
                    reply = _message(desk)
                if mode == "cut":
                    self.cuts += 1
                    return
                connection.sendall(reply)


def _message(connection: socket.socket) -> bytes:
    """Return one HTTP message with its body; nothing where the other end hung up."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return b""
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    fields = dict(line.lower().split(b":", 1) for line in head.split(b"\r\n")[1:] if b":" in line)
    length = int(fields.get(b"content-length", b"0"))
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body
