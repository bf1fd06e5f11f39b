"""How much callers may take of a desk: connections and time, and who gives way to a newcomer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from toros.network.protocol import DeskProtocol

__all__ = ["Bounds"]


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
