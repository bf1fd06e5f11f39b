"""Whether the daemons' ports are free, and who has those that are not."""

from __future__ import annotations

import errno
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from toros.config import Config

__all__ = ["free_ports", "port_problem"]


def port_problem(config: Config, service: str) -> str:
    """Return why a daemon could not listen on its port and what to do, in a sentence; empty where it could."""
    settings = next(settings for name, settings in config.services.items() if name == service)
    family = socket.AF_INET6 if ":" in settings.ip else socket.AF_INET
    with socket.socket(family) as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind((settings.ip, settings.port))
        except OSError as error:
            where = f"{settings.ip}:{settings.port}"
            if error.errno != errno.EADDRINUSE:
                return f"{service} cannot listen on {where} ({error.strerror}): change services.{service}"
            return (
                f"port {settings.port} of {service} is in use by {_holder(config, service)}: "
                f"stop it, or change services.{service}.port"
            )
    return ""


def _holder(config: Config, service: str) -> str:
    """Return who answers at a daemon's address."""
    from toros.cli.desks import Desks
    from toros.errors import TorosError
    from workorders import Refusal

    try:
        answer = Desks(config, timeout=1.5).ask(service, {"request": "status"})
    except (TorosError, Refusal, OSError):
        return "another program"
    return f"a {answer.get('desk', 'daemon')} that runs already, process {answer.get('pid', '?')}"


def free_ports(number: int, ip: str = "127.0.0.1") -> list[int]:
    """Return so many different ports that nobody listens on at this moment."""
    held = []
    try:
        for _ in range(number):
            attempt = socket.socket()
            held.append(attempt)
            attempt.bind((ip, 0))
        return [int(attempt.getsockname()[1]) for attempt in held]
    finally:
        for attempt in held:
            attempt.close()
