"""What was learnt becomes a file that is read again, and goes before what headers say wrongly."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from tests.unit.reduction.made_camera import MadeCamera
from tests.unit.reduction.made_frames import write_frame
from tests.unit.reduction.test_camera_frames import CARDS, write_camera
from toros.reduction.camera_frames import choose_frames, open_frames
from toros.reduction.cameras.camera import Camera, load_cameras
from toros.reduction.inventory import Seen, inspect
from toros.reduction.learning import Learnt, learn
from toros.reduction.learnt_camera import camera_from, camera_text, disagreements, mask_file

TIMES = (1.0, 2.0, 4.0, 8.0, 16.0, 24.0, 32.0)


def learnt_from(folder: Path, cameras: Path | None = None) -> tuple[Learnt, Camera, Seen, list[str]]:
    described = load_cameras(cameras)
    seen = [inspect(str(path), path.name, cameras=described) for path in sorted(folder.glob("*.fits"))]
    chosen, _ = choose_frames(seen)
    with open_frames(chosen) as frames:
        found = learn(frames.samples, frames.amplifiers)
        camera = camera_from(found, chosen[0], frames.amplifiers, frames.header, "north-bad.fits")
        return found, camera, chosen[0], disagreements(found, chosen[0], frames.header)


def written(folder: Path, found: Learnt, camera: Camera) -> Camera:
    """Return the camera as it is read from its file."""
    folder.mkdir()
    (folder / "north.yaml").write_text(camera_text(found, camera))
    return next(one for one in load_cameras(folder) if one.name == "north")


def test_the_file_is_read_again_and_describes_the_frames(tmp_path: Path) -> None:
    made = MadeCamera(rows=256, columns=256, overscan=16, full_well=90_000.0, nonlinear=1e-6)
    folder = write_camera(tmp_path / "raw", made, times=TIMES)
    found, camera, _, wrong = learnt_from(folder)
    again = written(tmp_path / "cameras", found, camera)
    assert again == replace(camera, name="north", folder=tmp_path / "cameras")
    assert wrong == []
    assert again.match == {"INSTRUME": "^North CCD$"}
    assert again.gain == pytest.approx(1.5, rel=0.02)
    assert again.read_noise == pytest.approx(8.0, rel=0.02)
    assert again.saturation == pytest.approx(57_385, abs=30)
    assert again.linearity[0] == pytest.approx(1e-6, rel=0.1)
    assert (again.overscan, again.trim) == ("[257:272,1:256]", "[1:256,1:256]")
    assert again.bad_pixels == "north-bad.fits"
    described = inspect(
        str(folder / "bias-0.fits"), "raw:bias-0.fits", cameras=load_cameras(tmp_path / "cameras")
    ).frame
    assert (described.settings.name, described.gain, described.read_noise) == ("north", again.gain, again.read_noise)


def test_a_header_that_is_wrong_is_put_right(tmp_path: Path) -> None:
    made, folder = MadeCamera(rows=256, columns=256), tmp_path / "raw"
    write_camera(folder, made)
    for path in folder.glob("*.fits"):
        fits.setval(path, "GAIN", value=1.0)
        fits.setval(path, "RDNOISE", value=8.0)
    found, camera, _, wrong = learnt_from(folder)
    assert len(wrong) == 1
    assert wrong[0].startswith("the header says GAIN = 1, measured is 1.")
    assert list(camera.cards) == ["GAIN"]
    written(tmp_path / "cameras", found, camera)
    described = inspect(
        str(folder / "bias-0.fits"), "raw:bias-0.fits", cameras=load_cameras(tmp_path / "cameras")
    ).frame
    assert described.gain == pytest.approx(1.5, rel=0.02)


def test_each_amplifier_has_its_own_numbers(tmp_path: Path) -> None:
    made = MadeCamera(gains=(1.2, 2.4), noises=(5.0, 10.0), rows=256, columns=256, overscan=16)
    (tmp_path / "known").mkdir()
    (tmp_path / "known/two.yaml").write_text(
        'match: {INSTRUME: "^North"}\nshape: [256, 544]\namplifiers:\n'
        + "".join(f'  - {{data: "{a.data}", overscan: "{a.overscan}", place: "{a.place}"}}\n' for a in made.amplifiers)
        + "temperature_tolerance: 7\n"
    )
    folder = tmp_path / "raw"
    folder.mkdir()
    for n in range(3):
        write_frame(folder / f"bias-{n}.fits", made.counts(), IMAGETYP="BIAS", EXPTIME=0.0, **CARDS)
    for n in range(2):
        raw = made.counts(30_000.0, 9.0)
        write_frame(folder / f"flat-{n}.fits", raw, IMAGETYP="FLAT", EXPTIME=9.0, FILTER="r", **CARDS)
    found, camera, _, _ = learnt_from(folder, tmp_path / "known")
    again = written(tmp_path / "cameras", found, camera)
    assert [a.gain for a in again.amplifiers] == pytest.approx([1.2, 2.4], rel=0.03)
    assert [a.read_noise for a in again.amplifiers] == pytest.approx([5.0, 10.0], rel=0.03)
    assert [a.data for a in again.amplifiers] == [a.data for a in made.amplifiers]
    assert again.temperature_tolerance == 7
    assert again.match == {"INSTRUME": "^North"}


def test_errors_and_what_is_missing_stand_above_the_values(tmp_path: Path) -> None:
    found, camera, _, _ = learnt_from(write_camera(tmp_path / "raw", MadeCamera(rows=128, columns=128)))
    comments = [line for line in camera_text(found, camera).splitlines() if line.startswith("#")]
    assert "from 3 biases, 2 flats" in comments[0]
    assert "gain 1." in comments[1]
    assert "±" in comments[1]
    assert any("hot pixels need two long darks" in line for line in comments)
    assert all(len(line) <= 120 for line in comments)


def test_the_mask_is_a_file_of_ones_and_zeros(tmp_path: Path) -> None:
    bad = np.zeros((30, 40), dtype=bool)
    bad[3, 4] = True
    (tmp_path / "mask.fits").write_bytes(mask_file(bad, "North"))
    with fits.open(tmp_path / "mask.fits") as hdus:
        assert hdus[0].data.dtype == np.uint8
        assert np.argwhere(hdus[0].data).tolist() == [[3, 4]]
        assert hdus[0].header["INSTRUME"] == "North"
