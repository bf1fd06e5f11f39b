"""A desk to attack, and somebody who goes on using it meanwhile."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import pytest

from tests.attack.served import Served, serving
from toros.network.auth import new_identity


class Customer:
    """Asks the desk again and again, on a kept connection and on new ones, and notes how long each answer took."""

    def __init__(self, desk: Served, token: str | None) -> None:
        self._desk = desk
        self._token = token
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._ask)
        self._usual = 0.0
        self.seconds: list[float] = []
        self.errors: list[str] = []

    def __enter__(self) -> Customer:
        self._thread.start()
        self.wait(60)
        self._usual, self.seconds = max(self.seconds), []
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._enough.set()
        self._thread.join()

    def wait(self, answers: int = 10) -> None:
        """Wait until so many more answers have come."""
        wanted = len(self.seconds) + answers
        started = time.monotonic()
        while len(self.seconds) < wanted:
            assert time.monotonic() - started < 30, "the desk answers nobody any more"
            time.sleep(0.01)

    def was_served(self, answers: int = 100) -> None:
        """Check that all went well: 99 of 100 answers within 0.1 s, or what this machine needed before the attack."""
        self.wait(max(0, answers - len(self.seconds)))
        assert not self.errors
        p99 = statistics.quantiles(self.seconds, n=100)[98]
        assert p99 < max(0.1, 2 * self._usual), f"p99 {p99:.3f} s, {self._usual:.3f} s at most before the attack"

    def _ask(self) -> None:
        kept = self._desk.client(self._token)
        while not self._enough.wait(0.01):
            fresh = self._desk.client(self._token)
            for client in (kept, fresh):
                started = time.perf_counter()
                try:
                    client.front_desk({"request": "dome_status"})
                except Exception as error:  # noqa: BLE001 - counted, and the test fails over it
                    self.errors.append(repr(error))
                self.seconds.append(time.perf_counter() - started)
            fresh.close()
        kept.close()


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("guarded")


@pytest.fixture(scope="session")
def token(folder: Path) -> str:
    """The token of one who may ask everything."""
    return new_identity(folder / "identities.yaml", "friend")


@pytest.fixture(scope="session")
def desk(folder: Path, token: str) -> Iterator[Served]:
    """A desk with authentication, shared by all attacks: it has to survive every one of them."""
    with serving(folder) as served:
        yield served


@pytest.fixture
def customer(desk: Served, token: str) -> Iterator[Customer]:
    """Somebody who uses the desk while it is attacked."""
    with Customer(desk, token) as asking:
        yield asking


@pytest.fixture(autouse=True)
def _no_traceback(desk: Served) -> Iterator[None]:
    """Whatever an attack does, the desk must have expected it."""
    before = len(desk.log)
    yield
    assert "Traceback" not in desk.log[before:]
