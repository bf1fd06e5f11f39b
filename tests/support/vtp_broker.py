"""A VOEvent broker for tests: sends events to whoever connects, and again until they are acknowledged.

>>> with VtpBroker() as broker:
...     broker.send(b"<voe:VOEvent ...")
...     listener = VtpListener("vtp:here", "127.0.0.1", broker.port, ...)
"""

from __future__ import annotations

import socket
import threading
import time
from types import TracebackType

from toros.alerts.listeners.transport import framed, read_packet

__all__ = ["VtpBroker"]

ALIVE = (
    b'<trn:Transport role="iamalive" version="1.0" xmlns:trn="http://telescope-networks.org/schema/Transport/v1.1">'
    b"<Origin>ivo://org.example/broker</Origin></trn:Transport>"
)


class VtpBroker:
    """One broker on one port, for one subscriber at a time.

    Parameters
    ----------
    port : int
        0 for a free one.

    Attributes
    ----------
    acknowledged : list of str
        IVORNs, in the order of their acknowledgement.
    answered : list of str
        Roles of everything else that the subscriber sent.
    connections : int
        How often somebody connected.
    """

    def __init__(self, port: int = 0) -> None:
        self.acknowledged: list[str] = []
        self.answered: list[str] = []
        self.connections = 0
        self._events: list[tuple[str, bytes]] = []
        self._alive = 0
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", port))
        self._socket.settimeout(0.05)
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> VtpBroker:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join(2.0)
        self._socket.close()

    def send(self, event: bytes) -> None:
        """Send an event, and again at every connection until it is acknowledged."""
        with self._lock:
            self._events.append((read_packet(event).name, event))

    def say_alive(self) -> None:
        """Send one sign of life."""
        with self._lock:
            self._alive += 1

    def _serve(self) -> None:
        while not self._over.is_set():
            try:
                subscriber, _ = self._socket.accept()
            except TimeoutError:
                continue
            self.connections += 1
            with subscriber:
                subscriber.settimeout(0.01)
                try:
                    self._talk(subscriber)
                except OSError:
                    continue

    def _talk(self, subscriber: socket.socket) -> None:
        """Send what is due and hear what comes back, until either side goes."""
        sent: set[str] = set()
        held = b""
        while not self._over.is_set():
            for packet in self._due(sent):
                subscriber.sendall(framed(packet))
            try:
                came = subscriber.recv(65536)
            except TimeoutError:
                time.sleep(0.002)
                continue
            if not came:
                return
            held = self._hear(held + came)

    def _due(self, sent: set[str]) -> list[bytes]:
        with self._lock:
            alive, self._alive = [ALIVE] * self._alive, 0
            events = [(name, event) for name, event in self._events if name not in sent]
            events = [(name, event) for name, event in events if name not in self.acknowledged]
        sent.update(name for name, _ in events)
        return alive + [event for _, event in events]

    def _hear(self, held: bytes) -> bytes:
        while len(held) >= 4 and len(held) >= (end := 4 + int.from_bytes(held[:4], "big")):
            packet = read_packet(held[4:end])
            held = held[end:]
            if packet.kind == "ack":
                self.acknowledged.append(packet.name)
            else:
                self.answered.append(packet.kind)
        return held
