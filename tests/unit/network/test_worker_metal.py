"""What moves hardware is never done twice by itself: a crash, a failure and a missing ledger are looked at first."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.daemons import eventually
from tests.support.workshop import Bench, bench
from toros.errors import DatabaseError, Temporary
from toros.network.service import Handler, Outcome
from workorders.observing import CloseDome, Observation

QUICK = {"tries": 3, "first_delay": 0.02, "longest_delay": 0.05, "lease": 1.5}


class TestWhatMovesMetal:
    """Requests that may never be repeated by themselves."""

    @pytest.fixture
    def dome(self, tmp_path: Path) -> Iterator[Bench]:
        with bench(tmp_path, "telescope", recoverable=("close_dome",), orders=QUICK) as made:
            yield made

    def test_it_is_asked_after_a_crash(self, dome: Bench) -> None:
        order = CloseDome(id="close-1", expires=_in_minutes())
        dome.send(order)
        dome.ledger.claim("safety", "telescope@here:0")
        dome.ledger.recover()
        handler = Handler(lambda o, c: Outcome({"moved": True}), recover=lambda o, c: Outcome({"asked": True}))
        dome.work({"close_dome": handler}, {"safety": 1})
        assert dome.ended("close-1", "done")["result"] == {"asked": True}

    def test_a_failure_nobody_expected_is_not_repeated(self, dome: Bench) -> None:
        def fail(order: Observation, context: Any) -> Outcome:
            raise OSError("the mount does not answer")

        dome.work({"observation": Handler(fail)}, {"camera": 1})
        order = dome.send(Observation(ra=1.0, dec=2.0))
        assert dome.ended(order, "buried")["attempts"] == 1

    def test_a_failure_its_handler_calls_temporary_is(self, dome: Bench) -> None:
        def cloudy(order: Observation, context: Any) -> Outcome:
            if context.attempt == 1:
                raise Temporary("a cloud")
            return Outcome()

        dome.work({"observation": Handler(cloudy)}, {"camera": 1})
        assert dome.ended(dome.send(Observation(ra=1.0, dec=2.0)), "done")["attempts"] == 2

    def test_a_drain_leaves_it_as_a_crash_does(self, dome: Bench) -> None:
        dome.work({"observation": Handler(lambda o, c: time.sleep(1.5) or Outcome())}, {"camera": 1})
        order = dome.send(Observation(ra=1.0, dec=2.0))
        dome.ended(order, "running")
        assert dome.workers is not None
        assert dome.workers.drain(0.1) == [order]
        assert dome.ledger.status(order)["state"] == "running"
        assert dome.ledger.recover() == [order]
        assert dome.ledger.status(order)["state"] == "buried"

    def test_what_was_done_without_the_ledger_is_not_done_again(self, dome: Bench) -> None:
        moved: list[str] = []

        def close(order: CloseDome, context: Any) -> Outcome:
            context.progress(0.5, "closing")
            moved.append(order.id)
            return Outcome({"dome": "closed"})

        workers = dome.work({"close_dome": Handler(close)}, {"safety": 1})
        order = CloseDome(id="close-2", expires=_in_minutes())
        assert workers.act(order) == {"dome": "closed"}
        dome.send(order)  # the ledger could write after all, only late
        assert dome.ended("close-2", "done")["result"] == {"dome": "closed"}
        assert moved == ["close-2"]

    def test_it_is_done_although_it_cannot_be_claimed(self, dome: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        """Accepted, then the disk fills up: the dome closes now, and the ledger hears of it when it can."""
        moved: list[str] = []
        claim, full = dome.ledger.claim, threading.Event()
        full.set()

        def unwritable(lane: str, owner: str) -> Any:
            if full.is_set():
                raise DatabaseError("the disk is full")
            return claim(lane, owner)

        monkeypatch.setattr(dome.ledger, "claim", unwritable)
        for number in (1, 2):
            dome.send(CloseDome(id=f"close-{number}", expires=_in_minutes()))
        dome.work(
            {"close_dome": Handler(lambda o, c: moved.append(o.id) or Outcome({"dome": "closed"}))}, {"safety": 1}
        )
        eventually(lambda: moved == ["close-1", "close-2"], 3, 0.01)
        full.clear()
        assert dome.ended("close-2", "done")["result"] == {"dome": "closed"}
        assert moved == ["close-1", "close-2"]


def _in_minutes() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + 120))
