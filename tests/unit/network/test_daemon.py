"""How a daemon is put together; that it runs is shown in tests/network and tests/fault."""

from __future__ import annotations

import threading
import time

import pytest

from toros.errors import ConfigurationError, LeaseLost
from toros.network.context import Attempt
from toros.network.daemon import find_service, lanes_of, main
from toros.network.heart import Heart
from toros.network.service import Service


def test_every_lane_that_an_order_needs_has_a_thread() -> None:
    assert lanes_of(Service("telescope", lanes={"camera": 2}), {}) == {
        "camera": 2, "desk": 1, "safety": 1, "targets": 1,
    }  # fmt: skip
    assert lanes_of(Service("preprocessor"), {"work": 4}) == {"desk": 1, "work": 4}
    assert lanes_of(Service("portal", lanes={}), {}) == {"desk": 1}


def test_services_are_found_by_name_or_by_place() -> None:
    assert find_service("harvester").name == "harvester"
    assert find_service("services.harvester:SERVICE").name == "harvester"
    with pytest.raises(ConfigurationError, match="there are alert_robot, data_manager"):
        find_service("weather")
    with pytest.raises(ConfigurationError, match="is not a service"):
        find_service("services.harvester:__doc__")


def test_a_configuration_that_cannot_be_read_ends_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["harvester", "--config", "/nowhere/toros.conf.yaml"]) == 1
    assert "no such configuration file" in capsys.readouterr().err


class Ledger:
    """Counts beats."""

    def __init__(self) -> None:
        self.beats = 0
        self.verdict = "ours"

    def beat(self, claim: object, fraction: float | None = None, message: str | None = None) -> str:
        self.beats += 1
        return self.verdict


class Claim:
    id = "x"


def test_the_heart_beats_while_something_runs_and_rests_otherwise() -> None:
    ledger, heart = Ledger(), Heart(0.1)
    heart.start()
    time.sleep(0.3)
    assert ledger.beats == 0
    attempt = Attempt(Claim(), ledger)  # type: ignore[arg-type]
    with heart.beating(attempt):
        assert heart.running() == [attempt]
        time.sleep(0.55)
        assert 3 <= ledger.beats <= 7
        ledger.verdict = "lost"
        heart.at_once()
        deadline = time.monotonic() + 1
        while attempt.ended() is None and time.monotonic() < deadline:
            time.sleep(0.005)
        assert isinstance(attempt.ended(), LeaseLost)
    seen = ledger.beats
    time.sleep(0.3)
    assert ledger.beats == seen
    assert heart.well()
    heart.stop()
    assert not heart.well()


def test_short_orders_cost_no_heartbeat() -> None:
    ledger, heart = Ledger(), Heart(0.2)
    heart.start()
    for _ in range(20):
        with heart.beating(Attempt(Claim(), ledger)):  # type: ignore[arg-type]
            threading.Event().wait(0.005)
    heart.stop()
    assert ledger.beats == 0
