"""Light curves written out, read back, and drawn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.unit.data.measurements.curves import curve, ingest, reading
from toros.data.measurements.chunk import Taken
from toros.data.measurements.exporting import FORMATS, Format, held, written
from toros.data.measurements.finding import find_measurements
from toros.data.measurements.lightcurve import Lightcurve, Selection
from toros.data.measurements.plot import _date, plot_lightcurve
from toros.data.permissions import Viewer
from toros.data.processors.options import PhotometryOptions
from toros.data.processors.reading import About
from toros.data.processors.registry import read_product
from toros.errors import Permanent
from toros.store.database import Database

V = About(band="V(GaiaSP)", facility="Bialkow", observer='J. "Jan" Kowalski; et al')
O = About(band="o", system="AB", source="ATLAS", facility="ATLAS", method="forced photometry")  # noqa: E741
F = About(band="r", kind="flux", unit="uJy", time_scale="tdb", time_reference="barycentre")


@pytest.fixture
def lightcurve(database: Database) -> Lightcurve:
    ingest(database, reading((59000.12345, 15.58, 0.01), (59001.25, 17.1, np.nan), about=V, limits=(1,)))
    ingest(database, reading((59002.25, 18.0, np.nan), about=O))
    ingest(database, reading((59003.25, 417.5, 37.25), about=F))
    return curve(database)


def test_bhtom_s_form(lightcurve: Lightcurve) -> None:
    assert written(lightcurve, "bhtom").decode().splitlines() == [
        "MJD;Magnitude;Error;Facility;Filter;Observer",
        '59000.12345;15.58;0.01;Bialkow;V(GaiaSP);"J. ""Jan"" Kowalski; et al"',
        '59001.25;17.1;-1;Bialkow;V(GaiaSP);"J. ""Jan"" Kowalski; et al"',
        "59002.25;18.0;;ATLAS;o;",
    ]


def test_what_a_form_has_no_place_for_is_counted(lightcurve: Lightcurve) -> None:
    fluxes = len(lightcurve) - 3
    assert fluxes > 0
    assert [held(lightcurve, format_) for format_ in FORMATS] == [3, *[3 + fluxes] * (len(FORMATS) - 1)]


def test_bhtom_s_form_is_read_back(lightcurve: Lightcurve, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(written(lightcurve, "bhtom"))
    reading = read_product(tmp_path / "x.csv", "photometry", PhotometryOptions())
    assert reading.layout == "BHTOM" and not len(reading.problems)
    assert reading.points.value.tolist() == [15.58, 17.1, 18.0]
    assert reading.points.upper_limit.tolist() == [False, True, False]
    assert reading.points.about[0] == V


@pytest.mark.parametrize("format_", ["csv", "ecsv", "votable", "parquet"])
def test_the_other_forms_come_back_whole(
    database: Database, lightcurve: Lightcurve, tmp_path: Path, format_: Format
) -> None:
    if format_ == "parquet":
        pytest.importorskip("pyarrow")
    path = tmp_path / f"x.{format_}"
    path.write_bytes(written(lightcurve, format_))
    reading = read_product(path, "photometry", PhotometryOptions())
    assert reading.layout == "TOROS" and not len(reading.problems)
    assert set(reading.points.about) == {V, O, F}
    assert ingest(database, reading).taken == Taken(same=4)


def test_nothing_is_written_as_a_table_without_rows(database: Database) -> None:
    for format_ in ("bhtom", "csv", "ecsv", "votable"):
        assert written(curve(database, bands=["none"]), format_)  # type: ignore[arg-type]


def test_pages_of_points(database: Database, lightcurve: Lightcurve) -> None:
    def page(after: str | None = None, viewer: Viewer | None = None) -> dict:  # type: ignore[type-arg]
        who = viewer or Viewer.all_seeing()
        return database.read(
            lambda s: find_measurements(s, "sn2026-ABC", viewer=who, selection=Selection(), limit=3, after=after)
        )

    first = page()
    assert first["more"] and len(first["points"]) == 3
    assert first["points"][1] == {"series": 1, "mjd": 59001.25, "value": 17.1, "upper_limit": True, "active": True,
                                  "revision": 1}  # fmt: skip
    assert first["series"][1]["source"] == "ATLAS" and "observer" not in first["series"][1]
    rest = page(first["after"])
    assert not rest["more"] and [point["value"] for point in rest["points"]] == [417.5]
    assert page(rest["after"])["points"] == []
    with pytest.raises(Permanent, match="is not the end of a page"):
        page("1")


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
def test_a_picture(lightcurve: Lightcurve, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"curve{suffix}"
    plot_lightcurve(lightcurve, path)
    start = path.read_bytes()[:100]
    assert start.startswith({".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF"}[suffix])


def test_no_picture_of_nothing_and_none_in_another_form(
    lightcurve: Lightcurve, database: Database, tmp_path: Path
) -> None:
    with pytest.raises(Permanent, match=r"written as .png, .svg or .pdf"):
        plot_lightcurve(lightcurve, tmp_path / "curve.gif")
    with pytest.raises(Permanent, match="SN has no measurements to draw"):
        plot_lightcurve(curve(database, bands=["none"]), tmp_path / "curve.png")


@pytest.mark.parametrize(
    ("span", "said"), [(300.0, "2026-11-28"), (2.0, "11-28 09:24"), (0.0014, "11-28 09:24:44")]
)  # fmt: skip
def test_dates_along_a_plot_are_as_fine_as_it_wants_them(span: float, said: str) -> None:
    assert _date(61372.39218, span) == said
