"""The receiving end of sd_notify: how a supervisor hears that its children are ready, and how they fare."""

from __future__ import annotations

import os
import socket
import struct
import sys
import threading
from collections.abc import Callable, Mapping

__all__ = ["ReadinessSocket"]

CREDENTIALS = struct.Struct("3i")  # pid, uid, gid: unix(7), SCM_CREDENTIALS


class ReadinessSocket:
    """A datagram socket of the kind that systemd gives to its units.

    Parameters
    ----------
    heard : callable
        `(pid, notice)`: called with the sender's process id, which the kernel vouches for, and what it said.
    tick : callable
        Called from time to time, whether anything was heard or not.
    every : float
        Longest time between two ticks; seconds.

    Attributes
    ----------
    address : str
        For NOTIFY_SOCKET; empty where the system has no such sockets.
    """

    def __init__(
        self,
        heard: Callable[[int, Mapping[str, str]], None],
        tick: Callable[[], None],
        every: float,
    ) -> None:
        self._heard = heard
        self._tick = tick
        self._every = every
        self.address = ""
        self._socket: socket.socket | None = None
        self._thread = threading.Thread(target=self._listen, name="readiness", daemon=True)
        if sys.platform == "linux":
            self._open()

    def _open(self) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        name = f"toros-{os.getpid()}-{os.urandom(8).hex()}"
        self._socket.bind("\0" + name)  # the abstract name space: no file that could be left behind
        self._socket.settimeout(self._every)
        self.address = "@" + name

    def start(self) -> None:
        """Begin to listen."""
        if self._socket is not None:
            self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        if self._socket is None:
            return
        if self._thread.is_alive():
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as last:
                last.sendto(b"END=1", "\0" + self.address[1:])
            self._thread.join(2.0)
        self._socket.close()
        self._socket = None

    def _listen(self) -> None:
        own = os.getpid()
        while self._socket is not None:
            self._tick()
            try:
                data, ancillary, _flags, _sender = self._socket.recvmsg(4096, socket.CMSG_SPACE(CREDENTIALS.size))
            except TimeoutError:
                continue
            pid = _sender_of(ancillary)
            notice = dict(line.split("=", 1) for line in data.decode(errors="replace").splitlines() if "=" in line)
            if pid == own and "END" in notice:
                return
            self._heard(pid, notice)


def _sender_of(ancillary: list[tuple[int, int, bytes]]) -> int:
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_CREDENTIALS and len(data) >= CREDENTIALS.size:
            return int(CREDENTIALS.unpack(data[: CREDENTIALS.size])[0])
    return 0
