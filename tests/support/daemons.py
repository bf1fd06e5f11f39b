"""Real daemons for tests: processes of their own, in a temporary folder, on free ports.

>>> network = Network(tmp_path, services={"preprocessor": "tests.support.failing:PREPROCESSOR"})
>>> with network:
...     network["preprocessor"].submit("calibrate_file_batch", file_location="raw:plain")
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
import xmlrpc.client
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import yaml

from tests.support.nursery import Child, nursery
from tests.support.prepared import empty_url
from toros.cli.ports import free_ports
from toros.config import Config, load_config
from workorders.envelope import new_id

__all__ = ["Daemon", "Network", "eventually", "free_port", "once_in_window"]

REPOSITORY = Path(__file__).parents[2]
NAMES = ("alert_robot", "telescope", "preprocessor", "harvester", "data_manager", "portal")
FINISHED = ("done", "buried", "cancelled", "expired")


def free_port() -> int:
    """Return a TCP port that nobody listens on now."""
    return free_ports(1)[0]


def eventually(condition: Callable[[], Any], seconds: float = 15.0, every: float = 0.05) -> Any:
    """Return the first true value of `condition`; fail where there is none within so many seconds."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s; last value: {value!r}")
        time.sleep(every)


class Network:
    """Daemons that know one another by address only, from one configuration file.

    Parameters
    ----------
    folder : Path
        For the configuration and everything that daemons write.
    services : sequence or mapping
        Which daemons; a mapping gives `module:ATTRIBUTE` of services that are not installed.
    settings : mapping, optional
        More of the configuration, such as {"orders": {"tries": 2}}.
    environment : mapping, optional
        For every daemon.
    start : bool
        Start all of them when the `with` block begins; all are killed at its end in any case.
    forked : bool
        Start them from the nursery, which is soon. Whoever measures them says False: they are started by their command.
    """

    def __init__(
        self,
        folder: Path,
        services: Sequence[str] | Mapping[str, str] = NAMES,
        settings: Mapping[str, Any] | None = None,
        environment: Mapping[str, str] | None = None,
        *,
        start: bool = True,
        forked: bool = True,
    ) -> None:
        self.folder = folder
        self.forked = forked
        self._start = start
        self.environment = dict(environment or {})
        self.file = folder / "toros.conf.yaml"
        self.services = dict(services) if isinstance(services, Mapping) else {name: name for name in services}
        self.written: dict[str, Any] = {
            "state": str(folder / "state"),
            "services": {name: {"port": port} for name, port in zip(NAMES, free_ports(len(NAMES)), strict=True)},
            "logging": {"file": "logs/{service}.log"},
            "engine": {"ahead": False},  # most tests have no alert that would be the sooner for it
        }
        url = empty_url()
        _merge(self.written, {"database": {"url": url}} if url else {})
        _merge(self.written, settings or {})
        self.write()
        self.daemons = {name: Daemon(self, name, entry) for name, entry in self.services.items()}

    def write(self) -> None:
        """Write the configuration file again, after `written` was changed."""
        self.file.write_text(yaml.safe_dump(self.written))

    @property
    def config(self) -> Config:
        """The configuration as the daemons read it."""
        return load_config(self.file)

    def __getitem__(self, name: str) -> Daemon:
        return self.daemons[name]

    def __enter__(self) -> Network:
        try:
            if self._start:
                self.start()
        except BaseException as error:
            self.__exit__(type(error), error, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for daemon in self.daemons.values():
            daemon.kill()
        if kind is not None:
            for daemon in self.daemons.values():
                print(f"--- {daemon.name}\n{daemon.output()[-4000:]}")

    def start(self) -> None:
        """Start every daemon that does not run, and wait until all of them answer."""
        for daemon in self.daemons.values():
            if not daemon.alive:
                daemon.launch()
        for daemon in self.daemons.values():
            daemon.wait_until_healthy()

    def tree(self, root: str) -> list[dict[str, Any]]:
        """Return every order below `root`, from all desks."""
        return [order for d in self.daemons.values() for order in d.ask("list_orders", root=root)["orders"]]


class Daemon:
    """One daemon process.

    Parameters
    ----------
    network : Network
        Whose configuration it reads.
    name : str
        The service.
    entry : str
        An installed service, or `module:ATTRIBUTE`.
    """

    def __init__(self, network: Network, name: str, entry: str) -> None:
        self.network = network
        self.name = name
        self.entry = entry
        self.process: Child | subprocess.Popen[bytes] | None = None
        self.environment: dict[str, str] = {}

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.network.written["services"][self.name]["port"])

    @property
    def url(self) -> str:
        """Its desk."""
        return f"http://127.0.0.1:{self.port}/RPC2"

    @property
    def pid(self) -> int:
        """The process's number."""
        assert self.process is not None
        return self.process.pid

    @property
    def alive(self) -> bool:
        """True while the process runs."""
        return self.process is not None and self.process.poll() is None

    @property
    def database(self) -> Path:
        """Its SQLite file."""
        return Path(self.network.written["state"]) / f"{self.name}.sqlite"

    def start(self, **environment: str) -> Daemon:
        """Start the process and wait until it answers."""
        self.launch(**environment)
        self.wait_until_healthy()
        return self

    def launch(self, **environment: str) -> None:
        """Start the process in a group of its own, and return at once."""
        assert not self.alive, f"{self.name} runs already"
        surroundings = {**os.environ, **self.network.environment, **self.environment, **environment}
        path = os.pathsep.join([str(REPOSITORY), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
        arguments = [self.entry, "--config", str(self.network.file)]
        surroundings["PYTHONPATH"] = path
        if self.network.forked:
            self.process = nursery().start(arguments, self.network.folder, surroundings, self._log)
            return
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "toros.network.daemon", *arguments], cwd=self.network.folder, env=surroundings,
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip

    def wait_until_healthy(self, seconds: float = 20.0) -> None:
        """Wait until /healthz answers; fail with what the daemon said where it ended."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not self.alive:
                raise AssertionError(f"{self.name} ended at its start:\n{self.output()[-4000:]}")
            address = f"http://127.0.0.1:{self.port}/healthz"
            with suppress(OSError), urllib.request.urlopen(address, timeout=2) as answer:
                if answer.status == 200:
                    return
            time.sleep(0.02)
        raise AssertionError(f"{self.name} is not healthy after {seconds:g} s:\n{self.output()[-4000:]}")

    def kill(self) -> None:
        """Kill the process as a power cut would; its children end by themselves."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                self.process.kill()
            self.process.wait()

    def stop(self, seconds: float = 30.0) -> int:
        """Ask the process to drain, and return its exit status."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def restart(self, **environment: str) -> Daemon:
        """Kill and start."""
        self.kill()
        return self.start(**environment)

    def front_desk(self, fields: Mapping[str, Any], timeout: float = 15.0) -> dict[str, Any]:
        """Send one order or question with the standard library's own client."""
        with xmlrpc.client.ServerProxy(self.url, transport=_Timed(timeout)) as proxy:
            answer: Any = proxy.front_desk(dict(fields))
        return dict(answer)

    def ask(self, request: str, **fields: Any) -> dict[str, Any]:
        """Ask a question."""
        return self.front_desk({"request": request, **fields})

    def submit(self, request: str, **fields: Any) -> str:
        """Send an order and return its id, which has a receipt."""
        order = {"id": new_id(), "request": request, **fields}
        assert self.front_desk(order)["status"] == "accepted"
        return str(order["id"])

    def status(self, order_id: str) -> dict[str, Any]:
        """Return an order's status."""
        return self.ask("status", order_id=order_id)

    def wait_for(self, order_id: str, *states: str, seconds: float = 15.0) -> dict[str, Any]:
        """Wait until an order is in one of these states (finished by default), and return its status."""
        wanted = states or FINISHED

        def reached() -> dict[str, Any] | None:
            try:
                status = self.status(order_id)
            except xmlrpc.client.Fault:
                return None
            return status if status["state"] in wanted else None

        return eventually(reached, seconds)  # type: ignore[no-any-return]

    def counts(self) -> dict[str, int]:
        """Return how many orders are in each state."""
        return dict(self.ask("status")["counts"])

    def output(self) -> str:
        """Return what the daemon wrote."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    @property
    def _log(self) -> Path:
        return self.network.folder / f"{self.name}.out"


class _Timed(xmlrpc.client.Transport):
    """The standard transport, with a time limit."""

    def __init__(self, timeout: float) -> None:
        super().__init__()
        self._timeout = timeout

    def make_connection(self, host: Any) -> Any:
        connection = super().make_connection(host)
        connection.timeout = self._timeout
        return connection


@contextmanager
def once_in_window(daemon: Daemon, name: str, passes: int = 1) -> Iterator[Callable[[], None]]:
    """Start a daemon that stops in a window; give a function that waits until it is there and kills it.

    The daemon's service must have installed `tests.support.windows`.
    """
    note = daemon.network.folder / f"{daemon.name}-{name}-{time.monotonic_ns()}"
    daemon.start(TOROS_FAULT_POINT=f"{name}:{passes}", TOROS_FAULT_FILE=str(note))

    def kill() -> None:
        eventually(lambda: note.exists() and note.read_text().split() == [name, str(daemon.pid)], 20.0, 0.005)
        assert daemon.alive
        daemon.kill()

    yield kill
    daemon.kill()


def _merge(base: dict[str, Any], more: Mapping[str, Any]) -> None:
    for name, value in more.items():
        if isinstance(value, Mapping) and isinstance(base.get(name), dict):
            _merge(base[name], value)
        else:
            base[name] = value
