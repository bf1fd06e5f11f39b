"""Frames of one kind and state make a master; those that would spoil it are left out, and it is said which and why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.support.mosaic_camera import MosaicCamera
from tests.unit.reduction import made_frames as made
from toros.reduction.cameras.camera import Camera, load_cameras
from toros.reduction.dialect import Description
from toros.reduction.folder import Reduced, reduce_folder
from toros.reduction.inventory import Seen
from toros.reduction.piles import groups


def spoilt(folder: Path, file: str, change: NDArray[Any]) -> Path:
    """Write a night of which one file is another than it should be."""
    made.write_night(folder, lights=1)
    with fits.open(folder / file, mode="update") as hdus:
        hdus[0].data = np.clip(hdus[0].data + change, 0, 65535).astype(np.uint16)
    return folder


def side_light() -> NDArray[Any]:
    light = np.zeros(made.SHAPE)
    light[:30, :40] = 200
    return light


def trail() -> NDArray[Any]:
    light = np.zeros(made.SHAPE)
    light[20:24] = 15000
    return light


def inputs_of(night: Reduced, kind: str) -> list[str]:
    (master,) = [p for p in night.masters if p.kind == f"master_{kind}"]
    assert master.recipe is not None
    return [Path(item.name).name for item in master.recipe.frames]


@pytest.mark.parametrize(
    ("kind", "change", "why"),
    [
        ("bias", np.full(made.SHAPE, 300), "it saw light"),
        ("bias", side_light(), "lower left quarter"),
        ("dark", side_light(), "light from a side"),
        ("flat", trail(), "stars or a trail are on it"),
        ("flat", -18500 * made.vignette(), "it is underexposed"),
    ],
)
def test_a_frame_that_would_spoil_its_master_is_left_out(
    kind: str, change: NDArray[Any], why: str, tmp_path: Path
) -> None:
    raw = spoilt(tmp_path / "raw", f"{kind}-002.fits", change)
    night = reduce_folder(raw, tmp_path / "out")
    (aside,) = night.unusable
    assert aside.file == f"{kind}-002.fits"
    assert aside.reason.startswith(f"was left out of the master {kind}: ")
    assert why in aside.reason
    assert inputs_of(night, kind) == [f"{kind}-00{n}.fits" for n in (0, 1, 3, 4)]
    (master,) = [p for p in night.masters if p.kind == f"master_{kind}"]
    said = f"{aside.file} {aside.reason}"
    assert said in master.marks
    header = fits.getheader(master.made.path)
    assert said in [value for key, value in header.items() if key.startswith("TMARK")]
    assert header["NCOMBINE"] == 4
    assert len(night.lights) == 1


def test_good_frames_all_stay(tmp_path: Path) -> None:
    night = reduce_folder(made.write_night(tmp_path / "raw"), tmp_path / "out")
    assert night.unusable == []
    assert [len(inputs_of(night, kind)) for kind in ("bias", "dark", "flat")] == [5, 5, 5]


def test_a_level_that_wanders_is_no_matter_where_the_overscan_takes_it_out(tmp_path: Path) -> None:
    camera = MosaicCamera(rows=60, columns=60, over=24)
    cameras = load_cameras(camera.write_camera(tmp_path / "cameras"))
    raw = camera.write_night(tmp_path / "raw", {"bias": (0.0, 7), "flat": (5.0, 5)})
    with fits.open(raw / "bias-003.fits", mode="update") as hdus:
        hdus[0].data += 40
    night = reduce_folder(raw, tmp_path / "out", cameras=cameras)
    assert night.unusable == []
    with fits.open(raw / "bias-004.fits", mode="update") as hdus:
        hdus[0].data[:60, :60] += 40  # of one amplifier, but not of its overscan
        hdus[0].data[:60, 84:144] += 40
        hdus[0].data[:60, 168:228] += 40
    (aside,) = reduce_folder(raw, tmp_path / "again", cameras=cameras).unusable
    assert aside.file == "bias-004.fits"


def seen_as(name: str = "a.fits", **what: Any) -> Seen:
    return Seen(f"raw:{name}", f"/{name}", "0", 1, name, (10, 10), 1000.0, 0.0, Description("dark", **what))


@pytest.mark.parametrize(
    "other",
    [{"readout_mode": "fast"}, {"binning": (2, 2)}, {"camera": "b"}, {"gain": 2.0}, {"temperature": -5.0},
     {"settings": Camera("b")}, {"exposure_time": 30.0}, {"illumination": "sky"}, {"temperature": None}],
)  # fmt: skip
def test_frames_that_differ_are_not_combined(other: dict[str, Any]) -> None:
    common = {"camera": "a", "temperature": -20.0, "exposure_time": 60.0, "gain": 1.0, "readout_mode": "slow"}
    found = groups([seen_as(**common), seen_as(**{**common, **other}), seen_as(**common)], by_exposure=True)
    assert [len(group) for group in found] == [2, 1]


def test_temperatures_and_exposures_that_only_tremble_are_combined() -> None:
    camera = Camera(temperature_tolerance=0.5)
    frames = [
        seen_as(str(n), temperature=-20 + 0.1 * (n % 5), exposure_time=60 + 0.05 * (n % 3), settings=camera)
        for n in range(12)
    ]
    assert groups(frames, by_exposure=True) == [frames]
    warm = seen_as("warm", temperature=-19.4, exposure_time=60.0, settings=camera)
    assert groups([warm, *frames], by_exposure=True) == [[warm], frames]


@given(st.lists(st.floats(-40, 20) | st.none(), max_size=30), st.floats(0, 5))
def test_no_group_spans_more_than_the_tolerance(temperatures: list[float | None], tolerance: float) -> None:
    camera = Camera(temperature_tolerance=tolerance)
    frames = [seen_as(str(n), temperature=t, settings=camera) for n, t in enumerate(temperatures)]
    found = groups(frames)
    assert sorted(s.name for group in found for s in group) == sorted(s.name for s in frames)
    for group in found:
        known = [s.frame.temperature for s in group if s.frame.temperature is not None]
        assert len(known) in (0, len(group))
        assert not known or max(known) - min(known) <= tolerance
        assert group == [s for s in frames if s in group], "the order is kept"
