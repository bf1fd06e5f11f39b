"""Frames that would spoil a master are left out of it; the report and the master's header say which and why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from numpy.typing import NDArray

from tests.support.mosaic_camera import MosaicCamera
from tests.unit.reduction import made_frames as made
from toros.reduction.cameras.camera import load_cameras
from toros.reduction.folder import Reduced, reduce_folder


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
