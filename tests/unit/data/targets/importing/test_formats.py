"""ECSV, VOTable and FITS tables are read with their types, units and gaps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import MaskedColumn, Table
from astropy.time import Time

from tests.unit.data.targets.importing.tables import import_file, import_text
from tests.unit.data.targets.room import Room
from toros.data.targets.importing.reading import format_of
from toros.errors import Permanent

FORMATS = {"x.ecsv": "ascii.ecsv", "x.vot": "votable", "x.fits": "fits"}


def _table() -> Table:
    table = Table()
    table["name"] = ["M31", "M33"]
    table["RA"] = np.array([10.6847, 23.4621], dtype=np.float64)
    table["Dec"] = np.array([41.269, 30.66], dtype=np.float64)
    table["pmRA"] = np.array([0.0015, 0.002])
    table["pmRA"].unit = "arcsec / yr"
    table["name1"] = MaskedColumn(["NGC 224", ""], mask=[False, True])
    table["importance"] = MaskedColumn([9, 0], mask=[False, True], dtype=np.int32)
    table["catalogue"] = ["007", "1e5"]
    table["redshift"] = np.array([-0.001, np.nan])
    table["seen"] = [True, False]
    table["spectrum"] = np.ones((2, 3))
    return table


@pytest.mark.parametrize("name", FORMATS)
def test_types_units_and_gaps(room: Room, tmp_path: Path, name: str) -> None:
    _table().write(tmp_path / name, format=FORMATS[name])
    told = import_file(room, tmp_path / name)
    assert (told.counts, told.problems) == ({"new": 2}, [])
    m31, m33 = room.show("ngc 224"), room.show("M33")
    assert (m31["ra"], m31["dec"], m31["importance"], "importance" in m33) == (10.6847, 41.269, 9.0, False)
    assert m31["pm_ra"] == pytest.approx(1.5)
    assert m31["extras"] == {"catalogue": "007", "redshift": -0.001, "seen": True}
    assert m33["extras"] == {"catalogue": "1e5", "seen": False}
    assert import_file(room, tmp_path / name).counts == {"same": 2}


@pytest.mark.parametrize("unit", ["hourangle", "h"])
def test_hours_are_refused_with_the_hint(room: Room, tmp_path: Path, unit: str) -> None:
    table = _table()
    table["RA"].unit = unit
    table.write(tmp_path / "x.ecsv")
    with pytest.raises(Permanent, match="in hours; allowed: degrees"):
        import_file(room, tmp_path / "x.ecsv")


def test_a_unit_that_is_another_thing_is_refused(room: Room, tmp_path: Path) -> None:
    table = _table()
    table["pmRA"].unit = "km / s"
    table.write(tmp_path / "x.ecsv")
    with pytest.raises(Permanent, match="pm_ra: the column is in km / s; allowed: mas / yr"):
        import_file(room, tmp_path / "x.ecsv")


def test_times_become_times(room: Room, tmp_path: Path) -> None:
    table = _table()["name", "RA", "Dec"]
    table["discovered"] = Time(["2017-08-17T23:33:00", "2020-01-01T00:00:00"])
    table.write(tmp_path / "x.ecsv")
    import_file(room, tmp_path / "x.ecsv")
    assert room.show("m31")["extras"] == {"discovered": "2017-08-17T23:33:00.000"}


@pytest.mark.parametrize("name", [*FORMATS, "image.fits"])
def test_what_is_no_table_is_refused(room: Room, tmp_path: Path, name: str) -> None:
    if name == "image.fits":
        fits.PrimaryHDU(np.ones((4, 4))).writeto(tmp_path / name)
    else:
        (tmp_path / name).write_bytes(b"\x00\x01 nothing of the kind <")
    with pytest.raises(Permanent, match="is not a (ecsv|votable|fits) table that can be read"):
        import_file(room, tmp_path / name)


def test_the_ending_tells_the_kind() -> None:
    names = ["a.CSV", "a.tsv", "a.ecsv", "a.xml", "a.vot", "a.fits", "a.fits.gz"]
    assert [format_of(name) for name in names] == ["csv", "csv", "ecsv", "votable", "votable", "fits", "fits"]
    with pytest.raises(Permanent, match="allowed: csv, ecsv, votable, fits"):
        format_of("targets.xlsx")


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_the_header_tells_the_delimiter(room: Room, tmp_path: Path, delimiter: str) -> None:
    lines = ["# from a survey", delimiter.join(["name", "ra", "dec", "note"]), delimiter.join(["x", "1", "2", "a, b"])]
    assert import_text(room, tmp_path, "\ufeff" + "\r\n".join(lines) + "\r\n\r\n").counts == {"new": 1}
    assert room.show("x")["extras"] == {"note": "a, b"}
