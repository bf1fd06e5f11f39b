"""How a detector was read: from the header, from the camera's file, or guessed, and the guess is said."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.reduction.made_headers import SHAPE, read, said
from toros.reduction.cameras.camera import Camera, load_cameras
from toros.reduction.dialect import describe


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


def test_a_cameras_cards_stand_in_place_of_every_extensions() -> None:
    common = {"IMAGETYP": "BIAS", "DATASEC": "[1:50,1:40]", "GAIN": 99}
    headers = [{**common, "DETSEC": place} for place in ("[1:50,1:40]", "[51:100,1:40]")]
    camera = Camera(cards={"GAIN": 1.6})
    what = describe(headers[0], name="a.fits", shape=(80, 60), headers=headers, cameras=[camera])
    assert [a.gain for a in what.amplifiers] == [1.6, 1.6]
    assert not said(what, "GAIN")
