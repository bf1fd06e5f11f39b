from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.observatory.cameras import START
from toros.clock import RehearsalClock
from toros.config import CameraSettings, Config
from toros.errors import ChildDied, Permanent, Temporary
from toros.observatory.batch import BatchPlan, take_batch
from toros.observatory.telescope import Telescope, simulated_telescope

PLAN = BatchPlan("order-1", 60.0, -24.0, seconds=60.0, lights=2, calibrations=1, filter="r", target="NGC1365")


@pytest.fixture
def telescope(tmp_path: Path) -> Telescope:
    camera = CameraSettings(rows=32, columns=40, clock_rate=6000.0)
    return simulated_telescope(Config(state=tmp_path, camera=camera), RehearsalClock(START, 1.0))


def here(function: Callable[..., int], /, *arguments: Any) -> int:
    return function(*arguments)


def silently(part: float, what: str) -> None:
    assert 0 <= part <= 1
    assert what


def test_lights_come_first_and_darks_are_as_long_as_lights() -> None:
    frames = [(frame.file_name, frame.seconds) for frame in PLAN.frames()]
    assert frames == [
        ("light-001.fits", 60.0), ("light-002.fits", 60.0), ("flat-001.fits", 5.0), ("dark-001.fits", 60.0),
        ("bias-001.fits", 0.0),
    ]  # fmt: skip


def test_all_frames_are_written_and_found_again(telescope: Telescope, tmp_path: Path) -> None:
    assert take_batch(PLAN, telescope, tmp_path / "b", run=here, tell=silently) == 0
    assert sorted(path.name for path in (tmp_path / "b").iterdir()) == sorted(f.file_name for f in PLAN.frames())
    (tmp_path / "b" / "dark-001.fits").rename(
        tmp_path / "b" / ".dark-001.fits.99.1.tmp"
    )  # as a killed writer leaves it
    assert take_batch(PLAN, telescope, tmp_path / "b", run=here, tell=silently) == 4
    assert len(list((tmp_path / "b").iterdir())) == 5


def test_nothing_but_lights_where_nothing_else_is_wanted(telescope: Telescope, tmp_path: Path) -> None:
    plan = BatchPlan("order-1", 60.0, -24.0, seconds=0.0, lights=1, calibrations=0, filter="r")
    take_batch(plan, telescope, tmp_path / "b", run=here, tell=silently)
    assert [path.name for path in (tmp_path / "b").iterdir()] == ["light-001.fits"]


@pytest.mark.parametrize("error", [ChildDied("out of memory"), OSError(28, "No space left on device")])
def test_a_frame_that_cannot_be_written_may_be_taken_again(
    telescope: Telescope, tmp_path: Path, error: Exception
) -> None:
    def failing(function: Callable[..., int], /, *arguments: Any) -> int:
        raise error

    with pytest.raises(Temporary, match="light-001.fits"):
        take_batch(PLAN, telescope, tmp_path / "b", run=failing, tell=silently)
    assert take_batch(PLAN, telescope, tmp_path / "b", run=here, tell=silently) == 0


@pytest.mark.parametrize("moment", ["exposing", "writing"])
def test_an_abort_ends_the_batch_whenever_it_comes(telescope: Telescope, tmp_path: Path, moment: str) -> None:
    def tell(part: float, what: str) -> None:
        if what.startswith("light 2") and moment in what:
            telescope.abort("somebody")

    with pytest.raises(Permanent, match="aborted by somebody"):
        take_batch(PLAN, telescope, tmp_path / "b", run=here, tell=tell)
    kept = [path.name for path in (tmp_path / "b").iterdir()]
    assert "light-001.fits" in kept
    assert len(kept) == (1 if moment == "exposing" else 2)


def test_what_the_listener_raises_ends_the_exposure(telescope: Telescope, tmp_path: Path) -> None:
    def tell(part: float, what: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        take_batch(PLAN, telescope, tmp_path / "b", run=here, tell=tell)
    assert telescope.camera.elapsed() == 1.0
