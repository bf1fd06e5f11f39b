"""What kind a frame is stands in its header in many words, or must be guessed, and the guess is said."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.reduction.made_headers import SHAPE, read, said
from toros.errors import BadFrame
from toros.reduction.dialect import describe


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


@pytest.mark.parametrize(
    ("cards", "lit"),
    [
        ({"IMAGETYP": "SKYFLAT"}, "sky"),
        ({"IMAGETYP": "twilight-flat"}, "sky"),
        ({"OBSTYPE": "flat,sky"}, "sky"),
        ({"IMAGETYP": "Dome Flat"}, "dome"),
        ({"OBSTYPE": "LAMPFLAT"}, "dome"),
        ({"IMAGETYP": "master dome flat"}, "dome"),
        ({"IMAGETYP": "Light Frame", "OBJECT": "SkyFlat"}, "sky"),
        ({"IMAGETYP": "FLAT", "OBJECT": "Dome Flat r 003"}, "dome"),
        ({"OBJECT": "twilight flat V"}, "sky"),
        ({"IMAGETYP": "FLAT"}, ""),
        ({"IMAGETYP": "FLAT", "OBJECT": "NGC 1"}, ""),
    ],
)
def test_what_a_flat_is_lit_by(cards: dict[str, Any], lit: str) -> None:
    what = read(EXPTIME=2.0, **cards)
    assert (what.kind, what.illumination) == ("flat", lit)


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
