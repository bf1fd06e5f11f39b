"""When a frame was exposed: in UTC however it was written, and never the time of now."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.reduction.made_headers import SHAPE, read, said
from toros.reduction.cameras.camera import Camera
from toros.reduction.dialect import describe


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
        ({"DATE_OBS": "0001-01-01T00:00:00+0001"}, None, "cannot be read"),
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
