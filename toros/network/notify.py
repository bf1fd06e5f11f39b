"""Words to the service manager: ready, what is going on, alive, stopping (sd_notify over NOTIFY_SOCKET)."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping

__all__ = ["Notifier"]


class Notifier:
    """Speaks to systemd where it listens, and to nobody elsewhere.

    Parameters
    ----------
    environment : mapping, optional
        Where NOTIFY_SOCKET and WATCHDOG_USEC are looked up; the process's own by default.
    """

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        environment = os.environ if environment is None else environment
        address = environment.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        meant_for_us = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        self.watchdog = int(environment.get("WATCHDOG_USEC", 0)) / 1e6 if meant_for_us else 0.0

    def say(self, **words: str | int) -> bool:
        """Send words such as `READY=1`; False where nobody listens."""
        if not self._address:
            return False
        message = "\n".join(f"{name}={value}" for name, value in words.items())
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as outlet:
                outlet.sendto(message.encode(), self._address)
        except OSError:
            return False  # the manager went away: a daemon works on without one
        return True
