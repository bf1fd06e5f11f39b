"""A desk's ledger for tests: real orders, a clock that can be set, outcomes without a handler."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

import workorders
from toros.clock import iso
from toros.config import OrderSettings
from toros.store.database import Database
from toros.store.ledger import Claim, Ledger
from workorders import WorkOrder
from workorders.envelope import State, new_id

START = datetime(2026, 11, 20, 22, 0, tzinfo=UTC)
OWNER = "desk@host:4711"


class SetClock:
    """A clock that moves only when told."""

    def __init__(self) -> None:
        self.moment = START

    def now(self) -> datetime:
        return self.moment

    def sleep(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)

    def text(self, seconds: float = 0.0) -> str:
        """Return a time so many seconds from now, as orders write it."""
        return iso(self.moment + timedelta(seconds=seconds))


@dataclass(frozen=True)
class Made:
    """What a handler would have given back."""

    result: Mapping[str, Any] = field(default_factory=dict)
    orders: Sequence[Any] = ()
    record: Callable[[Session], None] | None = None


class Desk:
    """One daemon's memory, and the shortest way to have things happen in it."""

    def __init__(self, database: Database, settings: OrderSettings | None = None, **more: Any) -> None:
        self.database = database
        self.clock = SetClock()
        self.settings = settings or OrderSettings(tries=3, first_delay=2, longest_delay=60, lease=5, retention=10)
        self.ledger = Ledger(
            database, service=database.service, instance="one", settings=self.settings, clock=self.clock, **more
        )

    def id(self, seconds: float = 0.0) -> str:
        """Return a new ULID of this clock's time."""
        return new_id(self.clock.moment.timestamp() + seconds)

    def batch(self, **fields: Any) -> WorkOrder:
        """Return an order that may be repeated."""
        return workorders.parse(
            {"id": self.id(), "request": "calibrate_file_batch", "file_location": "raw:night/batch", **fields}
        )

    def observation(self, **fields: Any) -> WorkOrder:
        """Return an order that may never be repeated."""
        return workorders.parse({"id": self.id(), "request": "observation", "ra": 10.0, "dec": -20.0, **fields})

    def product(self, **fields: Any) -> WorkOrder:
        """Return an onward order."""
        values = {"file_location": "products:n/a.fits", "sha256": "0" * 64, "size": 3, "product_type": "raw"}
        values |= {"id": self.id(), "request": "ingest_data_product", "batch": "b", "batch_location": "raw:n"}
        return workorders.parse(values | fields)

    def accept(self, order: WorkOrder | None = None, **fields: Any) -> WorkOrder:
        """Store an order and return it."""
        order = order or (self.observation(**fields) if self.database.service == "telescope" else self.batch(**fields))
        self.ledger.accept(order).result(10)
        return order

    def claim(self, owner: str = OWNER) -> Claim:
        """Claim the next order, which must be there."""
        claim = self.next(owner)
        assert claim is not None
        return claim

    def next(self, owner: str = OWNER) -> Claim | None:
        """Claim the next order of the usual lane, if there is one."""
        return self.ledger.claim("camera" if self.database.service == "telescope" else "work", owner)

    def state(self, order: WorkOrder | str) -> State:
        """Return where an order is."""
        return State(self.ledger.status(order if isinstance(order, str) else order.id)["state"])

    def cancel(self, order_id: str, reason: str = "") -> dict[str, Any]:
        """Cancel as the desk's handler does."""
        return self.database.write(lambda session: self.ledger.cancel(session, order_id, by="anna", reason=reason))

    def retry(self, order_id: str) -> dict[str, Any]:
        """Retry as the desk's handler does."""
        return self.database.write(lambda session: self.ledger.retry(session, order_id))
