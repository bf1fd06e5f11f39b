"""The camera that describes a frame is the first that knows it: the observatory's own before those of TOROS."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from toros.errors import ConfigurationError
from toros.reduction.cameras.camera import Camera, camera_of, load_cameras
from toros.reduction.inventory import inspect

SAMPLES = os.environ.get("TOROS_SAMPLE_DATA")
needs_samples = pytest.mark.skipif(not SAMPLES, reason="TOROS_SAMPLE_DATA does not name the sample data")


def name_of(folder: Path | None = None, **cards: Any) -> str:
    return camera_of(cards, load_cameras(folder)).name


@pytest.mark.parametrize(
    ("cards", "name"),
    [
        ({"TELESCOP": "Cecilia", "CREATOR": "MicroObservatory2014-05-23"}, "microobservatory_cecilia"),
        ({"TELESCOP": "Cecilia"}, "generic"),
        ({"INSTRUME": "AspenCG16"}, "feder_aspen_cg16"),
        ({"INSTRUME": "Aspen CG16M"}, "feder_aspen_cg16"),
        ({"INSTRUME": "TOROS-1"}, "toros"),
        ({"INSTRUME": "TOROS simulated CCD"}, "generic"),  # its chip is as large as its settings say
        ({"INSTRUME": "fa15", "ORIGIN": "LCOGT"}, "lco_sinistro"),
        ({"INSTRUME": "anything"}, "generic"),
        ({}, "generic"),
    ],
)
def test_the_cameras_that_come_with_toros_know_their_frames(cards: dict[str, Any], name: str) -> None:
    assert name_of(**cards) == name


def test_numbers_are_matched_as_they_are_written() -> None:
    assert Camera(match={"NAXIS1": "^4096$"}).knows({"NAXIS1": 4096})
    assert not Camera(match={"NAXIS1": "^4096$"}).knows({"NAXIS1": 40960})


def test_own_files_go_first_and_replace_those_of_the_same_name(tmp_path: Path) -> None:
    (tmp_path / "toros.yaml").write_text('match: {INSTRUME: "^TOROS"}\ngain: 2.0\n')
    (tmp_path / "aspen.yaml").write_text("match: {INSTRUME: aspen}\n")
    (tmp_path / ".hidden.yaml").write_text("nonsense: 1\n")
    (tmp_path / "notes.txt").write_text("seeing was fine")
    cameras = load_cameras(tmp_path)
    assert [c.gain for c in cameras if c.name == "toros"] == [2.0]
    assert name_of(tmp_path, INSTRUME="AspenCG16") == "aspen"
    assert camera_of({"INSTRUME": "Aspen"}, cameras).folder == tmp_path


def test_who_asks_for_more_cards_is_asked_first_and_who_asks_for_none_last(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("match: {INSTRUME: ccd}\n")
    (tmp_path / "b.yaml").write_text("match: {INSTRUME: ccd, XBINNING: '2'}\n")
    (tmp_path / "anything.yaml").write_text("temperature_tolerance: 9\n")
    assert name_of(tmp_path, INSTRUME="ccd", XBINNING=2) == "b"
    assert name_of(tmp_path, INSTRUME="ccd", XBINNING=1) == "a"
    assert name_of(tmp_path, INSTRUME="AspenCG16") == "feder_aspen_cg16"
    assert name_of(tmp_path, INSTRUME="unheard of") == "anything"


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="the folder of cameras cannot be read"):
        load_cameras(tmp_path / "nowhere")


@needs_samples
def test_the_frames_of_microobservatory() -> None:
    path = min((Path(str(SAMPLES)) / "ccd" / "hatp32_20171220").iterdir())
    seen = inspect(str(path), f"raw:{path.name}")
    what = seen.frame
    assert (what.settings.name, what.kind, what.object) == ("microobservatory_cecilia", "light", "HATP-32")
    assert (what.date_obs, what.band, what.temperature) == ("2017-12-20T01:33:43.317", "clear", -2.15)
    assert (what.saturation, what.gain) == (4095.0, None)
    assert 0 < seen.saturated < 0.01
    assert (what.ra, what.dec) == pytest.approx((31.31, 46.77), abs=0.05)
    assert any("light was guessed" in mark for mark in what.marks)
    assert not any("Julian" in mark for mark in what.marks), "MJD-OBS is rounded, and agrees"


@needs_samples
def test_the_frames_of_feder_observatory() -> None:
    folder = Path(str(SAMPLES)) / "ccd" / "kelt16_mini"
    seen = {path.name: inspect(str(path), path.name).frame for path in folder.iterdir()}
    assert {what.settings.name for what in seen.values()} == {"feder_aspen_cg16"}
    assert {what.readout_mode for what in seen.values()} == {"monochrome"}
    assert {what.kind for what in seen.values() if what.master} == {"bias", "dark", "flat"}
    (light,) = [what for what in seen.values() if not what.master]
    assert (light.gain, light.read_noise, light.band, light.amplifiers) == (1.5, 10.0, "r", ())
    assert all(abs((what.temperature or 0) + 20) < 0.1 for what in seen.values())


def test_extensions_as_a_sinistro_writes_them_are_four_amplifiers(tmp_path: Path) -> None:
    """DETSEC runs backwards for the amplifiers that are read from the right and from above."""
    places = ("[1:50,1:40]", "[100:51,1:40]", "[100:51,80:41]", "[1:50,80:41]")
    primary = fits.Header({"INSTRUME": "fa15", "ORIGIN": "LCOGT", "OBSTYPE": "EXPOSE", "EXPTIME": 30.0, "FILTER": "rp"})
    hdus = [fits.PrimaryHDU(header=primary)]
    for n, place in enumerate(places):
        cards = {"DATASEC": "[1:50,1:40]", "BIASSEC": "[51:58,1:40]", "DETSEC": place, "GAIN": 1.0 + n, "RDNOISE": 8.0}
        hdus.append(fits.ImageHDU(np.full((40, 58), 100 * n, dtype=np.uint16), fits.Header(cards)))
    fits.HDUList(hdus).writeto(tmp_path / "a.fits")
    seen = inspect(str(tmp_path / "a.fits"), "raw:a.fits")
    what = seen.frame
    assert (seen.shape, seen.image_shape, seen.quadrants) == ((160, 58), (80, 100), (0, 100, 300, 200))
    assert (what.settings.name, what.kind, what.band, what.gain) == ("lco_sinistro", "light", "r", 2.5)
    assert [str(a.place) for a in what.amplifiers] == ["[1:50,1:40]", "[51:100,1:40]", "[51:100,41:80]", "[1:50,41:80]"]
    assert [(a.flip_rows, a.flip_columns) for a in what.amplifiers] == [
        (False, False), (False, True), (True, True), (True, False),
    ]  # fmt: skip
