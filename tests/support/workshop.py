"""A daemon's inside without its processes: database, ledger and workers of one test, on a file of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.daemons import eventually
from tests.support.prepared import prepared_file
from toros.clock import MachineClock
from toros.config import Config
from toros.files import Roots
from toros.network.context import Workshop
from toros.network.engine import make_engine
from toros.network.service import Handler
from toros.network.worker import Workers
from toros.store.database import Database, database_url
from toros.store.ledger import Ledger
from workorders import WorkOrder

__all__ = ["Bench", "bench"]


class Bench:
    """What a test of workers needs.

    Attributes
    ----------
    shop : Workshop
    ledger : Ledger
    woken : list
        Grows each time the courier would have been woken.
    """

    def __init__(self, shop: Workshop) -> None:
        self.shop = shop
        self.ledger = shop.ledger
        self.woken: list[None] = []
        self.workers: Workers | None = None

    def work(self, handlers: Mapping[str, Handler], lanes: Mapping[str, int] | None = None) -> Workers:
        """Start workers with these handlers."""
        self.workers = Workers(self.shop, handlers, lanes or {"work": 1, "desk": 1}, lambda: self.woken.append(None))
        self.workers.start()
        return self.workers

    def send(self, order: WorkOrder) -> str:
        """Accept an order; return its id."""
        return str(self.ledger.accept(order).result(5).id)

    def ended(self, order_id: str, state: str, seconds: float = 10.0) -> dict[str, Any]:
        """Wait until an order is in a state, and return its status."""
        return dict(eventually(lambda: (s := self.ledger.status(order_id))["state"] == state and s, seconds, 0.01))


@contextmanager
def bench(
    folder: Path, service: str = "preprocessor", recoverable: tuple[str, ...] = (), **settings: Any
) -> Iterator[Bench]:
    """Give a bench; `settings` are sections of the configuration."""
    config = Config.model_validate({"state": folder, **settings})
    clock = MachineClock()
    prepared_file(folder / f"{service}.sqlite", service)
    database = Database(database_url(config, service), service=service)
    database.prepare()
    ledger = Ledger(
        database, service=service, instance=service, settings=config.orders, clock=clock, recoverable=recoverable
    )
    shop = Workshop(
        config=config, service=service, instance=service, owner=f"{service}@here:1", database=database, ledger=ledger,
        pool=make_engine(config.engine), files=Roots(config.files.roots, config.state), clock=clock,
        observatory_clock=clock, resources="a telescope",
    )  # fmt: skip
    made = Bench(shop)
    try:
        yield made
    finally:
        if made.workers is not None:
            made.workers.drain(0.5)
        shop.pool.close()
        database.close()
