"""Whatever a folder holds, each file is accounted for: used, marked, or set aside with its reason."""

from __future__ import annotations

import gzip
import hashlib
import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from tests.unit.reduction import made_frames as made
from toros.errors import BadFrame
from toros.reduction.cameras.camera import Camera
from toros.reduction.inventory import Inventory, Seen, Unusable, classify, inspect, list_files
from toros.reduction.piles import groups


def look(folder: Path) -> Inventory:
    """Look at a folder as a batch does."""
    seen, unusable = [], []
    files, marks = list_files(folder)
    for path in files:
        try:
            seen.append(inspect(str(path), f"raw:{path.name}"))
        except BadFrame as error:
            unusable.append(Unusable(path.name, str(error)))
    return classify(seen, unusable, marks)


def reasons(found: Inventory) -> dict[str, str]:
    return {u.file: u.reason for u in found.unusable}


def names(seen: list[Seen]) -> list[str]:
    return [s.file for s in seen]


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    return made.write_night(tmp_path, biases=2, darks=2, flats=2, lights=2)


WHOLE = {"bias": 2, "dark": 2, "flat": 2, "light": 2}


def counted(found: Inventory) -> dict[str, int]:
    return {kind: len(getattr(found, kind)) for kind in WHOLE}


def test_a_night_is_sorted_by_kind(raw: Path) -> None:
    found = look(raw)
    assert counted(found) == WHOLE
    assert (found.unusable, found.marks) == ([], [])


def test_what_a_frame_is_like_is_measured(raw: Path) -> None:
    seen = inspect(str(raw / "light-000.fits"), "raw:light-000.fits")
    data = fits.getdata(raw / "light-000.fits")
    assert seen.median == pytest.approx(np.median(data), abs=2)
    assert seen.noise == pytest.approx(np.sqrt(600 / made.GAIN + (made.READ_NOISE / made.GAIN) ** 2), rel=0.1)
    assert seen.quadrants == pytest.approx([seen.median] * 4, abs=20)
    assert seen.saturated == 0
    content = (raw / "light-000.fits").read_bytes()
    assert (seen.sha256, seen.size, seen.shape) == (hashlib.sha256(content).hexdigest(), len(content), made.SHAPE)


def write_lines(path: Path, data: Any, **cards: Any) -> Path:
    return made.write_frame(path, data, IMAGETYP="LIGHT", EXPTIME=30.0, FILTER="r", **cards)


def test_a_negative_exposure_time_costs_its_frame(raw: Path) -> None:
    made.write_frame(raw / "negative.fits", made.counts("light", 30, 77), IMAGETYP="LIGHT", EXPTIME=-30.0)
    found = look(raw)
    assert counted(found) == WHOLE
    assert reasons(found) == {"negative.fits": "its exposure time is negative: -30 s"}


def test_a_file_that_is_still_being_written_costs_its_frame(raw: Path) -> None:
    whole = (raw / "light-001.fits").read_bytes()
    (raw / "new.fits").write_bytes(whole[:7000])
    (raw / "newer.fits").write_bytes(whole[:1000])
    found = look(raw)
    assert counted(found) == WHOLE
    assert "truncated or still being written" in reasons(found)["new.fits"]
    assert "truncated or still being written" in reasons(found)["newer.fits"]


def test_flats_of_zeros_saturated_or_without_light_are_set_aside(raw: Path) -> None:
    flat = {"IMAGETYP": "FLAT", "EXPTIME": 2.0, "FILTER": "r"}
    made.write_frame(raw / "zeros.fits", np.zeros(made.SHAPE, dtype=np.uint16), **flat)
    made.write_frame(raw / "full.fits", np.full(made.SHAPE, 65535, dtype=np.uint16), **flat)
    made.write_frame(raw / "dark.fits", made.counts("bias", 0, 5), **flat)
    made.write_frame(raw / "master.fits", np.full(made.SHAPE, -1, dtype=np.float32), COMBINED=True, **flat)
    found = look(raw)
    assert counted(found) == WHOLE
    assert found.masters == []
    said = reasons(found)
    assert set(said) == {"zeros.fits", "full.fits", "dark.fits", "master.fits"}
    assert said["zeros.fits"].startswith("is a flat without light: its median is 0 counts, the bias 100")
    assert said["full.fits"] == "is a saturated flat: half its pixels are above 65535"
    assert said["dark.fits"].startswith("is a flat without light")
    assert said["master.fits"] == "is a finished flat without light: its median is -1"


def test_saturated_calibrations_are_set_aside_and_a_saturated_light_is_measured(raw: Path) -> None:
    full = np.full(made.SHAPE, 65535, dtype=np.uint16)
    made.write_frame(raw / "bias.fits", full, IMAGETYP="BIAS")
    full[0, 0] = 0
    write_lines(raw / "light.fits", full)
    found = look(raw)
    assert reasons(found) == {"bias.fits": "is saturated: 100 % of its pixels are full"}
    assert found.light[2].saturated == pytest.approx(1, abs=1e-3)


def test_saturation_at_a_converters_end_is_counted_there(tmp_path: Path) -> None:
    data = made.counts("light", 30, 1)
    data[:6] = 4095
    seen = inspect(str(write_lines(tmp_path / "a.fits", data.clip(0, 4095))), "raw:a.fits")
    assert seen.frame.saturation == 4095
    assert seen.saturated == pytest.approx((data >= 4095).mean())


def test_rows_without_a_value_are_said_and_a_frame_without_any_is_refused(raw: Path) -> None:
    torn = made.counts("light", 30, 9).astype(np.float32)
    torn[7:9] = np.nan
    write_lines(raw / "torn.fits", torn)
    write_lines(raw / "void.fits", np.full(made.SHAPE, np.nan, dtype=np.float32))
    found = look(raw)
    assert reasons(found) == {"void.fits": "holds no pixel with a value: all are NaN"}
    assert "2 of its rows hold no value" in found.light[2].frame.marks
    assert np.isfinite([found.light[2].median, found.light[2].noise]).all()


def test_sections_that_do_not_fit(raw: Path) -> None:
    """Of one read-out they are stale, ignored and said; of several amplifiers nobody could put the frame together."""
    write_lines(raw / "stale.fits", made.counts("light", 30, 9), BIASSEC="[4096:4109]")
    sections = {
        "DATASEC1": "[1:40,1:60]",
        "DETSEC1": "[1:40,1:60]",
        "DATASEC2": "[41:81,1:60]",
        "DETSEC2": "[41:81,1:60]",
    }
    write_lines(raw / "amplifiers.fits", made.counts("light", 30, 10), **sections)
    found = look(raw)
    assert reasons(found) == {
        "amplifiers.fits": "the section [41:81,1:60] of its amplifier 2 leaves the 80 x 60 pixels"
    }
    assert any("(stale): ignored" in mark for mark in found.light[-1].frame.marks)
    assert counted(found) == {**WHOLE, "light": 3}


def test_two_cameras_and_mixed_shapes_are_said_and_kept_apart(raw: Path) -> None:
    made.write_frame(raw / "other.fits", made.counts("bias", 0, 9, (40, 50)), IMAGETYP="BIAS", INSTRUME="Guider")
    made.write_frame(raw / "window.fits", made.counts("bias", 0, 10, (40, 50)), IMAGETYP="BIAS")
    found = look(raw)
    assert found.marks == [
        "the folder holds frames of 2 cameras, kept apart: Guider (1), Made up (9)",
        "the folder holds frames of 2 shapes, kept apart: 50 x 40 (2), 80 x 60 (8)",
    ]
    assert [names(group) for group in groups(found.bias)] == [
        ["bias-000.fits", "bias-001.fits"], ["other.fits"], ["window.fits"],
    ]  # fmt: skip


def test_flats_in_the_wrong_filter_are_said(raw: Path) -> None:
    for n, filter in enumerate(["V", "V", "SDSS r'"]):
        made.write_frame(
            raw / f"more-{n}.fits", made.counts("flat", 2, 50 + n), IMAGETYP="FLAT", EXPTIME=2.0, FILTER=filter
        )
    found = look(raw)
    assert found.marks == ["flats in a filter that no light was taken through: V (2)"]
    assert [len(group) for group in groups(found.flat, by_filter=True)] == [3, 2], "r and SDSS r' are one band"


def test_one_image_under_two_names_is_noticed_however_it_is_stored(raw: Path) -> None:
    data = fits.getdata(raw / "bias-000.fits")
    header = fits.getheader(raw / "bias-000.fits")
    (raw / "copy.fits.gz").write_bytes(gzip.compress((raw / "bias-000.fits").read_bytes()))
    buffer = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), fits.CompImageHDU(data, header, compression_type="RICE_1")]).writeto(buffer)
    (raw / "copy.fits.fz").write_bytes(buffer.getvalue())
    made.write_frame(raw / "copy-float.fits", data.astype(np.float32), IMAGETYP="BIAS")
    (raw / "light-002.fits").write_bytes((raw / "light-001.fits").read_bytes())
    found = look(raw)
    same = "has the same pixels as bias-000.fits: one image under two names, counted once"
    assert reasons(found) == {"copy.fits.gz": same, "copy.fits.fz": same, "copy-float.fits": same}
    assert names(found.light) == ["light-000.fits", "light-001.fits", "light-002.fits"]
    assert "has the same pixels as light-001.fits: one image under two names" in found.light[2].frame.marks


def test_a_light_that_looks_like_a_flat_is_marked_and_stays_a_light(raw: Path) -> None:
    write_lines(raw / "sky.fits", made.counts("flat", 2, 50))
    found = look(raw)
    assert "sky.fits" in names(found.light)
    (seen,) = [one for one in found.light if one.file == "sky.fits"]
    assert any("without stars: it may be a flat" in mark for mark in seen.frame.marks)
    assert not any("may be a flat" in mark for one in found.light if one is not seen for mark in one.frame.marks)


def test_a_dark_of_unknown_length_is_set_aside(raw: Path) -> None:
    made.write_frame(raw / "dark.fits", made.counts("dark", 60, 50), IMAGETYP="DARK")
    assert reasons(look(raw)) == {"dark.fits": "is a dark and its header does not say of how many seconds"}


def test_the_cameras_that_are_handed_in_are_asked(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.fits", made.counts("light", 30, 1), GAIN=None, INSTRUME="Own")
    seen = inspect(str(path), "raw:a.fits", cameras=[Camera("own", match={"INSTRUME": "^own"}, gain=3.0)])
    assert (seen.frame.gain, seen.frame.settings.name) == (3.0, "own")


CHILD = """
import resource, sys
from toros.reduction.inventory import inspect
inspect(sys.argv[1], "raw:small.fits")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
seen = inspect(sys.argv[2], "raw:large.fits")
print(seen.shape, seen.image_shape, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def test_a_frame_of_sixteen_amplifiers_is_looked_at_in_little_memory(tmp_path: Path) -> None:
    cards = {"BITPIX": 16, "NAXIS": 2, "NAXIS1": 12000, "NAXIS2": 10600, "BZERO": 32768, "INSTRUME": "TOROS"}
    large = tmp_path / "large.fits"
    with large.open("wb") as file:
        file.write(made.header_block(SIMPLE=True, **cards, IMAGETYP="BIAS", EXPTIME=0))
        file.truncate(file.tell() + 2 * 12000 * 10600)
    small = made.write_frame(tmp_path / "small.fits", made.counts("bias", 0, 1), IMAGETYP="BIAS")
    done = subprocess.run([sys.executable, "-c", CHILD, str(small), str(large)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    shapes, grew = done.stdout.rstrip().rsplit(" ", 1)
    assert shapes == "(10600, 12000) (10560, 10560)"
    assert int(grew) < 64, f"the child grew by {grew} MB; the frame has 254 MB"
