"""ATLAS's forced photometry and SExtractor's catalogues."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from toros.data.processors.options import PhotometryOptions
from toros.data.processors.reading import Reading
from toros.data.processors.registry import read_product
from toros.errors import Permanent

ATLAS = """###MJD          m      dm   uJy   duJy F err chi/N     RA       Dec        x        y     maj  min   phi  apfit mag5sig Sky   Obs
60316.142545  17.349  0.089   417   37 o  0  28.03  65.00165 -54.93795  9674.06  2072.74 2.51 1.85  76.9 -0.504 19.34 20.82 04a60316o0180o
60316.145763 -17.672  0.077  -310   24 c  1  29.48  65.00165 -54.93795  9692.04  2109.54 2.83 2.47 -29.0 -0.366 19.39 20.93 04a60316o0187o
60316.147000  17.672  0.077   310    0 c  0  29.48  65.00165 -54.93795  9692.04  2109.54 2.83 2.47 -29.0 -0.366 19.39 20.93 04a60316o0188o
"""  # noqa: E501
SEXTRACTOR = """#   1 NUMBER                 Running object number
#   2 ALPHA_J2000            Right ascension of barycenter (J2000)              [deg]
#   3 DELTA_J2000            Declination of barycenter (J2000)                  [deg]
#   4 MAG_AUTO               Kron-like elliptical aperture magnitude            [mag]
#   5 MAGERR_AUTO            RMS error for AUTO magnitude                       [mag]
    1  359.99990  10.00000  -8.1  0.01
    2    0.00020  10.00010  -9.2  0.02
    3    0.10000  10.00000  99.0  99.0
    4  broken
"""


def read(folder: Path, text: str, **options: Any) -> Reading:
    path = folder / "file.txt"
    path.write_text(text)
    reading = read_product(path, "photometry", PhotometryOptions(**options))
    assert isinstance(reading, Reading)
    return reading


def test_atlas_magnitudes_with_limits_where_the_flux_is_nothing(tmp_path: Path) -> None:
    reading = read(tmp_path, ATLAS)
    points = reading.points
    assert reading.layout == "ATLAS"
    assert points.upper_limit.tolist() == [False, True]
    assert points.value.tolist() == pytest.approx([17.349, 23.9 - 2.5 * np.log10(3 * 24)])
    assert points.flags.tolist() == [0, 1]
    assert [(about.band, about.system) for about in points.about][:2] == [("o", "AB"), ("c", "AB")]
    assert str(reading.problems.first[0]) == "line 4: duJy '0' is not a finite number above 0"


def test_atlas_fluxes(tmp_path: Path) -> None:
    points = read(tmp_path, ATLAS, quantity="flux").points
    assert points.value.tolist() == [417, -310] and points.error.tolist() == [37, 24]
    assert not points.upper_limit.any() and points.about[0].unit == "uJy"


SAID = {"ra": 0.0, "dec": 10.0, "mjd": 59000.25, "band": "r"}


def test_of_a_catalogue_the_star_nearest_to_the_target_is_taken(tmp_path: Path) -> None:
    reading = read(tmp_path, SEXTRACTOR, **SAID)
    assert reading.points.value.tolist() == [-8.1] and reading.points.line.tolist() == [6]
    assert reading.points.about[0].system == "instrumental"
    assert "not standardised" in reading.remarks[0] and "0.35 arcsec from the target" in reading.remarks[1]
    assert [problem.line for problem in reading.problems.first] == [9, 8]


def test_a_target_that_is_not_in_the_catalogue(tmp_path: Path) -> None:
    reading = read(tmp_path, SEXTRACTOR, **{**SAID, "dec": 10.1})
    assert not len(reading.points)
    assert "no star within 2 arcsec of the target; the nearest is 359" in str(reading.problems.first[-1])


@pytest.mark.parametrize(
    ("said", "sentence"),
    [({"mjd": None}, "give mjd"), ({"band": None}, "give filter"), ({"ra": None}, "with coordinates"),
     ({"mjd": 2459000.5}, "looks like a Julian date")],
)  # fmt: skip
def test_what_a_catalogue_does_not_say_must_be_said(tmp_path: Path, said: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Permanent, match=sentence):
        read(tmp_path, SEXTRACTOR, **{**SAID, **said})


def test_a_catalogue_in_fits(tmp_path: Path) -> None:
    columns = {"ALPHA_J2000": [0.0001, 5.0], "DELTA_J2000": [10.0, 10.0], "MAG_AUTO": [-7.0, -9.0],
               "MAGERR_AUTO": [0.1, 0.1]}  # fmt: skip
    table = fits.BinTableHDU.from_columns([fits.Column(n, "D", array=np.array(v)) for n, v in columns.items()])
    table.name = "LDAC_OBJECTS"
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(tmp_path / "x.cat")
    reading = read_product(tmp_path / "x.cat", "photometry", PhotometryOptions(**SAID))
    assert reading.layout == "SExtractor" and reading.points.value.tolist() == [-7.0]
