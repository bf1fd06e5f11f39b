"""Orders as older TOROS programs wrote them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workorders import Refusal, parse
from workorders.spelling import translated

# The telescope order of the documentation of 2019.
OLDER: dict[str, Any] = {
    "ID": "1",
    "WOType": "Observation",
    "Priority": 1.3,
    "Datetime": "2019-03-05T14:34:54.234",
    "User": "Main Module",
    "Telescope Name": "CTMO",
    "RA": 23.1,
    "Dec": 13.2,
    "Filter": "I",
    "Exposure Time": 30.0,
    "Number of Exposures": 1,
    "Calibration Frames": "No",
}


def observation(**change: Any) -> dict[str, Any]:
    """Return an observation with names that are no Python words: `_` is a space."""
    return {**OLDER, **{name.replace("_", " "): value for name, value in change.items()}}


def test_an_order_of_2019_is_read() -> None:
    body = parse(OLDER).body()
    assert body == {
        "id": "1", "request": "observation", "to": "CTMO", "priority": 1.3, "datetime": "2019-03-05T14:34:54.234",
        "user": "Main Module", "dry_run": False, "version": 1, "ra": 23.1, "dec": 13.2, "filter": "I",
        "exposure_time": 30.0, "exposures": 1, "calibration_frames": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("change", "field", "value"),
    [
        ({"RA": "00:42:44.3"}, "ra", (42 / 60 + 44.3 / 3600) * 15),
        ({"RA": "00 42 44.3"}, "ra", (42 / 60 + 44.3 / 3600) * 15),
        ({"RA": "23.1"}, "ra", 23.1),
        ({"Dec": "+41:16:09"}, "dec", 41 + 16 / 60 + 9 / 3600),
        ({"Dec": "-00:30:00"}, "dec", -0.5),
        ({"Dec": "-90:00:00"}, "dec", -90.0),
        ({"Exposure_Time": "30"}, "exposure_time", 30.0),
        ({"Number_of_Exposures": "3"}, "exposures", 3),
        ({"Priority": "2.5"}, "priority", 2.5),
        ({"Priority": None}, "priority", None),
        ({"ID": 12}, "id", "12"),
        ({"Calibration_Frames": "Yes"}, "calibration_frames", 5),
        ({"Calibration_Frames": 3}, "calibration_frames", 3),
    ],
)
def test_older_values_become_todays(change: dict[str, Any], field: str, value: object) -> None:
    read = getattr(parse(observation(**change)), field)
    assert read == pytest.approx(value, abs=1e-12) if isinstance(value, float) else read == value


@pytest.mark.parametrize("request_name", ["Calibrate File Batch", "CalibrateFileBatch", "calibrate_file_batch"])
@pytest.mark.parametrize("key", ["WOType", "Request"])
def test_requests_and_locations_too(key: str, request_name: str) -> None:
    order = parse({key: request_name, "File Location": "raw:2026-11-20/batch"}, "preprocessor")
    assert order.body()["file_location"] == "raw:2026-11-20/batch"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"RA": "24:00:00"}, "ra"),
        ({"RA": "-00:42:44.3"}, "ra"),
        ({"RA": "00:60:00"}, "ra"),
        ({"RA": "M31"}, "ra"),
        ({"Dec": "+41:16:60"}, "dec"),
        ({"Dec": "+90:00:01"}, "dec"),
        ({"Dec": "91"}, "dec"),
        ({"Exposure_Time": "long"}, "exposure_time"),
        ({"Exposure_Time": "1e3"}, "exposure_time"),
        ({"Number_of_Exposures": "1.5"}, "exposures"),
        ({"ID": -1}, "id"),
    ],
)
def test_an_older_value_that_cannot_be_read_is_refused_under_both_names(change: dict[str, Any], field: str) -> None:
    with pytest.raises(Refusal) as caught:
        parse(observation(**change))
    assert caught.value.field == field
    assert "(written " in caught.value.sentence() and caught.value.allowed


@pytest.mark.parametrize(
    "change", [{"ra": "00:42:44.3"}, {"dec": "+41:16:09"}, {"exposure_time": "30"}, {"exposures": "3"}]
)
def test_todays_names_take_todays_values_only(change: dict[str, Any]) -> None:
    with pytest.raises(Refusal, match="wrong type"):
        parse({"request": "observation", "ra": 1.0, "dec": 2.0, **change})


def test_a_field_in_both_spellings_must_say_the_same() -> None:
    assert parse({**OLDER, "ra": 23.1, "exposure_time": 30}) == parse(OLDER)
    with pytest.raises(Refusal, match="given twice") as caught:
        parse({**OLDER, "ra": 23.2})
    assert caught.value.field == "ra"


def test_what_has_no_meaning_today_is_refused_under_its_own_name() -> None:
    with pytest.raises(Refusal) as caught:
        parse({**OLDER, "Type of job": "Research"})
    assert caught.value.field == "Type of job"


@given(st.dictionaries(st.text(max_size=20), st.integers() | st.text(max_size=20) | st.none(), max_size=8))
def test_translating_twice_changes_nothing(fields: dict[str, Any]) -> None:
    try:
        once = translated(fields)
    except Refusal:
        return
    try:
        assert translated(once) == once
    except Refusal:
        assert any(not name.islower() for name in once)
