"""Recorded replies of archives that are photometry are read as they are."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from toros.data.processors.options import PhotometryOptions
from toros.data.processors.reading import Reading
from toros.data.processors.registry import read_product
from toros.errors import Permanent

SAMPLES = Path(os.environ.get("TOROS_SAMPLE_DATA", "/nowhere")) / "archives"
pytestmark = pytest.mark.skipif("TOROS_SAMPLE_DATA" not in os.environ, reason="TOROS_SAMPLE_DATA is not set")
OFFSET = 57999.5  # the files leave one out and do not say which; any that gives a sensible time does here

FILES: dict[str, tuple[dict[str, Any], str, int, int]] = {  # options, layout, points, limits
    "atlas/issue58_rows.txt": ({}, "ATLAS", 8, 7),
    "atlas/test_atlas_fp.csv": ({}, "ATLAS", 32, 17),
    "asassn/vxmen.csv": ({"band": "V"}, "general", 1065, 0),
    "gaia_alerts/Gaia20bph_lightcurve.csv": ({"band": "G"}, "general", 2, 0),
    "ztf/1.csv": ({"time_offset": OFFSET}, "general", 362, 0),
    "ztf/2.csv": ({"time_offset": OFFSET}, "general", 361, 0),
    "ztf/640202200001881.csv": ({}, "general", 107, 0),
    "ztf/742201400001054.csv": ({}, "general", 100, 0),
    "ztf/742201400001066.csv": ({}, "general", 100, 0),
    "ztf/ZTF_lightcurve.csv": ({}, "general", 1852, 0),
}


def read(path: Path, **options: Any) -> Reading:
    reading = read_product(path, "photometry", PhotometryOptions(**options))
    assert isinstance(reading, Reading)
    return reading


@pytest.mark.parametrize("name", FILES)
def test_a_recorded_reply(name: str) -> None:
    options, layout, points, limits = FILES[name]
    reading = read(SAMPLES / name, **options)
    assert not len(reading.problems), [str(each) for each in reading.problems.first]
    assert (reading.layout, len(reading.points), int(reading.points.upper_limit.sum())) == (layout, points, limits)


@pytest.mark.parametrize("archive", ["antares", "sdss_stripe82"])
def test_every_light_curve_of_an_archive(archive: str) -> None:
    files = sorted((SAMPLES / archive).glob("*.csv"))
    assert len(files) >= 30
    for file in files:
        reading = read(file)
        assert len(reading.points) + len(reading.problems) == len(file.read_text().split()) - 1
        for problem in reading.problems.first:  # Stripe 82 writes 99.994 where nothing was measured
            assert float(problem.value) > 99 and "stands for no measurement" in problem.reason


def test_the_three_tables_that_asas_sn_served(tmp_path: Path) -> None:
    tables = (SAMPLES / "asassn/formats_from_vstar.txt").read_text().split("\n\n")
    found = []
    for table in tables[:3]:
        (tmp_path / "table.csv").write_text(table)
        reading = read(tmp_path / "table.csv", band="V")
        found.append((len(reading.points), int(reading.points.upper_limit.sum()), len(reading.problems)))
    assert found == [(2, 1, 0), (2, 0, 0), (4, 0, 0)]


@pytest.mark.parametrize("name", ["sdss_stripe82/apj326724t2.txt", "first/3c273_first_heasarc_tap.vot"])
def test_what_is_a_catalogue_and_no_light_curve_is_refused(name: str) -> None:
    with pytest.raises(Permanent, match="no column holds the time"):
        read(SAMPLES / name, band="r")
