"""From a folder the raw frames of one camera are chosen, and nothing that would spoil them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tests.unit.reduction.made_camera import MadeCamera
from tests.unit.reduction.made_frames import write_frame
from toros.reduction.camera_frames import choose_frames, open_frames, read_out
from toros.reduction.inventory import Seen, inspect
from toros.reduction.learning import learn

CARDS: dict[str, Any] = {"GAIN": None, "RDNOISE": None, "INSTRUME": "North CCD"}


def write_camera(folder: Path, camera: MadeCamera, *, biases: int = 3, times: tuple[float, ...] = (4.0,)) -> Path:
    """Write biases, and two flats of each exposure time."""
    folder.mkdir(parents=True, exist_ok=True)
    cards = dict(CARDS)
    if camera.overscan:
        cards["BIASSEC"], cards["TRIMSEC"] = str(camera.amplifiers[0].overscan), str(camera.amplifiers[0].data)
    for n in range(biases):
        write_frame(folder / f"bias-{n}.fits", camera.counts(), IMAGETYP="BIAS", EXPTIME=0.0, **cards)
    for time in times:
        for n in range(2):
            raw = camera.counts(3500 * time, time)
            write_frame(folder / f"flat-{time:g}-{n}.fits", raw, IMAGETYP="FLAT", EXPTIME=time, FILTER="r", **cards)
    return folder


def seen_in(folder: Path) -> list[Seen]:
    return [inspect(str(path), f"raw:{path.name}") for path in sorted(folder.glob("*.fits*"))]


def test_what_would_spoil_the_noise_is_left_out_and_named(tmp_path: Path) -> None:
    camera = MadeCamera(rows=64, columns=64)
    folder = write_camera(tmp_path, camera)
    (folder / "copy.fits").write_bytes((folder / "bias-0.fits").read_bytes())
    write_frame(folder / "light.fits", camera.counts(), IMAGETYP="LIGHT", EXPTIME=1.0, **CARDS)
    write_frame(folder / "other.fits", camera.counts(), IMAGETYP="BIAS", EXPTIME=0.0, **{**CARDS, "INSTRUME": "South"})
    write_frame(folder / "master.fits", camera.counts(), IMAGETYP="Master Bias", EXPTIME=0.0, **CARDS)
    chosen, remarks = choose_frames(seen_in(folder))
    assert [one.file for one in chosen] == [
        "bias-0.fits",
        "bias-1.fits",
        "bias-2.fits",
        "flat-4-0.fits",
        "flat-4-1.fits",
    ]
    said = " / ".join(remarks)
    assert "1 frames are finished" in said
    assert "1 frames have the pixels of another one" in said
    assert "1 frames are of another camera" in said


def test_no_more_frames_are_opened_than_help(tmp_path: Path) -> None:
    folder = write_camera(tmp_path, MadeCamera(rows=16, columns=16), biases=24)
    chosen, _ = choose_frames(seen_in(folder))
    assert sum(one.frame.kind == "bias" for one in chosen) == 20


def test_open_frames_are_read_where_they_lie(tmp_path: Path) -> None:
    camera = MadeCamera(rows=256, columns=256, overscan=16)
    chosen, _ = choose_frames(seen_in(write_camera(tmp_path, camera)))
    assert read_out(chosen[0]) == camera.amplifiers
    with open_frames(chosen, tmp_path) as frames:
        assert frames.header["INSTRUME"] == "North CCD"
        found = learn(frames.samples, frames.amplifiers)
    gain = found.amplifiers[0].transfer.gain
    assert gain is not None
    assert abs(gain.value / 1.5 - 1) < 0.02


def test_without_sections_the_whole_array_is_one_read_out(tmp_path: Path) -> None:
    chosen, _ = choose_frames(seen_in(write_camera(tmp_path, MadeCamera(rows=40, columns=50))))
    (only,) = read_out(chosen[0])
    assert (str(only.data), str(only.place), only.overscan) == ("[1:50,1:40]", "[1:50,1:40]", None)


def test_packed_frames_are_learnt_from(tmp_path: Path) -> None:
    folder = tmp_path / "raw"
    folder.mkdir()
    camera = MadeCamera(rows=64, columns=64)
    for n in range(2):
        write_frame(folder / f"bias-{n}.fits.gz", camera.counts(), IMAGETYP="BIAS", EXPTIME=0.0, **CARDS)
    chosen, _ = choose_frames(seen_in(folder))
    with open_frames(chosen, tmp_path) as frames:
        rows = np.empty((64, 64), dtype=np.float32)
        frames.samples[1].image.read(0, 64, rows)
    assert abs(np.median(rows) - 1000) < 3
