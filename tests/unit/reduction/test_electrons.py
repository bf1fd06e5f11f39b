"""Masters of a camera of many amplifiers are in electrons, say so, and are used for frames in electrons only."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from tests.support.mosaic_camera import MosaicCamera
from tests.unit.reduction import made_frames as made
from toros.reduction.cameras.camera import load_cameras
from toros.reduction.folder import Reduced, reduce_folder

FRAMES = {"bias": (0.0, 5), "dark": (60.0, 5), "flat": (5.0, 5), "light": (30.0, 1)}


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Reduced]:
    """Return the folder of a night, with its cameras, and what became of it."""
    folder = tmp_path_factory.mktemp("electrons")
    camera = MosaicCamera(rows=60, columns=60, over=24)
    cameras = load_cameras(camera.write_camera(folder / "cameras"))
    raw = camera.write_night(folder / "raw", FRAMES)
    return folder, reduce_folder(raw, folder / "out", cameras=cameras)


def later_night(folder: Path, to: Path) -> Path:
    """Return a folder of the light, and of the masters as somebody may hand them on."""
    to.mkdir()
    shutil.copy(folder / "raw/light-000.fits", to)
    for path in (folder / "out/masters").glob("*.fits"):
        shutil.copy(path, to)
    return to


def test_masters_say_that_they_are_in_electrons(night: tuple[Path, Reduced]) -> None:
    _, reduced = night
    headers = {p.kind.removeprefix("master_"): fits.getheader(p.made.path) for p in reduced.masters}
    assert {kind: header.get("BUNIT") for kind, header in headers.items()} == {
        "bias": "electron", "dark": "electron", "flat": None, "bad_pixels": None,
    }  # fmt: skip
    assert headers["bias"].comments["RNOISADU"] == "read noise of one frame, in BUNIT"
    assert 4 < headers["bias"]["RNOISADU"] < 9  # electrons, as the camera has them
    steps = [str(value).split(" ")[0] for key, value in headers["bias"].items() if key.startswith("TSTEP")]
    assert steps.index("gain_correct") < steps.index("combine")


def test_masters_in_electrons_that_were_found_give_the_same_pixels(night: tuple[Path, Reduced], tmp_path: Path) -> None:
    folder, reduced = night
    again = reduce_folder(
        later_night(folder, tmp_path / "raw"), tmp_path / "out", cameras=load_cameras(folder / "cameras")
    )
    (first,), (second,) = reduced.lights, again.lights
    assert sorted(m.kind for m in second.masters) == ["bad_pixels", "bias", "dark", "flat"]
    assert again.unusable == []
    assert np.array_equal(fits.getdata(first.made.path), fits.getdata(second.made.path), equal_nan=True)


def test_masters_in_electrons_are_refused_by_name_for_a_frame_in_counts(
    night: tuple[Path, Reduced], tmp_path: Path
) -> None:
    folder, _ = night
    cameras = tmp_path / "cameras"
    shutil.copytree(folder / "cameras", cameras)
    with (cameras / "mosaic16.yaml").open("a", encoding="utf-8") as file:
        file.write("steps: {gain: false}\n")
    again = reduce_folder(later_night(folder, tmp_path / "raw"), tmp_path / "out", cameras=load_cameras(cameras))
    (light,) = again.lights
    assert sorted(m.kind for m in light.masters) == ["bad_pixels", "flat"]
    for kind, file in (("bias", "master_bias.fits"), ("dark", "master_dark_60s.fits")):
        name = tmp_path / "raw" / file
        assert f"the {kind} {name} is in electrons and the frame in counts: not used" in light.marks
    assert fits.getheader(light.made.path)["BUNIT"] == "adu"


def test_a_master_of_another_gain_is_refused_by_name(tmp_path: Path) -> None:
    raw = made.write_night(tmp_path / "raw", darks=0, flats=0, lights=0)
    cards = {"IMAGETYP": "LIGHT", "EXPTIME": 30.0, "FILTER": "r", "GAIN": 3.0}
    made.write_frame(raw / "light.fits", made.counts("light", 30, 9), **cards)
    (light,) = reduce_folder(raw, tmp_path / "out").lights
    assert light.masters == ()
    assert any(
        mark.startswith("the bias ") and mark.endswith("is of 1.5 electrons per count and the frame of 3: not used")
        for mark in light.marks
    )
