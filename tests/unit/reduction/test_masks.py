"""A night's darks and flats tell its bad pixels; these and those of the camera's own mask are masked in its lights."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from tests.unit.reduction import made_frames as made
from toros.reduction.bad_pixels import Defect
from toros.reduction.cameras.camera import load_cameras
from toros.reduction.flags import Flag
from toros.reduction.folder import Reduced, reduce_folder
from toros.reduction.learnt_camera import mask_file
from toros.reduction.provenance import rerun

HOT, DEAD = (12, 34), (45, 67)
OWN = (5, 6)  # of the camera's own mask


def write_night(folder: Path, **numbers: int) -> Path:
    """Write a night of a detector with a hot and a dead pixel."""
    made.write_night(folder, **{"lights": 1, **numbers})
    for path in folder.glob("*.fits"):
        with fits.open(path, mode="update") as hdus:
            data = hdus[0].data
            if path.name.startswith("dark"):
                data[HOT] += 3000
            if path.name.startswith("flat"):
                data[DEAD] = made.BIAS + 1000
    return folder


def write_camera(folder: Path, text: str = "", shape: tuple[int, int] = made.SHAPE) -> Path:
    folder.mkdir()
    bad = np.zeros(shape, bool)
    bad[OWN] = True
    (folder / "made-bad-pixels.fits").write_bytes(mask_file(bad, "Made up"))
    (folder / "made.yaml").write_text(f'match: {{INSTRUME: "^Made up$"}}\n{text}', encoding="utf-8")
    return folder


def mask_of(night: Reduced) -> np.ndarray:
    """Return which pixels of the one light are masked as defects."""
    (light,) = night.lights
    return (fits.getdata(light.made.path, "MASK") & int(Flag.DEFECT)) != 0


def places(mask: np.ndarray) -> list[tuple[int, ...]]:
    return [tuple(place) for place in np.argwhere(mask).tolist()]


def cards(night: Reduced) -> Sequence[str]:
    header = fits.getheader(night.lights[0].made.path)
    return [str(value) for key, value in header.items() if key.startswith("TINP")]


def test_bad_pixels_are_found_in_darks_and_flats_and_masked_in_lights(tmp_path: Path) -> None:
    night = reduce_folder(write_night(tmp_path / "raw"), tmp_path / "out")
    (master,) = [p for p in night.masters if p.kind == "master_bad_pixels"]
    assert master.key == "masters/master_bad_pixels"
    assert master.made.quality["bad_pixels"] == 2
    stored = fits.getdata(master.made.path)
    assert (stored[HOT], stored[DEAD]) == (Defect.HOT, Defect.DEAD)
    header = fits.getheader(master.made.path)
    assert (header["IMAGETYP"], header["TPRODUCT"], header["TBAD"]) == ("Bad Pixel Mask", "master_bad_pixels", 2)
    assert (header["TBAD1"], header["TBAD2"]) == (1, 1)
    assert [m.kind for m in master.masters] == ["dark", "flat"]
    assert header["TINP1"].startswith("dark ") and header["TINP2"].startswith("flat ")
    assert places(mask_of(night)) == [HOT, DEAD]
    assert any(card.startswith("bad_pixels ") and "master_bad_pixels" in card for card in cards(night))


def test_the_mask_is_made_again_from_its_header(tmp_path: Path) -> None:
    night = reduce_folder(write_night(tmp_path / "raw"), tmp_path / "out")
    (master,) = [p for p in night.masters if p.kind == "master_bad_pixels"]
    again = rerun(Path(master.made.path), lambda name, _: Path(name))
    assert (again.data == fits.getdata(master.made.path)).all()
    assert again.data.any()


def test_a_camera_that_wants_no_mask_gets_none(tmp_path: Path) -> None:
    folder = write_camera(tmp_path / "cameras", "bad_pixels: made-bad-pixels.fits\nsteps: {bad_pixels: false}\n")
    night = reduce_folder(write_night(tmp_path / "raw"), tmp_path / "out", cameras=load_cameras(folder))
    assert "master_bad_pixels" not in [p.kind for p in night.masters]
    assert not mask_of(night).any()
    assert not any("bad_pixels" in card for card in cards(night))


def test_a_cameras_own_mask_is_used_beside_that_of_the_night_and_both_are_named(tmp_path: Path) -> None:
    folder = write_camera(tmp_path / "cameras", "bad_pixels: made-bad-pixels.fits\n")
    night = reduce_folder(write_night(tmp_path / "raw"), tmp_path / "out", cameras=load_cameras(folder))
    assert places(mask_of(night)) == [OWN, HOT, DEAD]
    named = [card.split(" ", 1)[1] for card in cards(night) if card.startswith("bad_pixels ")]
    master = next(p.name for p in night.masters if p.kind == "master_bad_pixels")
    assert named == [master, "camera:made-bad-pixels.fits"]
    assert f"bad pixels were taken from {master} and from camera:made-bad-pixels.fits" in night.lights[0].marks
    header = fits.getheader(night.lights[0].made.path)
    assert header["BADPIXEL"].count("sha256=") == 2


def test_a_cameras_own_mask_is_enough(tmp_path: Path) -> None:
    folder = write_camera(tmp_path / "cameras", "bad_pixels: made-bad-pixels.fits\n")
    raw = write_night(tmp_path / "raw", biases=0, darks=0, flats=0)
    night = reduce_folder(raw, tmp_path / "out", cameras=load_cameras(folder))
    assert places(mask_of(night)) == [OWN]
    assert "bad pixels were taken from camera:made-bad-pixels.fits" in night.lights[0].marks


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("gone", "the camera's mask made-bad-pixels.fits cannot be used: "),
        ("text", "the camera's mask made-bad-pixels.fits cannot be used: is not a FITS file"),
        ("shape", "camera:made-bad-pixels.fits has 30 x 20 pixels and the frame 80 x 60: not used"),
    ],
)
def test_a_mask_that_cannot_be_used_costs_no_light(damage: str, said: str, tmp_path: Path) -> None:
    shape = (20, 30) if damage == "shape" else made.SHAPE
    folder = write_camera(tmp_path / "cameras", "bad_pixels: made-bad-pixels.fits\n", shape)
    cameras = load_cameras(folder)
    path = folder / "made-bad-pixels.fits"
    if damage == "gone":
        path.unlink()
    if damage == "text":
        path.write_bytes(made.HOSTILE["text.fits"])
    raw = write_night(tmp_path / "raw", biases=0, darks=0, flats=0)
    night = reduce_folder(raw, tmp_path / "out", cameras=cameras)
    assert not mask_of(night).any()
    assert any(mark.startswith(said) for mark in [*night.marks, *night.lights[0].marks])


def test_a_finished_mask_of_the_folder_is_used(tmp_path: Path) -> None:
    raw = write_night(tmp_path / "raw", biases=0, darks=0, flats=0)
    bad = np.zeros(made.SHAPE, bool)
    bad[OWN] = True
    (raw / "bpm.fits").write_bytes(mask_file(bad, "Made up"))
    night = reduce_folder(raw, tmp_path / "out")
    assert night.unusable == []
    assert places(mask_of(night)) == [OWN]


@pytest.mark.parametrize("few", [{"darks": 2}, {"flats": 2}, {"darks": 0}, {"flats": 0}])
def test_of_few_frames_no_mask_is_made(few: dict[str, int], tmp_path: Path) -> None:
    night = reduce_folder(write_night(tmp_path / "raw", **few), tmp_path / "out")
    assert "master_bad_pixels" not in [p.kind for p in night.masters]
    assert len(night.lights) == 1


def test_a_mask_of_half_the_detector_is_not_believed(tmp_path: Path) -> None:
    raw = write_night(tmp_path / "raw")
    for path in raw.glob("flat*.fits"):
        with fits.open(path, mode="update") as hdus:
            hdus[0].data[:, :20] = made.BIAS + 5
    night = reduce_folder(raw, tmp_path / "out")
    (said,) = [mark for mark in night.marks if mark.startswith("no masters/master_bad_pixels was made")]
    assert "which says more of the frames than of the detector" in said
    assert not (tmp_path / "out/masters/master_bad_pixels.fits").exists()
    assert len(night.lights) == 1
