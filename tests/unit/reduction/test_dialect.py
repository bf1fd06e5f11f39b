"""Headers of many observatories say the same thing; what they leave open is guessed and the guess is said."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.reduction.made_headers import SHAPE, read, said
from toros.errors import BadFrame
from toros.reduction.cameras.camera import Camera
from toros.reduction.dialect import describe
from toros.reduction.keywords import dialects


@pytest.mark.parametrize("cards", [{"EXPTIME": 12.5}, {"EXPOSURE": 12.5}, {"EXPTIME": "12.5 s"}, {"ITIME": 12.5}])
def test_exposure_times(cards: dict[str, Any]) -> None:
    assert read(IMAGETYP="LIGHT", **cards).exposure_time == 12.5


def test_exposure_times_that_disagree_negative_or_missing() -> None:
    assert said(read(IMAGETYP="LIGHT", EXPTIME=10.0, EXPOSURE=20.0), "EXPTIME was taken")
    assert said(read(IMAGETYP="LIGHT"), "does not say how long")
    with pytest.raises(BadFrame, match="negative: -5 s"):
        read(IMAGETYP="LIGHT", EXPTIME=-5.0)
    assert read(IMAGETYP="BIAS", EXPTIME=-1.0).exposure_time == 0.0


@pytest.mark.parametrize(
    ("cards", "ra", "dec"),
    [
        ({"RA": 31.312099, "DEC": 46.769087}, 31.312099, 46.769087),
        ({"RA": "20:57:04.0976", "DEC": "-31:39:40.6"}, 314.2670733, -31.6612778),
        ({"OBJCTRA": "20 57 04.40", "OBJCTDEC": "+31 39 39.6"}, 314.2683333, 31.661),
        ({"OBJCTRA": "20 57 04", "OBJCTDEC": "-00 30 00"}, 314.2666667, -0.5),
        ({"RA": "31.5", "DEC": "-2.5"}, 31.5, -2.5),
    ],
)
def test_pointings_in_degrees_and_sexagesimal(cards: dict[str, Any], ra: float, dec: float) -> None:
    what = read(IMAGETYP="LIGHT", EXPTIME=1.0, **cards)
    assert what.ra == pytest.approx(ra, abs=1e-6)
    assert what.dec == pytest.approx(dec, abs=1e-6)


def test_a_pointing_off_the_sky_is_ignored() -> None:
    what = read(IMAGETYP="LIGHT", EXPTIME=1.0, RA=10.0, DEC=95.0)
    assert what.ra is None
    assert said(what, "not on the sky")


@pytest.mark.parametrize(
    ("cards", "done"),
    [
        ({"SUBBIAS": "ccd=<CCDData>, master=<CCDData>"}, {"bias"}),
        ({"ZEROCOR": "Nov 20 bias"}, {"bias"}),
        ({"TRIMIM": "x", "SUBDARK": "x"}, {"trim", "dark"}),
        ({"FLATCOR": False, "GAINCOR": 0}, set()),
    ],
)
def test_steps_that_were_done_before_are_seen(cards: dict[str, Any], done: set[str]) -> None:
    assert read(IMAGETYP="LIGHT", EXPTIME=1.0, **cards).done == done


@pytest.mark.parametrize(
    ("cards", "mode"),
    [({"READOUTM": "2 MHz (slow)"}, "2 mhz slow"), ({"READMODE": 1}, "1"), ({"RDMODE": "full_frame"}, "full frame"),
     ({"READOUTM": " ", "READMODE": "Monochrome"}, "monochrome"), ({}, "")],
)  # fmt: skip
def test_readout_modes(cards: dict[str, Any], mode: str) -> None:
    assert read(IMAGETYP="BIAS", **cards).readout_mode == mode


@pytest.mark.parametrize(
    ("cards", "degrees"),
    [({"CCD_TEMP": -20.04, "SET_TEMP": -20.0}, -20.04), ({"SET_TEMP": -20.0}, -20.0), ({"CAMTEMP": 270.0}, -3.15),
     ({"CAMTEMP": "11 C"}, 11.0), ({"CCD_TEMP": -999.0, "SET_TEMP": -10.0}, -10.0), ({}, None)],
)  # fmt: skip
def test_temperatures_in_celsius_or_kelvin(cards: dict[str, Any], degrees: float | None) -> None:
    what = read(IMAGETYP="BIAS", **cards)
    assert what.temperature == degrees
    assert said(what, "CCD-TEMP = -999 cannot be") == (cards.get("CCD_TEMP") == -999.0)


def test_a_camera_speaks_its_own_dialect() -> None:
    camera = Camera(
        "own", match={"INSTRUME": "own"}, keywords={"exposure": ("SHUTTER",), "filter": ("WHEEL",), "kind": ("SORT",)},
        cards={"GAIN": 2.5, "WHEEL": "7"}, kinds={"flat": ("Evening Sky",)}, filters={"7": "r"},
    )  # fmt: skip
    header = {
        "INSTRUME": "Own camera",
        "SORT": "evening-sky",
        "SHUTTER": 3.5,
        "EXPTIME": 99.0,
        "GAIN": 1.0,
        "WHEEL": "9",
    }
    what = describe(header, name="a.fits", shape=SHAPE, cameras=[camera])
    assert (what.kind, what.exposure_time, what.filter, what.band, what.gain) == ("flat", 3.5, "7", "r", 2.5)
    other = describe({**header, "INSTRUME": "Other"}, name="a.fits", shape=SHAPE, cameras=[camera])
    assert (other.kind, other.exposure_time, other.gain) == ("light", 99.0, 1.0)


KEYWORDS = sorted(
    {key for name, keys in dialects().items() if name.endswith("_keywords") and isinstance(keys, list) for key in keys}
    | {
        "MJD-OBS",
        "JD",
        "TIMESYS",
        "UT-OBS",
        "CCDSUM",
        "XBINNING",
        "BUNIT",
        "COMBINED",
        "NCOMBINE",
        "TRIMIM",
        "TPRODUCT",
    }
    | {f"{key}{n}" for keys in dialects()["amplifier_keywords"].values() for key in keys for n in (1, 2)}
)
VALUES = (
    st.text(max_size=25) | st.integers() | st.floats() | st.booleans() | st.none()
    | st.datetimes().map(lambda t: t.isoformat() + "-0700") | st.from_regex(r"\[\d{1,3}:\d{1,3},\d{1,3}:\d{1,3}\]")
    | st.sampled_from(["0001-01-01T00:00:00+1400", "9999-12-31T23:59:59-1200", "TAI", "31/12/99", "2x0", "1E400"])
)  # fmt: skip


@given(st.dictionaries(st.sampled_from(KEYWORDS), VALUES, max_size=12), st.sampled_from(["UTC", "America/Santiago"]))
def test_no_header_breaks_it(header: dict[str, Any], zone: str) -> None:
    try:
        what = describe(header, name="a.fits", shape=SHAPE, cameras=[Camera(timezone=zone)])
    except BadFrame as error:
        assert len(str(error)) > 10
        return
    assert what.kind in ("bias", "dark", "flat", "light")
    assert all(isinstance(mark, str) and mark for mark in what.marks)
    numbers = [what.exposure_time, what.gain, what.read_noise, what.saturation, what.temperature, what.ra, what.dec]
    assert all(number is None or math.isfinite(number) for number in numbers)
    assert what.date_obs is None or datetime.fromisoformat(what.date_obs)
    assert min(what.binning) >= 1
