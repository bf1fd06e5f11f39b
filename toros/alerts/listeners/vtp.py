"""VTP: a subscriber that acknowledges an alert after it is safe, and not before."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Mapping

from toros.alerts.listeners.message import ConnectionLost, Message
from toros.alerts.listeners.transport import Packet, framed, read_packet, transport

__all__ = ["VtpListener"]

CONNECTING, SENDING = 10.0, 10.0  # seconds

log = logging.getLogger("toros.alerts.listeners")


class VtpListener:
    """Alerts of one VOEvent broker.

    Parameters
    ----------
    name : str
        What the listener is called in logs and status.
    host, port : str, int
        The broker's.
    ivorn : str
        What we call ourselves.
    silence : float
        With neither alert nor `iamalive` for so long the connection is taken for broken; seconds.
    largest : int
        A broker that announces a larger packet is left; bytes.
    """

    kind = "vtp"

    def __init__(self, name: str, host: str, port: int, *, ivorn: str, silence: float, largest: int) -> None:
        self.name = name
        self.silence = silence
        self._place = (host, port)
        self._ivorn = ivorn
        self._largest = largest
        self._socket: socket.socket | None = None
        self._held = bytearray()

    @property
    def where(self) -> str:
        """The broker's address."""
        return f"{self._place[0]}:{self._place[1]}"

    def lag(self) -> int | None:
        """Return None: a broker does not say what waits."""
        return None

    def open(self, offsets: Mapping[tuple[str, int], int]) -> None:
        """Connect; raise ConnectionLost where nobody answers."""
        del offsets
        try:
            self._socket = socket.create_connection(self._place, CONNECTING)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        except OSError as error:
            raise ConnectionLost(f"{self.where}: {error.strerror or error}") from None
        self._held.clear()

    def positions(self) -> Mapping[tuple[str, int], int]:
        """Return nothing: there are no offsets here."""
        return {}

    def close(self) -> None:
        """Hang up."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def receive(self, timeout: float) -> Message | None:
        """Return the next alert or sign of life, or None where there was none in so many seconds.

        Raises
        ------
        ConnectionLost
            The broker hung up, or does not speak VTP.
        """
        content = self._packet(timeout)
        if content is None:
            return None
        packet = read_packet(content)
        if packet.kind in ("voevent", "unreadable"):
            return Message(content, name=packet.name)
        return self._answer(packet)

    def settle(self, message: Message) -> None:
        """Acknowledge an alert that is safe; raise ConnectionLost where the broker is gone."""
        if message.name:  # what cannot be read has no name to acknowledge: it is kept, and the broker may send it again
            self._send(transport("ack", message.name, self._ivorn))

    def _answer(self, packet: Packet) -> Message:
        """Answer a Transport document; whatever it is, the broker lives."""
        if packet.kind == "iamalive":
            self._send(transport("iamalive", packet.name, self._ivorn))
        else:
            log.warning("%s: the broker sent a Transport document with the role %.40r", self.name, packet.kind)
        return Message(b"", name=packet.name, heartbeat=True)

    def _packet(self, timeout: float) -> bytes | None:
        """Return the next whole packet; what has come of it so far is kept."""
        until = time.monotonic() + timeout
        while True:
            wanted = 4
            if len(self._held) >= 4:
                length = int.from_bytes(self._held[:4], "big")
                if not 0 < length <= self._largest:
                    raise ConnectionLost(f"{self.where} announces a packet of {length} bytes: that is not VTP")
                wanted = 4 + length
                if len(self._held) >= wanted:
                    content = bytes(self._held[4:wanted])
                    del self._held[:wanted]
                    return content
            if not self._more(wanted - len(self._held), until - time.monotonic()):
                return None

    def _more(self, wanted: int, seconds: float) -> bool:
        """Take what has come, at most so many bytes; False where nothing did in time."""
        if seconds <= 0:
            return False
        try:
            assert self._socket is not None
            self._socket.settimeout(seconds)
            came = self._socket.recv(min(wanted, 65536))
        except TimeoutError:
            return False
        except OSError as error:
            raise ConnectionLost(f"{self.where}: {error.strerror or error}") from None
        if not came:
            raise ConnectionLost(f"{self.where} hung up")
        self._held += came
        return True

    def _send(self, content: bytes) -> None:
        try:
            assert self._socket is not None
            self._socket.settimeout(SENDING)
            self._socket.sendall(framed(content))
        except OSError as error:
            raise ConnectionLost(f"{self.where}: {error.strerror or error}") from None
