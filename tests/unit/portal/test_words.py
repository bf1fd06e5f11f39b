"""Words for rows: numbers, times and sentences as people say them, whatever a row holds."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.portal.network import alert_result
from tests.unit.portal.rows import row
from toros.portal import words


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (None, ""), (0.0, "0.00 s"), (0.4242, "0.42 s"), (3.21, "3.2 s"), (9.96, "10 s"), (59.4, "59 s"),
        (59.6, "1 min 00 s"), (185, "3 min 05 s"), (7800, "2 h 10 min"), (273600, "3 d 4 h"), (-3.0, "−3.0 s"),
    ],
)  # fmt: skip
def test_durations(seconds: float | None, said: str) -> None:
    assert words.duration(seconds) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (41.2345, "41.2"), (0.63, "0.63"), (43.0, "43"), (12345.678, "12,300"), (9.11e-14, "9.11 × 10⁻¹⁴"), (0.0, "0"),
        (3e9, "3 × 10⁹"), (7, "7"), (True, "yes"), (False, "no"), ("NGC 4993", "NGC 4993"), ([1, "a"], "1; a"),
    ],
)  # fmt: skip
def test_numbers(value: object, said: str) -> None:
    assert words.number(value) == said


@pytest.mark.parametrize(
    ("worker", "process"),
    [("preprocessor@host:4711", "4711"), ("preprocessor@host:4711-a8f", "4711"), ("", ""), ("someone", "")],
)
def test_the_process_of_a_worker(worker: str, process: str) -> None:
    assert words.process_of({"worker": worker}) == process


def test_times() -> None:
    assert words.seconds_between("2026-11-20T02:00:00", "2026-11-20T03:00:01+01:00") == 1
    assert words.seconds_between("yesterday", "2026-11-20T02:00:00") is None
    assert words.ago("2026-11-20T02:00:00", datetime(2026, 11, 20, 2, 1, tzinfo=UTC)) == "1 min 00 s"
    assert words.clock_time("2026-11-20T02:14:05.123") == "02:14:05"
    assert words.clock_time(None) == ""


def test_sentences_tell_what_matters() -> None:
    def say(**more: Any) -> str:
        return words.sentence(row("A", "x", more.pop("request", "process_alert"), 0, **more))

    assert say(result=alert_result()).startswith("MS261120ab preliminary, galaxy NGC4993, 41.2 Mpc, probability 0.63")
    nothing = {"event": "S1", "ordered": False, "notes": ["the event is retracted"]}
    assert say(result=nothing) == "S1, the event is retracted"
    batch = {"lights": 48, "calibrated": 48, "masters": ["one"], "unusable": [{}]}
    assert say(request="calibrate_file_batch", result=batch) == (
        "48 of 48 lights calibrated, 1 master, 1 frame unusable"
    )
    for request in ("resume_file_batch", "restart_file_batch", "calibrate_frame"):
        assert say(request=request, result={**batch, "batch": "B1", "trend": [{}]}) == (
            "48 of 48 lights calibrated, 1 master, 1 frame unusable"
        )
    assert say(request="make_masters", result={"lights": 0, "calibrated": 0, "masters": 4}) == "4 masters"
    tried = {"would": "make masters from what there is: 5 bias", "lights": 0, "calibrated": 0, "masters": 0}
    assert say(request="calibrate_file_batch", result=tried) == "would make masters from what there is: 5 bias"
    assert say(request="ingest_data_product", result={"product": 12}) == "product 12"
    asked = {"product_type": "master_bias", "file_location": "products:n/B/masters/master_bias.fits"}
    assert say(request="ingest_data_product", fields=asked, result={"product": 1}) == (
        "master bias master_bias.fits, product 1"
    )
    assert say(request="ingest_data_product", fields=asked) == "master bias master_bias.fits"
    assert say(request="receive_targets", result={"targets": 2, "ordered": 1, "notes": ["M31 is late"]}) == (
        "2 targets, 1 to be observed, M31 is late"
    )
    added = {"name": "NGC4993", "made": True, "target": 7}
    assert say(request="add_target", result=added) == "NGC4993, new target 7"
    assert say(request="add_target", result=added | {"made": False}) == "NGC4993, known as target 7"
    assert say(request="add_target", result=added | {"dry_run": True}) == "NGC4993 would be a new target (only tried)"
    followed = {"observation": 3, "status": "COMPLETED"}
    assert say(request="update_observation", result=followed) == "observation 3 completed"
    assert say(request="tell_alert", result={"told": False, "sky_plot": "alerts:x.png"}) == (
        "sky map drawn, nobody to be told"
    )
    measured = {"product": 5, "target": "NGC4993", "new": 1, "revised": 0, "same": 2, "refused": 0}
    assert say(request="process_product", result=measured) == "NGC4993, points: 1 new, 2 same"
    assert say(request="process_product", result={"product": 5, "not_measured": "it has no filter"}) == (
        "not measured: it has no filter"
    )
    assert say(state="buried", reason="raw:x does not exist", result={"a": 1}) == "raw:x does not exist"
    assert say(state="running", message="frame 3 of 5") == "frame 3 of 5"
    assert say(request="share", result={"sent": 3, "to": ["a", "b"], "empty": ""}) == "sent 3, 2 to"
    assert len(say(request="share", result={"text": "x" * 1000})) == 160


plain = st.recursive(
    st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
names = st.sampled_from(
    [
        "process_alert",
        "receive_targets",
        "observation",
        "update_observation",
        "calibrate_file_batch",
        "add_target",
        "ingest_data_product",
        "process_product",
        "tell_alert",
        "other",
    ]
)
keys = st.sampled_from(["event", "alert_type", "galaxy", "distance_mpc", "probability", "area_deg2", "ordered", "notes",
                        "frames", "lights", "calibrated", "masters", "unusable", "product", "targets", "name", "made",
                        "dry_run", "target", "observation", "status", "told", "sky_plot", "new", "same",
                        "not_measured", "x"])  # fmt: skip


@given(names, st.dictionaries(keys, plain), st.dictionaries(st.text(max_size=5), plain))
def test_no_row_however_odd_is_an_error(name: str, result: dict[str, Any], fields: dict[str, Any]) -> None:
    words.sentence({"id": "A", "request": name, "state": "done", "result": result, "fields": fields})


@given(st.text() | st.none() | st.integers() | st.floats())
def test_no_time_however_odd_is_an_error(text: object) -> None:
    words.clock_time(text)
    words.seconds_between(text, "2026-11-20T02:00:00")
