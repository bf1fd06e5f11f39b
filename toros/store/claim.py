"""A worker's hold on an order."""

from __future__ import annotations

from dataclasses import dataclass

from workorders import WorkOrder

__all__ = ["Claim", "Hold"]


@dataclass(frozen=True)
class Hold:
    """Which order is held, and by whom.

    Attributes
    ----------
    number, lease : int
        Which row, and which hold on it: a later one makes this one worthless.
    owner : str
        The worker.
    """

    number: int
    lease: int
    owner: str


@dataclass(frozen=True)
class Claim(Hold):
    """A hold, with what the worker needs to know.

    Attributes
    ----------
    order : WorkOrder
        As it was accepted.
    attempt : int
        Which try this is, from 1.
    interrupted : bool
        An earlier try was cut off by a crash.
    """

    order: WorkOrder
    attempt: int
    interrupted: bool

    @property
    def id(self) -> str:
        """The order's id."""
        return self.order.id

    @property
    def request(self) -> str:
        """What the order asks."""
        return self.order.request
