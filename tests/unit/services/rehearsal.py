"""A handler's context for tests: a real database, real files, a clock that runs fast, and no daemon around it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import MetaData
from sqlalchemy.orm import Session

from tests.support.prepared import prepared_url
from toros.clock import MachineClock, RehearsalClock
from toros.config import Config
from toros.files import Roots
from toros.network.service import Outcome
from toros.reduction.work import here
from toros.store.database import Database

__all__ = ["InThisProcess", "Rehearsal", "rehearsing"]

T = TypeVar("T")
EVENING = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)


class InThisProcess:
    """An engine that runs the work where it stands."""

    def run(self, function: Callable[..., T], /, *args: Any, **kwargs: Any) -> T:
        """Run it here."""
        return function(*args, **kwargs)

    def map(self, function: Callable[..., T], arguments: Sequence[tuple[Any, ...]], /) -> Sequence[T | BaseException]:
        """Run it here, one after another."""
        return [function(*each) for each in arguments]

    def stream(
        self, function: Callable[..., T], arguments: Iterable[tuple[Any, ...]], /, width: int | None = None
    ) -> Iterator[tuple[int, T | BaseException]]:
        """Run it here, one after another."""
        return here(function, arguments)


class Rehearsal:
    """What a handler may use; `finish` commits an outcome as a worker does."""

    def __init__(self, config: Config, service: str, database: Database, resources: Any = None) -> None:
        self.config = config
        self.service = service
        self.attempt = 1
        self.worker = f"{service}@test:1"
        self.engine = InThisProcess()
        self.files = Roots(config.files.roots, config.state)
        self.clock = MachineClock()
        self.observatory_clock = RehearsalClock(EVENING, config.camera.clock_rate)
        self.resources = resources
        self.log = logging.LoggerAdapter(logging.getLogger("rehearsal"), {})
        self.said: list[tuple[float, str]] = []
        self.interrupt: Callable[[], None] = lambda: None
        self._database = database

    def progress(self, fraction: float, message: str) -> None:
        """Keep what is said; `interrupt` may raise."""
        self.said.append((fraction, message))
        self.interrupt()

    def read(self, query: Callable[[Session], T]) -> T:
        """Run a query."""
        return self._database.read(query)

    def write(self, change: Callable[[Session], T]) -> T:
        """Run a change."""
        return self._database.write(change)

    def finish(self, outcome: Any) -> Outcome:
        """Commit what an outcome records."""
        assert isinstance(outcome, Outcome)
        if outcome.record is not None:
            self._database.write(outcome.record)
        return outcome


@contextmanager
def rehearsing(
    state: Path,
    service: str,
    tables: MetaData | None = None,
    resources: Callable[[Config, Any], Any] | None = None,
    *,
    url: str | None = None,
    **settings: Any,
) -> Iterator[Rehearsal]:
    """Give a context whose state is in a folder; its database too, but where a URL says another place.

    More settings are those of the configuration.
    """
    config = Config(state=state, **settings)
    database = Database(url or prepared_url(state, service), service=service)
    database.prepare(tables)
    try:
        context = Rehearsal(config, service, database)
        if resources is not None:
            context.resources = resources(config, context.observatory_clock)
        yield context
    finally:
        database.close()
