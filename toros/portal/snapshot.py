"""What the network looks like now: asked once for all who look at the same moment."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from toros.config import Config, config_hash
from toros.portal import words
from toros.portal.gathering import Ask, ask_desk, ask_desks

__all__ = ["LATEST", "Desk", "Kept", "look_at_desks"]

T = TypeVar("T")
LATEST = 300  # orders of each desk that the overview looks at
STATES = ("queued", "running", "done", "buried", "cancelled", "expired")


@dataclass(frozen=True)
class Desk:
    """One desk, in words.

    Attributes
    ----------
    silent : str
        Why it did not answer; empty where it did.
    counts : list of (str, int)
        Its orders by state, those states that it has.
    waiting, parked : int
        Orders in its outbox: on their way, and refused for good by their desk.
    configuration : str
        Hash of the configuration that it runs with.
    same : bool
        Whether that is the portal's own.
    uptime : str
        Since it was started.
    """

    name: str
    silent: str = ""
    process: str = ""
    version: str = ""
    configuration: str = ""
    same: bool = True
    uptime: str = ""
    counts: list[tuple[str, int]] = field(default_factory=list)
    waiting: int = 0
    parked: int = 0


def look_at_desks(config: Config, now: Callable[[], Any], *, ask: Ask = ask_desk) -> list[Desk]:
    """Ask every desk for its status, all at the same time; one that is down is told as such."""
    names = list(config.services)
    replies = ask_desks(config, [(name, {"request": "status"}) for name in names], ask=ask)
    ours = config_hash(config)
    return [
        Desk(name, reply.silent) if reply.silent else _desk(name, reply.answer, ours, now())
        for name, reply in zip(names, replies, strict=True)
    ]


def _desk(name: str, answer: Mapping[str, Any], ours: str, now: Any) -> Desk:
    counts, outbox = answer.get("counts") or {}, answer.get("outbox") or {}
    configuration = str(answer.get("configuration", ""))
    return Desk(
        name=str(answer.get("instance") or name),
        process=str(answer.get("pid", "")),
        version=str(answer.get("version", "")),
        configuration=configuration,
        same=not configuration or configuration == ours,
        uptime=words.ago(answer.get("started"), now),
        counts=[(state, int(counts[state])) for state in STATES if counts.get(state)],
        waiting=int(outbox.get("waiting", 0)),
        parked=int(outbox.get("parked", 0)),
    )


class Kept(Generic[T]):
    """An answer kept for a moment: many who look at once cost the network no more than one.

    Parameters
    ----------
    find : callable
        Finds it anew; one caller at a time.
    seconds : float
        How long it is kept.
    """

    def __init__(self, find: Callable[[], T], seconds: float = 1.0) -> None:
        self._find = find
        self._seconds = seconds
        self._lock = threading.Lock()
        self._until = -1.0
        self._found: T | None = None

    def get(self) -> T:
        """Return what was found within the last moment, or find it."""
        with self._lock:
            if self._found is None or time.monotonic() > self._until:
                self._found = self._find()
                self._until = time.monotonic() + self._seconds
            return self._found
