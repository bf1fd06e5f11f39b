"""Later nights find the masters of earlier ones: alike, near in time, whole; and say which, and how old."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from astropy.io import fits
from sqlalchemy import select

from tests.unit.reduction import made_frames as made
from tests.unit.services.preprocessor.desk import made_by, ordered, products_of, raw
from tests.unit.services.rehearsal import Rehearsal
from toros.errors import Permanent
from toros.store import batches

YESTERDAY, TODAY = "raw:2026-11-20/calibration", "raw:2026-11-21/light"


@pytest.fixture
def index(desk: Rehearsal) -> Rehearsal:
    """A desk that made masters yesterday."""
    made.write_night(raw(desk, "2026-11-20/calibration"), lights=0)
    ordered(desk, "make_masters", id="M1", file_location=YESTERDAY)
    return desk


def lights(desk: Rehearsal, number: int = 1, folder: str = "2026-11-21/light", **cards: Any) -> Path:
    """Write lights of the next night."""
    where = raw(desk, folder)
    where.mkdir(parents=True, exist_ok=True)
    for n in range(number):
        told = {"IMAGETYP": "LIGHT", "EXPTIME": 30.0, "FILTER": "r", "DATE_OBS": f"2026-11-21T23:{n:02d}:00.000"}
        made.write_frame(where / f"light-{n:03d}.fits", made.counts("light", 30, 500 + n), **{**told, **cards})
    return where


def masters_used(desk: Rehearsal, location: str = TODAY, **fields: Any) -> list[str]:
    """Return the kinds of the masters that were used on the one light."""
    (light,) = products_of(ordered(desk, "calibrate_file_batch", file_location=location, **fields), "calibrated")
    return [i.kind.removeprefix("master_") for i in light.inputs if i.role == "combination"]


def test_a_night_without_calibrations_uses_last_nights_and_says_so(index: Rehearsal) -> None:
    lights(index, 2)
    outcome = ordered(index, "calibrate_file_batch", id="B1", file_location=TODAY)
    orders = products_of(outcome)
    assert [order.product_type for order in orders] == ["calibrated", "calibrated"]
    assert outcome.result["masters"] == 0
    for order in orders:
        assert [i.location for i in order.inputs[1:]] == [
            f"products:2026-11-20/M1/masters/master_{name}.fits"
            for name in ("bias", "dark_60s", "flat_r", "bad_pixels")
        ]
        said = [mark for mark in order.marks if "of another night" in mark]
        assert said[2].startswith("the flat is of another night, 2026-11-20, 1.0 days earlier: products:2026-11-20/M1/")
        assert len(said) == 4
        header = fits.getheader(index.files.path(order.file_location))
        assert any("of another night" in str(value) for key, value in header.items() if key.startswith("TMARK"))
    again = ordered(index, "calibrate_file_batch", id="B2", file_location=YESTERDAY)
    assert again.result["masters"] == 4  # a folder's own frames go before the index


def test_masters_of_another_folder_of_the_same_night_are_not_called_another_nights(index: Rehearsal) -> None:
    made.write_night(raw(index, "2026-11-20/later"), biases=0, darks=0, flats=0, lights=1)
    (light,) = products_of(ordered(index, "calibrate_file_batch", file_location="raw:2026-11-20/later"), "calibrated")
    said = [mark for mark in light.marks if "of another" in mark]
    assert len(said) == 4
    assert all("is of another batch, 2026-11-20, 0." in mark and " hours " in mark for mark in said)


def test_the_pixels_are_those_that_the_same_masters_give_in_one_batch(index: Rehearsal) -> None:
    lights(index)
    (light,) = products_of(ordered(index, "calibrate_file_batch", file_location=TODAY), "calibrated")
    lights(index, folder="2026-11-20/calibration")
    (same,) = products_of(ordered(index, "calibrate_file_batch", file_location=YESTERDAY), "calibrated")
    one, other = (fits.getdata(index.files.path(order.file_location)) for order in (light, same))
    assert (one == other).all()


@pytest.mark.parametrize(
    ("cards", "used"),
    [
        ({}, ["bias", "dark", "flat", "bad_pixels"]),
        ({"FILTER": "g"}, ["bias", "dark", "bad_pixels"]),
        ({"INSTRUME": "Another"}, []),
        ({"INSTRUME": None}, ["bias", "dark", "flat", "bad_pixels"]),  # what is not said parts nobody
        ({"XBINNING": 2, "YBINNING": 2}, []),
        ({"GAIN": 3.0}, ["flat", "bad_pixels"]),
        ({"DATE_OBS": "2027-01-10T00:00:00.000"}, ["bad_pixels"]),  # 51 days; the others are good for 30
        ({"DATE_OBS": "2026-11-01T00:00:00.000"}, ["bias", "dark", "flat", "bad_pixels"]),
        ({"DATE_OBS": None}, []),  # nobody knows how old they would be
    ],
)
def test_only_masters_that_fit_are_used(cards: dict[str, Any], used: list[str], index: Rehearsal) -> None:
    lights(index, **cards)
    assert masters_used(index) == used


@pytest.mark.parametrize(
    ("date", "options", "used"),
    [
        ("2027-01-10T00:00:00.000", {"master_validity": 60.0}, 4),
        ("2026-11-21T23:00:00.000", {"master_validity": 0.5}, 0),
        ("2026-11-21T23:00:00.000", {"master_validity": 0.0}, 0),
        ("2026-11-21T23:00:00.000", {"dark_scaling": False}, 3),
    ],
)
def test_an_order_may_say_how_far_masters_may_be(
    date: str, options: dict[str, Any], used: int, index: Rehearsal
) -> None:
    lights(index, DATE_OBS=date)
    assert len(masters_used(index, **options)) == used


@pytest.mark.parametrize(("degrees", "options", "used"), [
    (-10.0, {}, 4), (-9.0, {}, 4), (-5.0, {}, 0), (-5.0, {"temperature_tolerance": 6.0}, 4), (None, {}, 4),
])  # fmt: skip
def test_masters_of_another_temperature_are_passed_over(
    degrees: float | None, options: dict[str, Any], used: int, desk: Rehearsal
) -> None:
    folder = made.write_night(raw(desk, "2026-11-20/calibration"), lights=0)
    for path in folder.iterdir():
        fits.setval(path, "CCD-TEMP", value=-10.0)
    ordered(desk, "make_masters", file_location=YESTERDAY)
    lights(desk, **({} if degrees is None else {"CCD_TEMP": degrees}))
    assert len(masters_used(desk, **options)) == used


def test_the_nearest_night_is_chosen(index: Rehearsal) -> None:
    folder = made.write_night(raw(index, "2026-11-22/calibration"), lights=0, darks=0, flats=0)
    for path in folder.iterdir():
        fits.setval(path, "DATE-OBS", value="2026-11-22T10:00:00.000")
    ordered(index, "make_masters", id="M2", file_location="raw:2026-11-22/calibration")
    lights(index)
    (light,) = products_of(ordered(index, "calibrate_file_batch", file_location=TODAY))
    bias, dark, flat, _ = (i.location.split("/")[1] for i in light.inputs[1:])
    assert (bias, dark, flat) == ("M2", "M1", "M1")
    assert any("the bias is of another batch, 2026-11-22, " in mark for mark in light.marks)


@pytest.mark.parametrize("damage", ["gone", "cut", "changed"])
def test_a_master_that_is_not_what_it_was_is_not_used(damage: str, index: Rehearsal) -> None:
    flat = index.files.path("products:2026-11-20/M1/masters/master_flat_r.fits")
    content = flat.read_bytes()
    flat.unlink()
    if damage != "gone":
        flat.write_bytes(content[:-2880] if damage == "cut" else content[:-1] + b"x")
    lights(index)
    outcome = ordered(index, "calibrate_file_batch", file_location=TODAY)
    (light,) = products_of(outcome)
    assert [i.kind for i in light.inputs[1:]] == ["master_bias", "master_dark", "master_bad_pixels"]
    assert "no flat in r: calibrated with what there is" in light.marks
    assert (damage == "changed") == any("is gone or damaged: not used" in mark for mark in outcome.result["marks"])


def test_a_light_may_be_set_aside_where_a_master_is_missing(index: Rehearsal) -> None:
    lights(index, 1, FILTER="g")
    refused = ordered(index, "calibrate_file_batch", file_location=TODAY, missing="refuse")
    assert refused.result["calibrated"] == 0
    assert refused.result["unusable"] == [
        {"file": "light-000.fits", "reason": "there is no flat in g for it: set aside as asked"}
    ]
    assert ordered(index, "calibrate_file_batch", file_location=TODAY, missing="mark").result["calibrated"] == 1


def test_a_master_of_flats_alone_is_corrected_with_earlier_biases_and_darks(index: Rehearsal) -> None:
    folder = made.write_night(raw(index, "2026-11-21/flats"), biases=0, darks=0, lights=0)
    for n, path in enumerate(sorted(folder.iterdir())):
        fits.setval(path, "DATE-OBS", value=f"2026-11-21T09:0{n}:00.000")
    outcome, fresh = made_by(index, "make_masters", file_location="raw:2026-11-21/flats", kinds=["flat"])
    assert fresh == ["master_flat_r"]
    (flat,) = products_of(outcome)
    assert [i.kind for i in flat.inputs if i.role == "combination"] == ["master_bias", "master_dark"]
    assert sum("of another batch" in mark for mark in flat.marks) == 2


@pytest.mark.parametrize(
    ("kinds", "made_kinds"),
    [
        ([], ["bias", "dark", "flat", "bad_pixels"]),
        (["bad_pixels"], ["bias", "dark", "flat", "bad_pixels"]),
        (["bias"], ["bias"]),
        (["dark"], ["bias", "dark"]),
        (["flat"], ["bias", "dark", "flat"]),
    ],
)
def test_the_masters_that_are_asked_for_are_made_with_what_they_need(
    kinds: list[str], made_kinds: list[str], desk: Rehearsal
) -> None:
    made.write_night(raw(desk), lights=2)
    outcome = ordered(desk, "make_masters", file_location="raw:2026-11-20/batch", kinds=kinds)
    assert [order.product_type for order in products_of(outcome)] == [f"master_{kind}" for kind in made_kinds]
    assert outcome.result["calibrated"] == 0
    rows = desk.read(lambda s: [r.kind for r in s.scalars(select(batches.MasterRow).order_by(batches.MasterRow.kind))])
    assert rows == sorted(made_kinds)


def test_one_frame_is_calibrated_with_the_index(index: Rehearsal) -> None:
    lights(index, 2)
    outcome = ordered(index, "calibrate_frame", id="F1", file_location=f"{TODAY}/light-001.fits", target="M 31")
    (order,) = products_of(outcome)
    assert order.file_location == "products:2026-11-21/F1/calibrated/light-001.fits"
    assert (order.batch_location, order.target, len(order.inputs)) == (TODAY, "M 31", 5)
    assert (outcome.result["lights"], outcome.result["calibrated"]) == (1, 1)


def test_one_frame_is_calibrated_with_the_finished_masters_of_a_folder(index: Rehearsal) -> None:
    lights(index)
    given = "products:2026-11-20/M1/masters"
    fields = {"file_location": f"{TODAY}/light-000.fits", "masters": given, "master_validity": 0.0}
    (order,) = products_of(ordered(index, "calibrate_frame", **fields), "calibrated")
    assert [i.location.rpartition("/")[0] for i in order.inputs[1:]] == [given] * 4
    assert not any("of another night" in mark for mark in order.marks)
    (bare,) = products_of(
        ordered(index, "calibrate_frame", file_location=f"{TODAY}/light-000.fits", master_validity=0.0)
    )
    assert len(bare.inputs) == 1


@pytest.mark.parametrize(
    ("location", "says"),
    [
        ("raw:2026-11-20/calibration", "is a folder: give the frame"),
        ("raw:2026-11-20/calibration/bias-000.fits", "cannot be calibrated: is a bias, not a light"),
        ("raw:2026-11-20/calibration/text.fits", "cannot be calibrated: is not a FITS file"),
        ("raw:2026-11-20/calibration/nothing.fits", "does not exist"),
    ],
)
def test_what_is_no_light_is_not_calibrated(location: str, says: str, index: Rehearsal) -> None:
    (raw(index, "2026-11-20/calibration") / "text.fits").write_bytes(made.HOSTILE["text.fits"])
    with pytest.raises(Permanent, match=says):
        ordered(index, "calibrate_frame", file_location=location)
