"""A filter keeps its name, and lights and flats find one another by the band that it means."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.reduction.made_headers import read
from toros.reduction.band import band_of
from toros.reduction.keywords import dialects


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
