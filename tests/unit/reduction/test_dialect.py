"""Headers of many observatories say the same thing; what they leave open is guessed and the guess is said."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toros.errors import BadFrame
from toros.reduction.band import band_of
from toros.reduction.cameras.camera import Camera, load_cameras
from toros.reduction.dialect import Description, describe
from toros.reduction.keywords import dialects

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


@pytest.mark.parametrize("target", ["flat r", "Sky Flat rp 003", "domeflat V", "FLAT-FIELD 12"])
def test_a_flat_whose_object_names_its_filter_too(target: str) -> None:
    assert read(IMAGETYP="Light Frame", OBJECT=target, EXPTIME=2.0).kind == "flat"
    what = read(OBJECT=target, EXPTIME=2.0)
    assert what.kind == "flat"
    assert said(what, "does not say what kind of frame this is: flat was guessed from its object")


def test_a_light_without_an_object_in_a_file_named_as_a_flat() -> None:
    what = read(name="flat_r-001.fits", IMAGETYP="Light Frame", EXPTIME=2.0)
    assert what.kind == "flat"
    assert said(what, "a light frame of no object: flat was guessed from the file's name")
    named = read(name="flat_r-001.fits", IMAGETYP="Light Frame", EXPTIME=2.0, OBJECT="NGC 1")
    assert named.kind == "light"
    assert said(named, "the file is named as a flat, its header says a light frame of 'NGC 1': light was taken")


def test_nothing_said_and_no_exposure_is_a_bias() -> None:
    what = read(name="0001.fits", EXPTIME=0.0)
    assert what.kind == "bias"
    assert said(what, "bias was guessed from its exposure time of 0.0 s")


def test_the_kind_in_a_long_keyword() -> None:
    header = {"ESO DPR TYPE": "FLAT,SKY", "EXPTIME": 3.0}
    assert describe(header, name="a.fits", shape=SHAPE).kind == "flat"


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


ARIZONA = Camera("arizona", match={"TELESCOP": "north"}, timezone="America/Phoenix")
CHILE = Camera("chile", match={"TELESCOP": "south"}, timezone="America/Santiago")
FIXED = Camera("fixed", match={"TELESCOP": "fixed"}, timezone="+05:30")


@pytest.mark.parametrize(
    ("telescope", "cards", "moment", "words"),
    [
        ("north", {"DATE-OBS": "2017-12-19T18:33:43.3"}, "2017-12-20T01:33:43", "local time (-0700)"),
        ("fixed", {"DATE-OBS": "2017-12-19T03:30:00"}, "2017-12-18T22:00:00", "local time (+0530)"),
        ("north", {"DATE-OBS": "2017-12-19T18:33:43-0300"}, "2017-12-19T21:33:43", "local time (-0300)"),
        ("north", {"DATE-OBS": "2017-12-20T01:33:43Z"}, "2017-12-20T01:33:43", None),
        ("north", {"DATE-OBS": "2017-12-20T01:33:43", "TIMESYS": "UTC"}, "2017-12-20T01:33:43", None),
        ("north", {"DATE-OBS": "2017-12-20", "UT": "01:33:43"}, "2017-12-20T01:33:43", "its own card"),
        ("north", {"DATE-OBS": "2017-12-19", "TIME-OBS": "18:33:43"}, "2017-12-20T01:33:43", "its own card"),
        ("south", {"DATE-OBS": "2026-01-10T22:00:00"}, "2026-01-11T01:00:00", "local time (-0300)"),
        ("south", {"DATE-OBS": "2026-07-10T22:00:00"}, "2026-07-11T02:00:00", "local time (-0400)"),
        ("south", {"DATE-OBS": "2026-04-04T23:30:00"}, "2026-04-05T02:30:00", "the first such hour was taken"),
        ("else", {"DATE-OBS": "2017-12-19T18:33:43"}, "2017-12-19T18:33:43", None),
    ],
)
def test_local_time_that_does_not_say_so_is_read_by_the_cameras_zone(
    telescope: str, cards: dict[str, str], moment: str, words: str | None
) -> None:
    header = {"IMAGETYP": "LIGHT", "EXPTIME": 1.0, "TELESCOP": telescope, **cards}
    what = describe(header, name="a.fits", shape=SHAPE, cameras=[ARIZONA, CHILE, FIXED])
    assert (what.date_obs or "")[:19] == moment
    assert said(what, words) if words else not what.marks


def test_a_julian_date_that_is_rounded_agrees_and_one_of_another_zone_is_said() -> None:
    local = "2017-12-19T18:33:43.317-0700"
    assert not said(read(IMAGETYP="LIGHT", EXPTIME=60.0, DATE_OBS=local, MJD_OBS=58107.065), "Julian date")
    what = read(IMAGETYP="LIGHT", EXPTIME=60.0, DATE_OBS="2017-12-19T18:33:43.317", MJD_OBS=58107.065)
    assert what.date_obs == "2017-12-19T18:33:43.317"
    assert said(what, "the Julian date in the header is +7.00 h from DATE-OBS: DATE-OBS was taken")


def test_the_sign_of_a_longitude_does_not_matter() -> None:
    cards = {"IMAGETYP": "LIGHT", "EXPTIME": 1.0, "DATE_OBS": "2017-12-19T18:33:43.317-0700"}
    assert read(**cards, LONGITUD=110.88) == read(**cards, LONGITUD=-110.88) == read(**cards)


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


@pytest.mark.parametrize(
    ("cards", "name", "band"),
    [
        ({"FILTER": "r"}, "r", "r"), ({"FILTER": "rp"}, "rp", "r"), ({"FILTER": "SDSS r'"}, "SDSS r'", "r"),
        ({"FILTER": "Sloan-r"}, "Sloan-r", "r"), ({"FILTER": "R"}, "R", "R"),
        ({"FILTER": "Bessell R"}, "Bessell R", "R"),
        ({"FILTER": "H-alpha"}, "H-alpha", "halpha"), ({"FILTER": "Clear"}, "Clear", "clear"),
        ({"FILTER": "Wide 7"}, "Wide 7", "wide7"), ({"FILTER": "Clear + r"}, "Clear + r", "r"),
        ({"FILTER1": "Clear", "FILTER2": "r"}, "r", "r"), ({"FILTER1": "air", "FILTER2": "open"}, "air", "clear"),
        ({"FILTER1": "g", "FILTER2": "OIII"}, "g + OIII", "g+oiii"), ({"FILTER": "rp", "FILTER1": "air"}, "rp", "r"),
        ({"FILTERS": "V"}, "V", "V"), ({}, "", ""),
    ],
)  # fmt: skip
def test_a_filter_keeps_its_name_and_has_a_band(cards: dict[str, str], name: str, band: str) -> None:
    what = read(IMAGETYP="FLAT", EXPTIME=1.0, **cards)
    assert (what.filter, what.band) == (name, band)
    dark = read(IMAGETYP="DARK", EXPTIME=1.0, **cards)
    assert (dark.filter, dark.band) == ("", "")


@given(st.text(max_size=20))
def test_every_band_is_its_own_band(name: str) -> None:
    band = band_of(name, dialects())
    assert band_of(band, dialects()) == band


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


def test_sections_of_the_camera_are_used_where_the_header_has_none() -> None:
    camera = Camera("c", match={"INSTRUME": "c"}, overscan="[101:120,1:100]", trim="[1:100,1:100]")
    header = {"INSTRUME": "c", "IMAGETYP": "BIAS"}
    what = describe(header, name="a.fits", shape=SHAPE, cameras=[camera])
    assert (str(what.overscan), str(what.trim)) == ("[101:120,1:100]", "[1:100,1:100]")
    own = describe({**header, "BIASSEC": "[1:20,1:100]", "TRIMSEC": "[21:120,1:100]"}, name="a.fits", shape=SHAPE,
                   cameras=[camera])  # fmt: skip
    assert str(own.overscan) == "[1:20,1:100]"
    again = describe({**header, "SUBOSCAN": "x", "TRIMIM": "x"}, name="a.fits", shape=(100, 100), cameras=[camera])
    assert (again.overscan, again.trim) == (None, None)


HALVES = {"DATASEC1": "[1:50,1:100]", "DATASEC2": "[71:120,1:100]", "BIASSEC1": "[51:60,1:100]",
          "BIASSEC2": "[61:70,1:100]", "DETSEC1": "[1:50,1:100]", "DETSEC2": "[51:100,1:100]"}  # fmt: skip


def test_amplifiers_have_their_own_gain_or_the_frames() -> None:
    what = read(
        IMAGETYP="LIGHT", EXPTIME=1.0, GAIN=2.0, GAIN1=1.0, RDNOISE1=4.0, SATURATE2=5e4, BIASSEC="[1:2,1:100]", **HALVES
    )
    assert [(a.gain, a.read_noise, a.saturation) for a in what.amplifiers] == [(1.0, 4.0, None), (2.0, None, 5e4)]
    assert (what.gain, what.read_noise, what.saturation) == (1.5, None, 5e4)
    assert (what.overscan, what.trim) == (None, None)


@pytest.mark.parametrize("cards", [{"TRIMIM": "x"}, {"COMBINED": True}])
def test_a_frame_that_was_put_together_has_no_amplifiers_any_more(cards: dict[str, Any]) -> None:
    assert read(IMAGETYP="BIAS", **cards, **HALVES).amplifiers == ()
    camera = next(c for c in load_cameras() if c.name == "toros")
    header = {"INSTRUME": "TOROS", "IMAGETYP": "BIAS"}
    assert describe(header, name="a.fits", shape=(10560, 10560), cameras=[camera]).amplifiers == ()
    assert len(describe(header, name="a.fits", shape=(10600, 12000), cameras=[camera]).amplifiers) == 16


def test_extensions_that_were_trimmed_are_whole_amplifiers() -> None:
    stale = {"IMAGETYP": "FLAT", "TRIMIM": "x", "DATASEC": "[1:500,1:400]", "BIASSEC": "[501:510,1:400]"}
    headers = [{**stale, "DETSEC": place} for place in ("[1:50,1:40]", "[51:100,1:40]")]
    what = describe(headers[0], name="a.fits", shape=(80, 50), headers=headers)
    assert [(str(a.data), a.overscan) for a in what.amplifiers] == [("[1:50,1:40]", None), ("[1:50,41:80]", None)]


def test_overscan_that_was_subtracted_is_not_subtracted_again() -> None:
    what = read(IMAGETYP="LIGHT", EXPTIME=1.0, SUBOSCAN="x", **HALVES)
    assert [a.overscan for a in what.amplifiers] == [None, None]
