"""Tables of photometry: their layouts, and what cannot be taken, told with its line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.table import Table

from toros.data.processors.options import PhotometryOptions
from toros.data.processors.reading import MICROSECONDS_A_DAY, Reading
from toros.data.processors.registry import processors, read_product
from toros.errors import Permanent

TOM = """time,filter,magnitude,error,limit,source
59000.25,r,15.582,0.005,,MARS
59001,g,16,0.1,,MARS
59002.25,r,,,17.9,MARS
"""
BHTOM = """MJD;Magnitude;Error;Facility;Filter;Observer
59000.25;15.58;0.01;Bialkow;V(GaiaSP);J. Kowalski
59001.25;17.1;-1;Bialkow;V(GaiaSP);J. Kowalski
"""


def read(folder: Path, text: str, **options: Any) -> Reading:
    path = folder / "photometry.csv"
    path.write_text(text)
    reading = read_product(path, "photometry", PhotometryOptions(**options))
    assert isinstance(reading, Reading)
    return reading


def told(reading: Reading) -> list[str]:
    return [str(problem) for problem in reading.problems.first]


def mjd(reading: Reading) -> list[float]:
    return [float(each) for each in reading.points.time / MICROSECONDS_A_DAY]


def test_the_layout_of_the_tom_with_a_limit_and_whole_numbers(tmp_path: Path) -> None:
    reading = read(tmp_path, TOM)
    assert reading.layout == "TOM" and not len(reading.problems)
    assert mjd(reading) == [59000.25, 59001.0, 59002.25]
    assert reading.points.value.tolist() == [15.582, 16.0, 17.9]
    assert reading.points.upper_limit.tolist() == [False, False, True]
    assert {(about.band, about.source) for about in reading.points.about} == {("r", "MARS"), ("g", "MARS")}


def test_bhtom_marks_a_limit_by_an_error_of_minus_one(tmp_path: Path) -> None:
    reading = read(tmp_path, BHTOM)
    assert reading.layout == "BHTOM"
    assert reading.points.upper_limit.tolist() == [False, True]
    assert np.isnan(reading.points.error[1])
    about = reading.points.about[0]
    assert (about.facility, about.observer, about.band) == ("Bialkow", "J. Kowalski", "V(GaiaSP)")
    assert "separated by semicolons" in reading.remarks[0] and "layout BHTOM" in reading.remarks[1]


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("59001.5,r,bright,0.1,,X", "line 3: magnitude 'bright' is not a number"),
        ("59001.5,r,nan,0.1,,X", "line 3: magnitude 'nan' is not a finite number, and there is no limit beside it"),
        ("59001.5,r,inf,0.1,,X", "line 3: magnitude 'inf' stands for no measurement, and there is no limit beside it"),
        ("59001.5,r,99.99,0.1,,X", "line 3: magnitude '99.99' stands for no measurement, and there is no limit"),
        ("59001.5,r,-45,0.1,,X", "line 3: magnitude '-45' is no magnitude: -30 to 40 are allowed"),
        ("2459001.5,r,18,0.1,,X", "looks like a Julian date where MJD is expected: take 2400000.5 off, or say"),
        ("1001.5,r,18,0.1,,X", "line 3: time '1001.5' lies before MJD 9542: days are left out; say time_offset"),
        (",r,18,0.1,,X", "line 3: time is not a time"),
        ("59001.5,,18,0.1,,X", "line 3: filter is empty: say filter"),
        ("59001.5,r,18,-0.1,,X", "line 3: error '-0.1' is below 0"),
        ("59001.5;r;18;0.1;;X", "line 3: is separated by semicolons, the header by commas"),
        ("59001.5,r,18", "line 3: has 3 cells, the header 6"),
    ],
)
def test_a_bad_row_is_told_with_its_line_and_the_others_are_kept(tmp_path: Path, row: str, sentence: str) -> None:
    lines = TOM.splitlines()
    reading = read(tmp_path, "\n".join([*lines[:2], row, *lines[2:]]))
    assert len(reading.points) == 3 and len(reading.problems) == 1
    assert sentence in told(reading)[0]


@pytest.mark.parametrize(
    ("text", "options", "sentence"),
    [
        ("", {}, "is empty"),
        ("\n\n", {}, "is empty: a header and rows are expected"),
        ("time,filter,magnitude\n", {}, "has a header and no rows"),
        ("59000,r,15\n59001,r,16\n", {}, "has no header"),
        ("when,filter,magnitude\n59000,r,15\n", {}, "no column holds the time"),
        ("time,filter,brightness\n59000,r,15\n", {}, "no column holds a magnitude or flux"),
        ("time,magnitude\n59000,15\n", {}, "no column holds the filter, give filter"),
        ("time,filter,flux\n59000,r,15\n", {}, "has no unit that is known; give unit"),
        ("time,mag,mag,filter\n59000,15,15,r\n", {}, "two columns are called 'mag'"),
        (TOM, {"layout": "nonsense"}, "is not installed; allowed: atlas, sextractor, toros, table"),
        (TOM, {"largest": 10}, "at most 10 are opened"),
    ],
)
def test_a_file_that_is_no_photometry_is_refused_whole(
    tmp_path: Path, text: str, options: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(Permanent, match=sentence):
        read(tmp_path, text, **options)


def test_a_file_of_two_gigabytes_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "large.csv"
    with path.open("wb") as file:
        file.truncate(2_000_000_000)
    with pytest.raises(Permanent, match=r"2000000000 bytes; at most 500000000 are opened \(data.largest_table\)"):
        read_product(path, "photometry", PhotometryOptions())


def test_julian_dates_of_text_keep_their_microseconds(tmp_path: Path) -> None:
    of_jd = read(tmp_path, "jd,mag,band\n2459000.6234567890,15,r\n")
    of_mjd = read(tmp_path, "mjd,mag,band\n59000.123456789,15,r\n")
    assert of_jd.points.time.tolist() == of_mjd.points.time.tolist()
    assert "are Julian dates, kept as MJD" in " ".join(of_jd.remarks)


def test_times_say_where_the_light_arrived(tmp_path: Path) -> None:
    about = read(tmp_path, "hjd,mag,band\n2459000.6,15,r\n").points.about[0]
    assert (about.time_scale, about.time_reference) == ("utc", "heliocentre")
    about = read(tmp_path, "BJD_TDB,mag,band\n2459000.6,15,r\n").points.about[0]
    assert (about.time_scale, about.time_reference) == ("tdb", "barycentre")


def test_dates_and_offsets(tmp_path: Path) -> None:
    assert mjd(read(tmp_path, "date,mag,band\n2020-05-31T06:00:00,15,r\n2020-05-31 06:00,15,g\n")) == [59000.25] * 2
    assert mjd(read(tmp_path, "time,mag,band\n1000.75,15,r\n", time_offset=57999.5)) == [59000.25]


def test_fluxes_are_kept_in_microjansky(tmp_path: Path) -> None:
    reading = read(tmp_path, "mjd,flux,flux_err,band\n59000,2.5,0.5,r\n", unit="mJy")
    assert (reading.points.value.tolist(), reading.points.error.tolist()) == ([2500.0], [500.0])
    assert (reading.points.about[0].kind, reading.points.about[0].unit) == ("flux", "uJy")


@pytest.mark.parametrize("unit", ["erg/s/cm2/AA", "erg/cm2/s/A", "erg s-1 cm-2 Angstrom-1"])
def test_fluxes_per_wavelength_and_counts_stay_what_they_are(tmp_path: Path, unit: str) -> None:
    reading = read(tmp_path, "mjd,flux,flux_err,band\n59000,2.5e-16,5e-18,r\n", unit=unit)
    about = reading.points.about[0]
    assert (about.kind, about.unit, about.system) == ("flux_per_wavelength", "erg s-1 cm-2 Angstrom-1", "")
    assert (reading.points.value.tolist(), reading.points.error.tolist()) == ([2.5e-16], [5e-18])
    counted = read(tmp_path, "mjd,flux,flux_err,band\n59000,812,29,clear\n", unit="counts").points
    assert (counted.about[0].kind, counted.about[0].unit, counted.value.tolist()) == ("counts", "counts", [812.0])


def test_an_astropy_table_tells_a_flux_per_wavelength_by_its_unit(tmp_path: Path) -> None:
    table = Table({"mjd": [59000.1], "flux": [2.5e-16], "band": ["r"]})
    table["flux"].unit = "erg / (s cm2 Angstrom)"
    for format_, name in (("ascii.ecsv", "x.ecsv"), ("votable", "x.xml"), ("fits", "x.fits")):
        table.write(tmp_path / name, format=format_)
        about = read_product(tmp_path / name, "photometry", PhotometryOptions()).points.about[0]
        assert (about.kind, about.unit) == ("flux_per_wavelength", "erg s-1 cm-2 Angstrom-1")


def test_other_layouts_of_the_same_table(tmp_path: Path) -> None:
    wanted = read(tmp_path, TOM).points
    for separator in ("\t", "|", ";"):
        other = read(tmp_path, TOM.replace(",", separator)).points
        assert other.time.tolist() == wanted.time.tolist() and other.value.tolist() == wanted.value.tolist()
    spaces = read(tmp_path, "# Gaia18abc\nmjd mag magerr band\n59000.25  15.5 0.1 r\n59001.25 15.6 0.1 r\n")
    assert mjd(spaces) == [59000.25, 59001.25]
    latin = tmp_path / "latin.csv"
    latin.write_bytes("mjd,mag,band,observer\n59000,15,r,Łucja\n59001,15,r,José\n".replace("Ł", "L").encode("latin-1"))
    assert {each.observer for each in read_product(latin, "photometry", PhotometryOptions()).points.about} == {
        "Lucja", "José",
    }  # fmt: skip


@pytest.mark.parametrize(("format_", "name"), [("ascii.ecsv", "x.ecsv"), ("votable", "x.xml"), ("fits", "x.fits")])
def test_astropy_s_tables(tmp_path: Path, format_: str, name: str) -> None:
    table = Table({"mjd": [59000.123456789, 59001.0], "mag": [15.5, np.nan], "magerr": [0.1, 0.2], "band": ["r", "g"]})
    table["mag"].unit = "mag"
    table.write(tmp_path / name, format=format_)
    reading = read_product(tmp_path / name, "photometry", PhotometryOptions())
    text = read(tmp_path, "mjd,mag,band\n59000.123456789,15.5,r\n")
    assert reading.points.time.tolist() == text.points.time.tolist()
    assert [about.band for about in reading.points.about][:1] == ["r"]
    assert len(reading.problems) == 1 and "mag" in told(reading)[0]


def test_units_of_an_ecsv_are_heeded(tmp_path: Path) -> None:
    table = Table({"mjd": [59000.0], "flux": [2.0], "band": ["r"]}, units={"flux": "mJy"})
    table.write(tmp_path / "x.ecsv", format="ascii.ecsv", delimiter=",")
    assert read_product(tmp_path / "x.ecsv", "photometry", PhotometryOptions()).points.value.tolist() == [2000.0]


def test_a_votable_that_is_broken_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Permanent, match="cannot be read as votable"):
        read(tmp_path, "<?xml version='1.0'?><VOTABLE><RESOURCE><TABLE><FIELD")


def test_many_problems_are_counted_and_the_first_told(tmp_path: Path) -> None:
    text = "mjd,mag,band\n" + "59000,x,r\n" * 3000 + "59001,15,r\n"
    reading = read(tmp_path, text)
    assert len(reading.problems) == 3000 and len(reading.points) == 1
    summary = reading.problems.summary(5)
    assert len(summary["problems"]) == 5 and summary["reasons"] == {"mag is not a number": 3000}


def test_our_own_processors_are_found_by_their_entry_points() -> None:
    assert processors("photometry") == ["atlas", "sextractor", "toros", "table"]
    assert processors("spectroscopy") == ["table"]
