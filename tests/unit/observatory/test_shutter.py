from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.observatory.cameras import START
from toros.clock import RehearsalClock
from toros.errors import Permanent
from toros.observatory import shutter
from toros.observatory.devices.base import DomeReading
from toros.observatory.devices.simulator import SimulatedDome
from toros.observatory.shutter import bring_to_park, bring_to_rest_closed, bring_to_rest_open, words


class StuckDome(SimulatedDome):
    """A dome whose shutter says that it moves and stays where it is."""

    def read(self) -> DomeReading:
        return DomeReading("closing", 0.7, 0.0, False)


class Listener:
    def __init__(self) -> None:
        self.heard: list[tuple[float, str]] = []

    def __call__(self, part: float, what: str) -> None:
        self.heard.append((part, what))


@pytest.fixture
def dome(tmp_path: Path) -> SimulatedDome:
    return SimulatedDome(RehearsalClock(START, 10.0), tmp_path / "dome.json")


def test_opening_and_closing_are_watched_to_their_end(dome: SimulatedDome) -> None:
    listener = Listener()
    assert bring_to_rest_open(dome, listener).shutter == "open"
    assert bring_to_rest_closed(dome, listener).shutter == "closed"
    parts = [part for part, _ in listener.heard]
    assert all(0 <= part <= 1 for part in parts)
    assert any("opening" in what for _, what in listener.heard)
    assert any("% open" in what for _, what in listener.heard)


def test_parking_ends_closed_and_parked(dome: SimulatedDome) -> None:
    bring_to_rest_open(dome, Listener())
    assert bring_to_park(dome, Listener()).parked


def test_closing_what_is_closed_is_still_commanded(dome: SimulatedDome, monkeypatch: pytest.MonkeyPatch) -> None:
    """Roofs have stayed open in the rain because a cached state said closed."""
    commanded: list[str] = []
    monkeypatch.setattr(dome, "close", lambda: commanded.append("close"))
    bring_to_rest_closed(dome, Listener())
    assert commanded == ["close"]


def test_a_shutter_that_does_not_arrive_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutter, "PATIENCE", 0.3)
    with pytest.raises(Permanent, match=r"after 0.3 s .* closing, 70 % open"):
        bring_to_rest_closed(StuckDome(RehearsalClock(START, 10.0), tmp_path / "d"), Listener())


def test_a_shutter_that_is_stopped_meanwhile_is_told(dome: SimulatedDome) -> None:
    with pytest.raises(Permanent, match="told otherwise meanwhile: its shutter is stopped"):
        bring_to_rest_open(dome, lambda part, what: dome.stop() if part > 0.3 else None)


def test_words() -> None:
    assert words(DomeReading("open", 1.0, 0.0, False)) == "open"
    assert words(DomeReading("stopped", 0.4, 0.0, False)) == "stopped, 40 % open"
