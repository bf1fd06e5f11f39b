"""The envelope that every work order travels in, the receipt that answers it, and its status."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from workorders.quantities import InstanceName, Name, OrderId, UtcTime
from workorders.refusal import FaultCode, Refusal

__all__ = ["FaultCode", "OrderId", "Receipt", "Refusal", "State", "UtcTime", "WorkOrder", "new_id"]

VERSION = 1
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_id(at: float | None = None) -> str:
    """Return a fresh ULID: 48 bits of milliseconds, 80 random bits, in Crockford's base 32.

    Parameters
    ----------
    at : float, optional
        Unix time in seconds; now by default.
    """
    milliseconds = int((time.time() if at is None else at) * 1000)
    number = (milliseconds << 80) | int.from_bytes(os.urandom(10), "big")
    return "".join(CROCKFORD[(number >> shift) & 31] for shift in range(125, -1, -5))


class State(StrEnum):
    """Where an order is in its life; the legal moves are in `toros.store.moves`."""

    QUEUED = "queued"  # waits for a worker, or for its due time after a failed try
    RUNNING = "running"  # a worker holds its lease
    DONE = "done"  # its effect and its onward orders are committed
    BURIED = "buried"  # given up, with the reason; an operator may retry
    CANCELLED = "cancelled"  # taken back before it was done
    EXPIRED = "expired"  # nobody could do it in time


class WorkOrder(BaseModel):
    """What every request has in common; each request's own fields lie flat beside these."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True, hide_input_in_errors=True)

    unlisted: ClassVar[frozenset[str]] = frozenset()  # fields that no list of orders shows

    id: OrderId = Field(default_factory=new_id, description="name of this order, made by the sender (ULID)")
    request: str = Field(max_length=64, description="what is asked")
    to: InstanceName | None = Field(None, description="instance of the desk, where a network has several (telescopes)")
    priority: float | None = Field(None, ge=0, le=10, description="0 (routine) to 10 (drop everything); no unit")
    datetime: UtcTime | None = Field(None, description="when the sender wrote the order; UTC, ISO 8601")
    user: Name | None = Field(None, description="who asks; set by the desk from who authenticated")
    parent: OrderId | None = Field(None, description="the order that caused this one")
    expires: UtcTime | None = Field(None, description="not to be started after this time; UTC, ISO 8601")
    dry_run: bool = Field(False, description="say what would be done, change nothing")
    version: int = Field(VERSION, ge=1, le=1_000_000, description="version of the language that the order speaks")

    def body(self) -> dict[str, Any]:
        """Return the order as plain values for the wire: absent fields left out, nothing but XML-RPC's types.

        `parse` of it gives the same order again.
        """
        return self.model_dump(mode="json", exclude_none=True)


@dataclass(frozen=True, slots=True)
class Receipt:
    """The desk's word that an order is stored durably; the same id again gets the same receipt.

    Attributes
    ----------
    id, request : str
        The order's.
    desk, instance : str
        The service that took it, and its name on the network.
    accepted : str
        When it was stored; UTC, ISO 8601.
    hash : str
        SHA-256 of the order as stored.
    status : str
        Always "accepted".
    """

    id: str
    request: str
    desk: str
    instance: str
    accepted: str
    hash: str
    status: str = "accepted"

    def plain(self) -> dict[str, str]:
        """Return it for the wire."""
        return {name: getattr(self, name) for name in self.__slots__}
