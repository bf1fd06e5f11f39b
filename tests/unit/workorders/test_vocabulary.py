"""What can be asked, of whom, and what is said to the rest."""

from __future__ import annotations

import math
from typing import Any

import pytest

from tests.unit.workorders.examples import REQUESTS, example
from workorders import DESKS, VOCABULARY, Refusal, WorkOrder, parse, request_of
from workorders.refusal import FaultCode
from workorders.vocabulary import PLANNED

OBSERVATION: dict[str, Any] = {"request": "observation", "ra": 10.685, "dec": 41.269}
DESIGNED = """
    status list_orders cancel retry describe process_alert retract_alert rank_galaxies list_alerts show_alert tell_alert
    observation receive_targets schedule_night prepare_night open_night close_night point_telescope take_images
    take_calibration_frames store_images dome_status set_azimuth open_dome close_dome park_dome abort set_mode
    next_target report_observation calibrate_file_batch resume_file_batch restart_file_batch make_masters
    calibrate_frame solve_field measure_frame difference_frame search_transients list_archives harvest_target
    harvest_catalog resolve_target query_broker refresh_due find_targets show_target find_observations find_products
    find_measurements export_targets move_in
    add_target update_target merge_targets import_targets group_targets request_observation update_observation
    ingest_data_product ingest_photometry ingest_spectrum standardise_photometry analyse_catalog simulate_events share
    export_photometry switch_measurements save_list save_user save_proposal delete_product process_product call_hook
    cancel_observation follow_observations save_template send_notice show_observation find_proposals list_facilities
    find_users find_changes save_identities find_templates find_observation_groups
"""


def refused(fields: dict[Any, Any], service: str | None = None) -> Refusal:
    """Return the refusal of an order."""
    with pytest.raises(Refusal) as caught:
        parse(fields, service)
    return caught.value


def test_every_request_of_the_design_is_served_or_known_by_name() -> None:
    assert sorted(DESIGNED.split()) == sorted([*VOCABULARY, *PLANNED])
    assert not set(VOCABULARY) & set(PLANNED)


@pytest.mark.parametrize("name", REQUESTS)
def test_every_request_belongs_to_a_desk_and_its_name_to_its_model(name: str) -> None:
    request = VOCABULARY[name]
    assert request.desk in (*DESKS, "every")
    assert request.name == name and request.summary.endswith(".")
    assert request.repeat == "pure" or request.kind == "order"


@pytest.mark.parametrize("name", REQUESTS)
def test_the_example_of_a_request_survives_the_way_to_the_wire_and_back(name: str) -> None:
    order = parse(example(name), None if VOCABULARY[name].desk == "every" else VOCABULARY[name].desk)
    assert type(order) is VOCABULARY[name].model and request_of(order) is VOCABULARY[name]
    assert parse(order.body()) == order
    assert parse(order.body()).body() == order.body()


@pytest.mark.parametrize("name", sorted(PLANNED))
def test_what_is_not_built_yet_is_refused_in_so_many_words(name: str) -> None:
    refusal = refused({"request": name}, PLANNED[name])
    assert refusal.code == FaultCode.NOT_SERVED
    assert f"{name} is not served by this version" in refusal.sentence()


def test_an_order_for_another_desk_is_told_where_it_belongs() -> None:
    refusal = refused(OBSERVATION, "preprocessor")
    assert refusal.code == FaultCode.WRONG_DESK and "belongs to the desk telescope" in refusal.sentence()
    assert "calibrate_file_batch" in refusal.allowed and "observation" not in refusal.allowed


@pytest.mark.parametrize("request_name", ["", None, 7, [], "make_coffee", "Make Coffee"])
def test_a_request_that_nobody_knows_is_refused_with_those_that_are(request_name: object) -> None:
    refusal = refused({"request": request_name}, "telescope")
    assert refusal.code in (FaultCode.UNKNOWN_REQUEST, FaultCode.MISSING_FIELD)
    assert refusal.field == "request" and "observation" in refusal.allowed


@pytest.mark.parametrize(
    ("change", "code", "field", "says"),
    [
        ({"ra": 360}, 122, "ra", "from 0 to below 360 (right ascension; ICRS, degrees)"),
        ({"ra": -0.001}, 122, "ra", "out of range"),
        ({"ra": math.nan}, 122, "ra", "not a finite number"),
        ({"dec": math.inf}, 122, "dec", "not a finite number"),
        ({"ra": "10.685"}, 122, "ra", "wrong type"),
        ({"ra": True}, 122, "ra", "wrong type"),
        ({"exposures": 1001}, 122, "exposures", "a whole number from 1 to 1000"),
        ({"exposures": 1.5}, 122, "exposures", "a whole number"),
        ({"exposure_tme": 60}, 120, "exposure_tme", "did you mean exposure_time?"),
        ({"EXPOSURE": 60}, 120, "EXPOSURE", "allowed: ra, dec, exposure_time"),
        ({"dec": None}, 121, "dec", "needs dec"),
        ({"filter": "r\n"}, 122, "filter", "not written as it must be"),
        ({"filter": "r" * 33}, 122, "filter", "text of 1 to 32 characters"),
        ({"id": "../../etc"}, 122, "id", "letters, digits"),
        ({"id": "a" * 65}, 122, "id", "1 to 64"),
        ({"priority": 11}, 122, "priority", "from 0 to 10"),
        ({"expires": "tomorrow"}, 122, "expires", "ISO 8601"),
        ({"expires": "2026-02-30T00:00:00"}, 122, "expires", "calendar"),
        ({"expires": "9999-12-31T23:59:59-12:00"}, 122, "expires", "calendar"),
        ({"expires": "0001-01-01T00:00:00"}, 122, "expires", "1800 to 2199"),
        ({"dry_run": 1}, 122, "dry_run", "true or false"),
        ({"target": {"name": "M31"}}, 122, "target", "value: a struct of 1"),
        ({"version": 2}, 123, "version", "older version"),
        ({"version": 0}, 122, "version", "whole number"),
        ({"to": "two words"}, 122, "to", "such as ctmo"),
    ],
)
def test_a_wrong_value_is_refused_with_the_field_the_value_and_what_is_allowed(
    change: dict[str, Any], code: int, field: str, says: str
) -> None:
    refusal = refused({**OBSERVATION, **change})
    assert (refusal.code, refusal.field) == (code, field)
    assert says in refusal.sentence() and "\n" not in refusal.sentence()


def test_a_misspelt_field_is_named_before_the_one_that_it_leaves_missing() -> None:
    refusal = refused({"request": "observation", "ra": 1.0, "decl": 2.0})
    assert refusal.code == FaultCode.UNKNOWN_FIELD and "did you mean dec?" in refusal.sentence()


def test_a_field_inside_a_list_is_named_with_its_place() -> None:
    fields = example("ingest_data_product")
    fields["inputs"][1]["sha256"] = "ABC"
    refusal = refused(fields)
    assert refusal.field == "inputs.1.sha256" and "64 hexadecimal digits" in refusal.allowed
    fields["inputs"][1] = {**example("ingest_data_product")["inputs"][1], "kindd": "bias"}
    refusal = refused(fields)
    assert refusal.field == "inputs.1.kindd" and "did you mean kind?" in refusal.sentence()


@pytest.mark.parametrize(
    "location", ["/etc/passwd", "etc", "", "RAW:x", "raw:\x00", "raw:a\nb", "C:\\x", "\\\\host\\x"]
)
def test_a_location_that_names_no_root_is_refused_at_the_desk(location: str) -> None:
    refusal = refused({"request": "calibrate_file_batch", "file_location": location})
    assert refusal.field == "file_location" and "raw:2026-11-20/batch" in refusal.allowed


@pytest.mark.parametrize("change", [{}, {"alert": "{}", "file_location": "alerts:x.json"}])
def test_an_alert_comes_inline_or_by_location_and_not_in_both_ways(change: dict[str, str]) -> None:
    refusal = refused({"request": "process_alert", **change})
    assert refusal.field == "alert" and "alert or file_location" in refusal.sentence()
    assert "FieldError" not in refusal.sentence()


@pytest.mark.parametrize("name", [name for name in REQUESTS if VOCABULARY[name].moves_hardware])
def test_what_moves_hardware_carries_an_id_of_its_senders_making(name: str) -> None:
    assert refused({"request": name}).code == FaultCode.MISSING_FIELD
    assert refused({"request": name, "id": None}).field == "id"


def test_every_other_order_is_given_an_id_where_it_has_none() -> None:
    one, other = parse(OBSERVATION), parse(OBSERVATION)
    assert len(one.id) == 26 and one.id != other.id


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026-11-20T02:14:05.123", "2026-11-20T02:14:05.123"),
        ("2026-11-20 02:14", "2026-11-20T02:14:00.000"),
        ("2026-11-20", "2026-11-20T00:00:00.000"),
        ("2026-11-20T02:14:05Z", "2026-11-20T02:14:05.000"),
        ("2026-11-19T23:14:05.5-03:00", "2026-11-20T02:14:05.500"),
    ],
)
def test_times_are_read_as_utc(written: str, read: str) -> None:
    assert parse({**OBSERVATION, "expires": written}).expires == read


@pytest.mark.parametrize(
    "quality",
    [
        {"fwhm": math.nan},
        {"seeing": {"r": [1.0, math.inf]}},
        {"count": 2**31},
        {"nothing": None},
        {"a": {"b": {"c": {"d": {"e": {"f": 1}}}}}},
        {"a": list(range(1001))},
        {"a": b"bytes"},
        {"a": {7: 1}},
        {"a": "\x00"},
        {"a": "x" * 2001},
        {str(n): n for n in range(101)},
    ],
)
def test_measurements_are_finite_plain_and_few(quality: dict[str, Any]) -> None:
    refusal = refused({**example("ingest_data_product"), "quality": quality})
    assert refusal.field == "quality" and "finite numbers" in refusal.allowed


def test_measurements_may_be_nested_a_little() -> None:
    quality = {"fwhm_pixels": 3.1, "stars": 812, "solved": True, "filter": "r", "by_quarter": [{"fwhm": 3.0}]}
    order = parse({**example("ingest_data_product"), "quality": quality})
    assert order.body()["quality"] == quality


@pytest.mark.parametrize(("size", "sent"), [(7, 7), ("7", 7), (2**31 - 1, 2**31 - 1), (2**31, "2147483648")])
def test_an_integer_beyond_32_bits_travels_as_text(size: int | str, sent: int | str) -> None:
    order = parse({**example("ingest_data_product"), "size": size})
    assert order.body()["size"] == sent and parse(order.body()) == order


@pytest.mark.parametrize("size", [-1, "-1", "", "1e9", "٣", 2**63, "9" * 20, 7.0])
def test_a_size_is_a_number_of_bytes(size: object) -> None:
    assert refused({**example("ingest_data_product"), "size": size}).field == "size"


@pytest.mark.parametrize("night", ["2026-02-30", "2026-11-20T00:00", "20261120"])
def test_a_night_is_a_day_of_the_calendar(night: str) -> None:
    assert refused({"request": "find_products", "night": night}).field == "night"


def test_an_order_shows_no_value_when_pydantic_complains() -> None:
    with pytest.raises(ValueError) as caught:
        WorkOrder.model_validate({"request": "status", "user": "secret\n"})
    assert "secret" not in str(caught.value)
