"""Given a folder of frames, `toros camera learn` says what the camera is, and writes its file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.reduction.made_camera import MadeCamera
from tests.unit.reduction.made_frames import HOSTILE
from tests.unit.reduction.test_camera_frames import write_camera
from toros.cli import main
from toros.cli.codes import ExitCode
from toros.reduction.cameras.camera import load_cameras


@pytest.fixture(scope="module")
def frames(tmp_path_factory: pytest.TempPathFactory) -> Path:
    camera = MadeCamera(rows=192, columns=192, overscan=16, dead=((9, 9),))
    return write_camera(tmp_path_factory.mktemp("frames"), camera, times=(2.0, 4.0, 8.0))


def test_it_prints_what_was_learnt_and_writes_the_file(
    frames: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "cameras" / "north.yaml"
    plots = tmp_path / "plots"
    assert main(["camera", "learn", str(frames), "--output", str(file), "--plots", str(plots)]) == ExitCode.OK
    said = capsys.readouterr().out
    assert "North CCD" in said
    assert "±" in said
    assert "bad pixels 0 hot, 1 dead" in said
    assert f"wrote {file}" in said
    assert "no flat is saturated" in said
    north = next(one for one in load_cameras(file.parent) if one.name == "north")
    assert north.gain == pytest.approx(1.5, rel=0.03)
    assert (file.parent / str(north.bad_pixels)).is_file()
    assert sorted(path.name for path in plots.iterdir()) == ["bad_pixels.png", "linearity.png", "photon_transfer.png"]


def test_a_program_gets_json(frames: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["camera", "learn", str(frames), "-o", str(tmp_path / "north.yaml"), "--json"]) == ExitCode.OK
    told = json.loads(capsys.readouterr().out)
    (amplifier,) = told["amplifiers"]
    assert amplifier["gain"]["value"] == pytest.approx(1.5, rel=0.03)
    assert 0 < amplifier["gain"]["error"] < 0.05
    assert amplifier["overscan"]["level"]["value"] == pytest.approx(1000, abs=1)
    assert told["frames"] == {"biases": 3, "flats": 6, "darks": 0, "pairs": 3}
    assert told["written"] == [str(tmp_path / "north.yaml"), str(tmp_path / "north-bad-pixels.fits")]


def test_the_file_is_named_after_the_camera(
    frames: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["camera", "learn", str(frames)]) == ExitCode.OK
    assert (tmp_path / "north_ccd.yaml").is_file()
    assert main(["camera", "learn", str(frames)]) == ExitCode.FAILED
    assert "north_ccd.yaml exists and is left as it is" in capsys.readouterr().err


def test_files_that_lie_are_named_and_left_out(
    frames: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "raw"
    folder.mkdir()
    for path in frames.glob("*.fits"):
        (folder / path.name).symlink_to(path)
    for name in ("claims-80-GB.fits", "text.fits"):
        (folder / name).write_bytes(HOSTILE[name])
    assert main(["camera", "learn", str(folder), "-o", str(tmp_path / "a.yaml")]) == ExitCode.OK
    said = capsys.readouterr().out
    assert "claims-80-GB.fits" in said
    assert "text.fits is not a FITS file" in said


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["empty"], ExitCode.FAILED, "0 biases, 0 flats, 0 darks"),
        (["nowhere"], ExitCode.USAGE, "does not exist"),
        (["raw", "-o", "north.txt"], ExitCode.FAILED, "ends in .yaml"),
    ],
)
def test_what_cannot_be_learnt_is_said(
    words: list[str], code: ExitCode, said: str, tmp_path: Path, frames: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "raw").symlink_to(frames)
    assert main(["camera", "learn", *words]) == code
    assert said in capsys.readouterr().err
    assert not list(tmp_path.glob("*.yaml"))


def test_help_comes_with_examples(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["camera", "learn", "--help"]) == ExitCode.OK
    assert "toros camera learn" in capsys.readouterr().out.split("Examples:")[1]
