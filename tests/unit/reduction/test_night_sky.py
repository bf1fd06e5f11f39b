"""Over a batch, the lights of a field tell how clear the sky was on each of them."""

from __future__ import annotations

import xmlrpc.client
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.unit.reduction.made_frames import write_frame
from tests.unit.reduction.made_stars import Stars, drawn, strewn
from toros.errors import BadFrame
from toros.reduction.folder import Reduced, reduce_folder
from toros.reduction.night_sky import read_stars

SIDE, GAIN = 256, 1.5


def write_light(path: Path, stars: Stars, n: int, **cards: Any) -> None:
    electrons = drawn(stars, SIDE, seed=n)
    told = {"IMAGETYP": "LIGHT", "EXPTIME": 30.0, "FILTER": "r", "GAIN": GAIN, "RDNOISE": 8.0,
            "DATE_OBS": f"2026-11-20T23:{n:02d}:00.000"}  # fmt: skip
    write_frame(path, np.clip(np.round(electrons / GAIN), 0, 65535).astype(np.uint16), **{**told, **cards})


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Reduced:
    """Four lights of one field, the third behind clouds, and one of another."""
    folder = tmp_path_factory.mktemp("sky")
    raw = folder / "raw"
    raw.mkdir()
    stars = strewn(120, SIDE, seed=1)
    for n, part in enumerate((1.0, 0.98, 0.4, 1.0)):
        write_light(raw / f"light-{n}.fits", stars.moved(2 * n, -n, part), n)
    write_light(raw / "other.fits", strewn(120, SIDE, seed=2), 9, OBJECT="NGC 2")
    return reduce_folder(raw, folder / "out")


def test_clouds_are_told_in_the_quality_of_each_light(night: Reduced) -> None:
    told = {light.seen.file: light.made.quality for light in night.lights}
    lost = [told[f"light-{n}.fits"]["zero_point_magnitudes"] for n in range(4)]
    clearest = max(lost)
    assert clearest == 0
    assert lost[2] == pytest.approx(2.5 * np.log10(0.4), abs=0.03)
    assert lost[1] == pytest.approx(2.5 * np.log10(0.98), abs=0.02)
    cloudy = told["light-2.fits"]
    assert cloudy["transparency"] == pytest.approx(0.4, abs=0.02)
    assert cloudy["zero_point_error_magnitudes"] < 0.03
    assert cloudy["star_ratio"] < 0.9
    assert cloudy["stars_expected"] == pytest.approx(told["light-0.fits"]["sources"], rel=0.1)
    across = cloudy["shift_columns_pixels"] - told["light-3.fits"]["shift_columns_pixels"]
    assert across == pytest.approx(2.0, abs=0.2)


def test_a_field_of_one_light_is_compared_with_nothing(night: Reduced) -> None:
    (other,) = [light for light in night.lights if light.seen.file == "other.fits"]
    assert "zero_point_magnitudes" not in other.made.quality
    assert [one.object for one in night.trends] == ["NGC 1"]


def test_the_report_names_the_clouded_frames(night: Reduced) -> None:
    (mark,) = [mark for mark in night.marks if "lost light" in mark]
    assert mark.startswith("NGC 1 in r: 1 of 4 frames lost light against the clearest, light-")
    assert "light-2.fits 0.9" in mark or "light-2.fits 1.0" in mark
    (summary,) = [one.summary() for one in night.trends]
    assert (summary["frames"], summary["compared"], summary["clouded"]) == (4, 4, 1)
    assert xmlrpc.client.loads(xmlrpc.client.dumps((summary,)))[0][0] == summary


@pytest.mark.parametrize("compress", [False, True])
def test_a_calibrated_frame_brings_its_stars_along(compress: bool, tmp_path: Path) -> None:
    from toros.reduction.batch import Batch

    write_light(tmp_path / "light.fits", strewn(120, SIDE, seed=1), 0)
    batch = Batch(output=tmp_path / "out", compress=compress)
    inventory = batch.look([(tmp_path / "light.fits", "light.fits")])
    (light,) = batch.calibrate(inventory.light, [])
    stars = read_stars(light.made.path)
    assert len(stars) > 40
    assert (np.diff(stars["flux"]) <= 0).all()
    assert np.median(stars["fwhm"]) == pytest.approx(light.made.quality["fwhm_pixels"], abs=0.2)
    with pytest.raises(BadFrame, match="no table of stars"):
        read_stars(str(tmp_path / "light.fits"))


def test_fields_without_a_name_are_told_apart_by_where_they_lie(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    stars = strewn(120, SIDE, seed=1)
    for n, ra in enumerate((10.0, 10.1, 40.0)):
        write_light(raw / f"light-{n}.fits", stars, n, OBJECT=None, RA=ra, DEC=-20.0)
    (field,) = reduce_folder(raw, tmp_path / "out").trends
    assert [file for file, _ in field.points] == ["light-0.fits", "light-1.fits"]
