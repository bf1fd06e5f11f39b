from __future__ import annotations

import pickle
import threading
import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.unit.observatory.cameras import CAMERA, START, exposure
from toros.clock import RehearsalClock
from toros.observatory.devices.simulator import SimulatedCamera, SimulatedDome


class HandClock:
    """A clock that somebody turns by hand."""

    def __init__(self) -> None:
        self.time = START

    def now(self) -> datetime:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


def camera(rate: float = 100.0) -> SimulatedCamera:
    return SimulatedCamera(CAMERA, RehearsalClock(START, 1.0), rate=rate, seed=1)


def test_an_exposure_passes_faster_than_time() -> None:
    device = camera()
    began = time.monotonic()
    start = device.start(30.0)
    assert device.elapsed() < 0.5
    while device.elapsed() < 1.0:
        device.wait(1.0)
    assert time.monotonic() - began == pytest.approx(0.3, abs=0.15)
    assert (device.now() - start).total_seconds() >= 30.0


def test_exposures_follow_one_another_in_the_cameras_time() -> None:
    device, starts = camera(1e5), []
    for _ in range(3):
        starts.append(device.start(60.0))
        while device.elapsed() < 1.0:
            device.wait(1.0)
        device.wait(0.0)
    gaps = [(later - earlier).total_seconds() for earlier, later in zip(starts, starts[1:], strict=False)]
    assert all(60.0 <= gap < 61.0 for gap in gaps)


def test_after_a_pause_the_clock_has_caught_up(clock: HandClock) -> None:
    device = SimulatedCamera(CAMERA, clock, rate=1e6, seed=1)
    device.start(60.0)
    time.sleep(0.01)
    device.wait(1.0)
    clock.time = START + timedelta(hours=1)
    assert device.start(0.0) == START + timedelta(hours=1)


def test_abort_wakes_who_waits() -> None:
    device = camera(rate=1.0)
    device.start(3600.0)
    waiter = threading.Thread(target=device.wait, args=(60.0,))
    waiter.start()
    time.sleep(0.05)
    device.abort()
    waiter.join(1.0)
    assert not waiter.is_alive()
    assert device.elapsed() == 1.0


def test_nothing_is_under_way_at_first() -> None:
    device = camera()
    device.wait(10.0)
    assert device.elapsed() == 1.0


def test_a_bias_is_over_at_once() -> None:
    device = camera()
    device.start(0.0)
    assert device.elapsed() == 1.0


def test_what_makes_the_pixels_travels_to_a_child_process() -> None:
    make = camera().pixels(exposure())
    assert len(pickle.dumps(make)) < 2000
    assert (pickle.loads(pickle.dumps(make))() == make()).all()


def test_a_new_dome_is_closed_and_parked(clock: HandClock, tmp_path: Path) -> None:
    reading = SimulatedDome(clock, tmp_path / "dome.json").read()
    assert (reading.shutter, reading.position, reading.parked) == ("closed", 0.0, True)


def test_the_shutter_needs_five_seconds(clock: HandClock, tmp_path: Path) -> None:
    dome = SimulatedDome(clock, tmp_path / "dome.json")
    dome.open()
    for seconds, shutter, position in ((0, "opening", 0.0), (2, "opening", 0.4), (3, "open", 1.0), (60, "open", 1.0)):
        clock.sleep(seconds)
        reading = dome.read()
        assert (reading.shutter, reading.position) == (shutter, pytest.approx(position))
    dome.close()
    clock.sleep(1)
    assert dome.read().shutter == "closing"
    assert dome.read().position == pytest.approx(0.8)
    assert not dome.read().parked
    clock.sleep(4)
    assert dome.read().shutter == "closed"


def test_what_is_told_last_wins(clock: HandClock, tmp_path: Path) -> None:
    dome = SimulatedDome(clock, tmp_path / "dome.json")
    dome.open()
    clock.sleep(2)
    dome.close()
    clock.sleep(1)
    assert dome.read().position == pytest.approx(0.2)
    dome.stop()
    clock.sleep(100)
    assert (dome.read().shutter, dome.read().position) == ("stopped", pytest.approx(0.2))
    dome.park()
    clock.sleep(2)
    assert dome.read().parked


def test_metal_has_a_memory(clock: HandClock, tmp_path: Path) -> None:
    """A daemon that dies while the shutter opens finds it where it is, and moving."""
    SimulatedDome(clock, tmp_path / "dome.json").open()
    clock.sleep(2)
    dome = SimulatedDome(clock, tmp_path / "dome.json")
    assert (dome.read().shutter, dome.read().position) == ("opening", pytest.approx(0.4))
    clock.sleep(3)
    assert SimulatedDome(clock, tmp_path / "dome.json").read().shutter == "open"


def test_a_clock_that_was_set_back_neither_jams_nor_jumps(clock: HandClock, tmp_path: Path) -> None:
    SimulatedDome(clock, tmp_path / "dome.json").open()
    clock.time -= timedelta(hours=1)
    dome = SimulatedDome(clock, tmp_path / "dome.json")
    assert dome.read().position == 0.0
    clock.sleep(5)
    assert dome.read().shutter == "open"


@pytest.mark.parametrize("memory", ["", "no json", "{}", '{"shutter": {"origin": 1}, "turning": {}}', "[1]"])
def test_a_dome_of_unknown_position_counts_as_open(clock: HandClock, tmp_path: Path, memory: str) -> None:
    (tmp_path / "dome.json").write_text(memory)
    dome = SimulatedDome(clock, tmp_path / "dome.json")
    assert dome.read().shutter == "open"
    dome.close()
    clock.sleep(5)
    assert dome.read().shutter == "closed"


def test_the_dome_moves_although_its_memory_cannot_be_written(clock: HandClock, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    dome = SimulatedDome(clock, tmp_path / "file" / "dome.json")
    dome.open()
    clock.sleep(5)
    assert dome.read().shutter == "open"
