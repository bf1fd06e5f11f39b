"""Headers of many observatories say the same thing; what they leave open is guessed and the guess is said."""

from __future__ import annotations

from typing import Any

import pytest

from toros.errors import BadFrame
from toros.reduction.cameras.camera import Camera
from toros.reduction.dialect import Description, describe

SHAPE = (100, 120)


def read(name: str = "a.fits", shape: tuple[int, int] = SHAPE, peak: float = 30000.0, **cards: Any) -> Description:
    header = {key.replace("_", "-"): value for key, value in cards.items()}
    return describe(header, name=name, shape=shape, peak=peak)


def said(what: Description, words: str) -> bool:
    return any(words in mark for mark in what.marks)


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("Light Frame", "light"), ("LIGHT", "light"), ("EXPOSE", "light"), ("object", "light"), ("Science", "light"),
        ("Bias Frame", "bias"), ("BIAS", "bias"), ("zero", "bias"), ("Dark Frame", "dark"), ("DARK   ", "dark"),
        ("Flat Field", "flat"), ("FLAT", "flat"), ("SKYFLAT", "flat"), ("twilight-flat", "flat"), ("dome flat", "flat"),
        ("flat,sky", "flat"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("card", ["IMAGETYP", "OBSTYPE", "IMAGETYPE"])
def test_kinds_in_any_spelling(card: str, word: str, kind: str) -> None:
    what = read(EXPTIME=10.0, **{card: word})
    assert what.kind == kind
    assert not what.master
    assert not said(what, "guessed from")


def test_a_dark_of_no_length_is_a_bias() -> None:
    what = read(IMAGETYP="Dark Frame", EXPTIME=1e-32)
    assert (what.kind, what.exposure_time) == ("bias", 0.0)
    assert said(what, "a dark of 1e-32 s is a bias")


@pytest.mark.parametrize("cards", [{"COMBINED": True}, {"NCOMBINE": 20}])
def test_finished_masters_are_known_by_their_header(cards: dict[str, Any]) -> None:
    assert read(IMAGETYP="BIAS", EXPTIME=0.0, **cards).master


def test_finished_masters_are_known_by_the_word() -> None:
    what = read(IMAGETYP="Master Dark", EXPTIME=90.0)
    assert (what.kind, what.master) == ("dark", True)
    assert not read(IMAGETYP="DARK", NCOMBINE=1, EXPTIME=1.0).master


def test_a_name_alone_is_a_guess_and_said() -> None:
    what = read(name="combined_flat_filter_r.fit.gz", EXPTIME=1.0)
    assert (what.kind, what.master) == ("flat", True)
    assert said(what, "flat was guessed from the file's name")
    assert said(what, "a finished master was guessed from the file's name")
    assert read(name="darkness-of-m31.fits", EXPTIME=1.0).kind == "light"


def test_nothing_said_is_a_light_and_marked() -> None:
    what = read(name="HATP-32171220013343.FITS", EXPTIME=60.0)
    assert what.kind == "light"
    assert said(what, "light was guessed")


def test_a_flat_that_is_called_a_light() -> None:
    what = read(IMAGETYP="Light Frame", OBJECT="SkyFlat", EXPTIME=2.0)
    assert what.kind == "flat"
    assert said(what, "flat was guessed")
    assert read(IMAGETYP="Light Frame", OBJECT="Flat Top Nebula", EXPTIME=2.0).kind == "light"


def test_frames_of_other_kinds_are_refused() -> None:
    with pytest.raises(BadFrame, match="IMAGETYP = focus"):
        read(IMAGETYP="FOCUS", EXPTIME=1.0)


def test_an_unknown_word_is_said() -> None:
    what = read(IMAGETYP="Wibble", EXPTIME=1.0)
    assert what.kind == "light"
    assert said(what, "'wibble' is not a kind of frame")


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
    ("cards", "moment", "words"),
    [
        ({"DATE_OBS": "2026-11-20T02:14:05.123"}, "2026-11-20T02:14:05.123", None),
        ({"DATE_OBS": "2026-11-20T02:14:05Z"}, "2026-11-20T02:14:05.000", None),
        ({"DATE_OBS": "2017-12-19T18:33:43.317-0700"}, "2017-12-20T01:33:43.317", "local time (-0700)"),
        ({"DATE_OBS": "2026-11-20", "TIME_OBS": "02:14:05"}, "2026-11-20T02:14:05.000", "its own card"),
        ({"DATE_OBS": "2026-11-20", "UT": "2:14:05.5"}, "2026-11-20T02:14:05.500", "its own card"),
        ({"DATE_OBS": "19/08/97", "UT": "02:14:05"}, "1997-08-19T02:14:05.000", "dd/mm/yy"),
        ({"DATE_OBS": "2026-11-20"}, "2026-11-20T00:00:00.000", "midnight"),
        ({"DATE_OBS": "2026-11-20T00:00:37", "TIMESYS": "TAI"}, "2026-11-20T00:00:00.000", "in TAI"),
        ({"MJD_OBS": 58107.065}, "2017-12-20T01:33:36.000", "taken from MJD-OBS"),
        ({"JD": 2458107.565}, "2017-12-20T01:33:36.000", "taken from JD"),
        ({"DATE_OBS": "yesterday"}, None, "'yesterday' cannot be read"),
        ({}, None, "there is no DATE-OBS"),
    ],
)
def test_the_time_of_the_exposure_is_utc_and_never_now(
    cards: dict[str, Any], moment: str | None, words: str | None
) -> None:
    what = read(IMAGETYP="LIGHT", EXPTIME=1.0, **cards)
    if moment is None:
        assert what.date_obs is None
    else:
        assert what.date_obs is not None
        assert what.date_obs[:19] == moment[:19]
    assert said(what, words) if words else not what.marks


def test_ut_obs_that_disagrees_is_said() -> None:
    local = "2017-12-19T18:33:43.317-0700"
    agreeing = read(IMAGETYP="LIGHT", EXPTIME=1.0, DATE_OBS=local, UT_OBS="2017-12-20T01:33:43.317-0000")
    assert not said(agreeing, "disagrees")
    assert said(read(IMAGETYP="LIGHT", EXPTIME=1.0, DATE_OBS=local, UT_OBS="2017-12-20T02:33:43-0000"), "disagrees")


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


def test_gain_is_believed_only_where_it_can_be_one() -> None:
    assert read(IMAGETYP="LIGHT", EXPTIME=1.0, GAIN=100, EGAIN=0.75).gain == 0.75
    what = read(IMAGETYP="LIGHT", EXPTIME=1.0, GAIN=100)
    assert what.gain is None
    assert said(what, "GAIN = 100 cannot be electrons per count")


def test_a_camera_file_fills_what_the_header_does_not_say() -> None:
    camera = Camera("cg16", match={"INSTRUME": "cg16"}, gain=1.5, read_noise=9.0, saturation=60000)
    header = {"IMAGETYP": "LIGHT", "EXPTIME": 1.0, "INSTRUME": "Aspen CG16", "RDNOISE": 7.0}
    what = describe(header, name="a.fits", shape=SHAPE, cameras=[camera])
    assert (what.gain, what.read_noise, what.saturation) == (1.5, 7.0, 60000.0)
    assert what.settings == camera


def test_saturation_is_guessed_from_pixels_at_the_converters_end() -> None:
    what = read(IMAGETYP="LIGHT", EXPTIME=1.0, peak=4095.0)
    assert what.saturation == 4095.0
    assert said(what, "4095 counts was guessed")
    assert read(IMAGETYP="LIGHT", EXPTIME=1.0, SATURATE=50000, peak=65535.0).saturation == 50000.0


@pytest.mark.parametrize(
    ("cards", "binning"),
    [({"XBINNING": 2, "YBINNING": 3}, (3, 2)), ({"CCDSUM": "2 4"}, (4, 2)), ({"BINNING": "2x2"}, (2, 2)), ({}, (1, 1))],
)
def test_binning(cards: dict[str, Any], binning: tuple[int, int]) -> None:
    assert read(IMAGETYP="LIGHT", EXPTIME=1.0, **cards).binning == binning


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
