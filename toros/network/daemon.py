"""One daemon: its database, ledger, workers, courier and front desk, put together, watched, and drained.

`toros serve SERVICE` runs this; so does `python -m toros.network.daemon SERVICE --config FILE`.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.metadata
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import toros
from toros.clock import MachineClock
from toros.config import config_hash, load_config
from toros.errors import ConfigurationError, DatabaseError, TorosError
from toros.files import Roots
from toros.log import configure_logging
from toros.network.context import Workshop
from toros.network.courier import Courier
from toros.network.engine import make_engine
from toros.network.every_desk import every_desk
from toros.network.front_desk import FrontDesk
from toros.network.listening import Listening
from toros.network.notify import Notifier
from toros.network.parent import end_with_supervisor
from toros.network.server import DeskServer, serve
from toros.network.service import Handler, Service
from toros.network.worker import Workers
from toros.store.database import Database, database_url
from toros.store.ledger import Ledger
from workorders import VOCABULARY, Receipt, Refusal, WorkOrder
from workorders.refusal import FaultCode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from toros.config import Config

__all__ = ["Daemon", "find_service", "lanes_of", "main", "run_daemon"]

GROUP = "toros.services"
DRAIN = 20.0  # seconds that running orders get to end when the daemon is told to stop
TIDY = 1.0  # seconds between two looks at leases and expiries
CHORES = 2.0  # seconds between two looks at what the clock has made due
ALIVE = 10.0  # seconds in which the writer must commit nothing at all, or it hangs
SAY = 10.0  # seconds between two words to the service manager where it sets no watchdog

log = logging.getLogger("toros.daemon")


def find_service(name: str) -> Service:
    """Return an installed service by its name, or `module:ATTRIBUTE` of one that is not installed.

    Raises
    ------
    ConfigurationError
        There is none.
    """
    if ":" in name:
        module, _, attribute = name.partition(":")
        found = getattr(importlib.import_module(module), attribute, None)
    else:
        known = {entry.name: entry for entry in importlib.metadata.entry_points(group=GROUP)}
        if name not in known:
            raise ConfigurationError(f"{name} is not a service; there are {', '.join(sorted(known))}")
        found = known[name].load()
    if not isinstance(found, Service):
        raise ConfigurationError(f"{name} is not a service")
    return found


def lanes_of(service: Service, workers: Mapping[str, int]) -> dict[str, int]:
    """Return the threads of each lane: one where an order of this desk needs it, as the service and the node say."""
    needed = {r.lane for r in VOCABULARY.values() if r.desk in ("every", service.name) and r.kind == "order"}
    return {**dict.fromkeys(sorted(needed), 1), **service.lanes, **workers}


def run_daemon(service: str, config: Config) -> int:
    """Run one daemon until it is told to stop, and return its exit status.

    Parameters
    ----------
    service : str
        An installed service, or `module:ATTRIBUTE` of one that is not.
    config : Config
        This node's configuration.
    """
    end_with_supervisor()
    try:
        found = find_service(service)
        configure_logging(config, found.name)
        logging.getLogger("alembic.runtime.plugins").setLevel(logging.WARNING)
        daemon = Daemon(found, config)
    except TorosError as error:
        print(f"{service} cannot start: {error}", file=sys.stderr)
        Notifier().say(STATUS=f"cannot start: {error}")
        return 1
    return daemon.run()


class Daemon:
    """A service put together.

    Parameters
    ----------
    service : Service
        Its requests, tables and lanes.
    config : Config
        This node's configuration.

    Raises
    ------
    TorosError
        It cannot start: a sentence that says what to do.
    """

    def __init__(self, service: Service, config: Config) -> None:
        self._notifier = Notifier()
        self._stop = threading.Event()
        self._served = threading.Event()
        self._database = Database(database_url(config, service.name), service=service.name)
        self._database.prepare(service.tables)
        try:
            self._database.quicken()
            self._put_together(service, config)
        except BaseException:
            self._database.close()
            raise

    def _put_together(self, service: Service, config: Config) -> None:
        self._shop = _workshop(service, config, self._database)
        self._chores = service.chores
        self._ahead = service.ahead if config.engine.ahead else None
        self._courier = Courier(self._shop.ledger, config)
        settings = config.services[service.name]  # type: ignore[index]
        lanes = lanes_of(service, settings.workers)
        self._listening = Listening(self._shop, service.listeners(config) if service.listeners else ())
        of_every_desk = every_desk(self._shop, lanes, self._courier.wake, self._listening.plain)
        handlers = {**of_every_desk, **service.handlers}
        self._workers = Workers(self._shop, handlers, lanes, self._courier.wake)
        served = _ServedOnly(self._shop.ledger, handlers, self._listening)
        self._desk = FrontDesk.of(
            config, service.name, served, answer=self._workers.answer,
            act=self._workers.act, pages=service.pages(config) if service.pages else (),
        )  # fmt: skip
        self._server: DeskServer = serve(self._desk, service.name, settings, config.security)
        recovered = self._shop.ledger.recover()
        if recovered:
            log.warning("%d orders were cut off when this daemon last ended: %s", len(recovered), ", ".join(recovered))

    def run(self) -> int:
        """Work until SIGTERM or SIGINT, drain, and return the exit status."""
        asked: SimpleQueue[None] = SimpleQueue()  # its put may be interrupted by itself; setting an event may not
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: asked.put(None))
        self._workers.start()
        self._courier.start()
        self._listening.start()
        if self._ahead is not None:
            self._shop.pool.make_ready(self._ahead, self._shop.config)
        threading.Thread(target=self._stop_when, args=(asked,), name="signals", daemon=True).start()
        works = (self._tidy, self._do_chores, self._watch, self._drain)
        threads = [threading.Thread(target=work, daemon=True) for work in works]
        for thread in threads:
            thread.start()
        self._server.run(self._ready)
        self._served.set()
        self._stop.set()
        threads[-1].join()
        self._close()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)  # who asks again now must not spoil the exit status
        return 0

    def _stop_when(self, asked: SimpleQueue[None]) -> None:
        asked.get()
        self._stop.set()

    def _ready(self) -> None:
        shop = self._shop
        log.info("%s %s is ready at %s (process %d, configuration %s)", shop.service, toros.__version__,
                 self._server.url, os.getpid(), config_hash(shop.config))  # fmt: skip
        self._notifier.say(READY=1, STATUS=f"at {self._server.url}", MAINPID=os.getpid())

    def _tidy(self) -> None:
        """Look after leases and expiries until the daemon stops."""
        while not self._stop.wait(TIDY):
            try:
                if self._workers.steady():
                    self._shop.ledger.tidy()
            except DatabaseError as error:
                log.error("cannot tidy: %s", error)
                self._stop.wait(5 * TIDY)
            except Exception:  # noqa: BLE001 - a defect here must not end the looking after leases
                log.exception("a defect while tidying")
                self._stop.wait(5 * TIDY)

    def _do_chores(self) -> None:
        """Give this daemon the orders that the clock has made due, until it stops."""
        chores = self._chores
        while chores is not None and not self._stop.wait(CHORES):
            now = self._shop.observatory_clock.now()
            try:
                for order in self._database.read(lambda session, now=now: chores(session, now)):  # type: ignore[misc]
                    self._shop.ledger.accept(order).result()
            except (DatabaseError, Refusal) as error:
                log.error("no chores: %s", error)
                self._stop.wait(5 * CHORES)
            except Exception:  # noqa: BLE001 - a defect here must not end the looking at the clock
                log.exception("a defect while looking at the clock")
                self._stop.wait(5 * CHORES)

    def _watch(self) -> None:
        """Tell the service manager that all is well, and nothing where it is not: it will start us again."""
        while not self._stop.wait(self._notifier.watchdog / 3 or SAY):
            trouble = self._trouble()
            if trouble:
                log.error("not well: %s", trouble)
                self._notifier.say(STATUS=f"not well: {trouble}")
            else:
                self._notifier.say(WATCHDOG=1, STATUS=self._status())

    def _trouble(self) -> str:
        """Return what is wrong with the daemon's threads, or nothing."""
        if not self._workers.well():
            return "a worker's thread died or the heart stopped"
        if not self._courier.well():
            return "the courier's thread died"
        if not self._listening.well():
            return "a listener's thread died"
        try:
            self._database.submit(lambda _session: None).result(ALIVE)
        except NotYet:
            return f"nothing could be written for {ALIVE:g} s"
        except DatabaseError as error:
            log.warning("the database: %s", error)  # away or full: the writer lives, and waits for it
        return ""

    def _status(self) -> str:
        running = self._workers.running()
        return f"at {self._server.url}, " + (f"working on {len(running)}" if running else "idle")

    def _drain(self) -> None:
        """Wait for the word to stop; then let running orders end, and end the serving."""
        self._stop.wait()
        log.info("stopping: running orders get %g s to end", DRAIN)
        self._notifier.say(STOPPING=1, STATUS="stopping: waiting for running orders")
        self._desk.draining = True
        self._listening.stop()
        unfinished = self._workers.drain(DRAIN)
        if unfinished:
            log.warning("given back unfinished: %s", ", ".join(unfinished))
        self._courier.stop()
        while not self._served.wait(0.1):
            self._server.stop()

    def _close(self) -> None:
        self._desk.close()
        self._shop.pool.close()
        self._database.close()
        log.info("stopped")


class _ServedOnly:
    """The ledger as the desk sees it: orders that no handler serves are refused before they are stored."""

    def __init__(self, ledger: Ledger, handlers: Mapping[str, Handler], listening: Listening) -> None:
        self._ledger = ledger
        self._handlers = handlers
        self._listening = listening

    def figures(self) -> dict[str, Any]:
        """Return the numbers of the ledger and of the listeners."""
        return {**self._ledger.figures(), **self._listening.figures()}

    def accept(self, order: WorkOrder) -> Future[Receipt]:
        """Store an order, or refuse it in so many words."""
        if order.request in self._handlers:
            return self._ledger.accept(order)
        refused: Future[Receipt] = Future()
        refused.set_exception(
            Refusal(FaultCode.NOT_SERVED, f"{order.request} is not served by this version of {self._ledger.service}",
                    field="request", value=order.request, allowed=", ".join(sorted(self._handlers)))
        )  # fmt: skip
        return refused


def _workshop(service: Service, config: Config, database: Database) -> Workshop:
    clock = MachineClock()
    sky = MachineClock()
    instance = config.services[service.name].name or service.name  # type: ignore[index]
    ledger = Ledger(
        database, service=service.name, instance=instance, settings=config.orders, clock=clock,
        recoverable=frozenset(name for name, handler in service.handlers.items() if handler.recover),
        forgetting=service.forgetting,
    )  # fmt: skip
    return Workshop(
        config=config, service=service.name, instance=instance,
        owner=f"{instance}@{socket.gethostname()}:{os.getpid()}", database=database, ledger=ledger,
        pool=make_engine(config.engine), files=Roots(config.files.roots, config.state), clock=clock,
        observatory_clock=sky, resources=service.resources(config, sky) if service.resources else None,
    )  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one daemon from the command line."""
    parser = argparse.ArgumentParser(prog="python -m toros.network.daemon", description="Run one daemon.")
    parser.add_argument("service", help="an installed service, or module:ATTRIBUTE of one that is not")
    parser.add_argument("--config", type=Path, help="the configuration file")
    chosen = parser.parse_args(arguments)
    try:
        config = load_config(chosen.config)
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return 1
    return run_daemon(chosen.service, config)


if __name__ == "__main__":
    sys.exit(main())
