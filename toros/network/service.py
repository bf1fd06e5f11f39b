"""What a daemon is made of: a table of requests, and the plain functions that serve them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from workorders import WorkOrder

if TYPE_CHECKING:
    import logging
    from datetime import datetime

    from sqlalchemy import MetaData
    from sqlalchemy.orm import Session
    from starlette.routing import BaseRoute

    from toros.clock import Clock
    from toros.config import Config

    Record = Callable[[Session], Mapping[str, Any] | None]

__all__ = ["Answer", "Arrival", "Context", "Engine", "Files", "Handler", "Listener", "Onward", "Outcome", "Service"]

T = TypeVar("T")
Answer = Mapping[str, Any]


class Engine(Protocol):
    """Where heavy pure functions run: child processes of this machine, or a Dask cluster."""

    def run(self, function: Callable[..., T], /, *args: Any, **kwargs: Any) -> T:
        """Run an importable function elsewhere and return what it returns.

        Raises
        ------
        ChildDied
            The child was killed, by a signal or at a limit.
        """
        ...

    def map(self, function: Callable[..., T], arguments: Sequence[tuple[Any, ...]], /) -> Sequence[T | BaseException]:
        """Run the function over many arguments in parallel; an item that fails gives its exception."""
        ...

    def stream(
        self, function: Callable[..., T], arguments: Iterable[tuple[Any, ...]], /, width: int | None = None
    ) -> Iterator[tuple[int, T | BaseException]]:
        """Yield the position and the answer (or exception) of each item as it ends, `width` of them under way."""
        ...


class Files(Protocol):
    """The named roots of this node; nothing outside them is reached."""

    def path(self, location: str, *, must_exist: bool = True) -> Path:
        """Return the file or folder that `root:path` names; raise OutsideRoots or Permanent."""
        ...

    def location(self, path: Path) -> str:
        """Return `root:path` of a file inside a root."""
        ...

    def root(self, name: str) -> Path:
        """Return a root's folder."""
        ...


class Context(Protocol):
    """What a handler may use beside its order."""

    config: Config
    service: str
    attempt: int
    worker: str
    engine: Engine
    files: Files
    clock: Clock
    observatory_clock: Clock
    resources: Any  # what Service.resources made when the daemon started: devices
    log: logging.LoggerAdapter[Any]

    def progress(self, fraction: float, message: str) -> None:
        """Say how far the order is, 0 to 1; raise OrderCancelled or LeaseLost where it is not ours any more."""
        ...

    def read(self, query: Callable[[Session], T]) -> T:
        """Run a query on the daemon's own tables."""
        ...

    def write(self, change: Callable[[Session], T]) -> T:
        """Run a change in a short transaction of its own, refused (LeaseLost) where another worker holds the order."""
        ...


class Arrival(Protocol):
    """Something that a listener has received."""

    @property
    def content(self) -> bytes:
        """The bytes, as they came."""
        ...

    @property
    def topic(self) -> str:
        """Kafka's topic; empty elsewhere."""
        ...

    @property
    def partition(self) -> int | None:
        """Kafka's partition."""
        ...

    @property
    def offset(self) -> int | None:
        """Its place in the partition."""
        ...

    @property
    def name(self) -> str:
        """What the source calls it."""
        ...

    @property
    def heartbeat(self) -> bool:
        """Only a sign of life: nothing to keep."""
        ...


class Listener(Protocol):
    """A source that the daemon listens to, in a thread of its own: nothing of it is called from two threads at once.

    Attributes
    ----------
    name, kind, where : str
        For logs and status: the operator's name for it, "kafka", "vtp" or "folder", and the address.
    silence : float
        Without a word for so long it is taken for broken; seconds, 0 for never.
    """

    name: str
    silence: float

    @property
    def kind(self) -> str:
        """The sort of source."""
        ...

    @property
    def where(self) -> str:
        """Its address."""
        ...

    def open(self, offsets: Mapping[tuple[str, int], int]) -> None:
        """Connect and read on at these offsets by topic and partition; raise TorosError where that fails."""
        ...

    def positions(self) -> Mapping[tuple[str, int], int]:
        """Return the offset of what comes next by topic and partition; empty where there are no offsets."""
        ...

    def receive(self, timeout: float) -> Arrival | None:
        """Return what has come within so many seconds; raise TorosError where the source is lost."""
        ...

    def settle(self, message: Any) -> None:
        """Hear that a message is safe: acknowledge it."""
        ...

    def lag(self) -> int | None:
        """Return how much waits at the source, where it says so."""
        ...

    def close(self) -> None:
        """Let go of the source."""
        ...


@dataclass(frozen=True)
class Onward:
    """An onward order that the vocabulary alone cannot place: requests of every desk, such as `cancel`.

    Attributes
    ----------
    order : WorkOrder
        What is asked.
    desk : str
        The service that it goes to.
    """

    order: WorkOrder
    desk: str


@dataclass(frozen=True)
class Outcome:
    """What a handler gives back; all of it is committed in one transaction.

    Attributes
    ----------
    result : mapping
        Plain values for `status` and the tree; small.
    orders : sequence of WorkOrder or Onward
        Onward orders; parent and user are filled in by the worker, the desk by the vocabulary unless named.
    record : callable, optional
        A change of the daemon's own tables; what it returns is added to the result (the number of a new row).
        What it refuses ends the try like anything that a handler raises.
    """

    result: Mapping[str, Any] = field(default_factory=dict)
    orders: Sequence[WorkOrder | Onward] = ()
    record: Record | None = None


@dataclass(frozen=True)
class Handler:
    """How one request is served.

    Attributes
    ----------
    function : callable
        `(order, context) -> Outcome` for an order, `(question, context) -> mapping` for a question.
    recover : callable, optional
        For a request that may never be repeated: asks the device what is true after a crash in the middle and
        says how the order ends; without it, such an order is buried for a person to look at.
    """

    function: Callable[[Any, Context], Outcome | Answer]
    recover: Callable[[Any, Context], Outcome] | None = None


@dataclass(frozen=True)
class Service:
    """One daemon.

    Attributes
    ----------
    name : str
        As in the configuration and the vocabulary.
    handlers : mapping of request name to Handler
        Every request of the vocabulary for this desk.
    tables : MetaData, optional
        The daemon's own tables, beside the ledger's.
    lanes : mapping of lane to int
        Threads that serve each lane.
    resources : callable, optional
        Made once when the daemon starts, given to every handler: the telescope's devices.
    chores : callable, optional
        `(session, now) -> orders`: what the clock has made due, asked every few seconds. The daemon gives these
        orders to itself; one whose id it had before is not done again.
    pages : callable, optional
        Web routes served beside the desk (the portal's), made from the configuration.
    listeners : callable, optional
        Sources that the daemon listens to, made from the configuration: what they receive is kept durably as a
        `process_alert` order before it is acknowledged. The tables of `toros.store.receipts` must be among `tables`.
    forgetting : callable, optional
        `(session, ids)`: notes in the daemon's own tables what is to outlast orders that the ledger forgets, in the
        same transaction.
    ahead : callable, optional
        Importable, of the configuration: loads what heavy work will need. Child processes do it before there is work,
        where the configuration allows it (`engine.ahead`).
    """

    name: str
    handlers: Mapping[str, Handler] = field(default_factory=dict)
    tables: MetaData | None = None
    lanes: Mapping[str, int] = field(default_factory=lambda: {"work": 1})
    resources: Callable[[Config, Clock], Any] | None = None
    chores: Callable[[Session, datetime], Sequence[WorkOrder]] | None = None
    pages: Callable[[Config], Sequence[BaseRoute]] | None = None
    listeners: Callable[[Config], Sequence[Listener]] | None = None
    forgetting: Callable[[Session, Sequence[str]], None] | None = None
    ahead: Callable[[Config], object] | None = None
