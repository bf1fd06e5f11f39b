from __future__ import annotations

import base64
import copy
import json
import pickle
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.alerts.samples import GWALERTS, gwalert_sample
from toros.alerts.gwalert import read_gwalert
from toros.errors import Permanent

ALERT: dict[str, Any] = {
    "alert_type": "PRELIMINARY",
    "time_created": "2026-11-20T02:14:05Z",
    "superevent_id": "S261120ab",
    "urls": {"gracedb": "https://example.org/superevents/S261120ab/view/"},
    "event": {
        "time": "2026-11-20T02:13:36.123Z",
        "far": 1e-9,
        "significant": True,
        "instruments": ["H1", "L1"],
        "group": "CBC",
        "pipeline": "gstlal",
        "search": "AllSky",
        "properties": {"HasNS": 1.0, "HasRemnant": 0.9, "HasMassGap": 0.0},
        "classification": {"BNS": 0.98, "NSBH": 0.01, "BBH": 0.0, "Terrestrial": 0.01},
        "duration": None,
        "central_frequency": None,
        "skymap": base64.b64encode(b"SIMPLE  = a map").decode(),
    },
    "external_coinc": None,
}


def changed(**changes: Any) -> str:
    """Return the alert with fields replaced; `event__far=1` reaches inside, `...` takes a field out."""
    alert = copy.deepcopy(ALERT)
    for place, value in changes.items():
        *path, name = place.split("__")
        inner = alert
        for part in path:
            inner = inner[part]
        if value is ...:
            del inner[name]
        else:
            inner[name] = value
    return json.dumps(alert)


def complaint(text: str) -> str:
    with pytest.raises(Permanent) as caught:
        read_gwalert(text)
    return str(caught.value)


def test_an_alert_is_read_whole() -> None:
    alert = read_gwalert(changed())
    assert (alert.event, alert.alert_type) == ("S261120ab", "PRELIMINARY")
    assert alert.time_created == datetime(2026, 11, 20, 2, 14, 5, tzinfo=UTC)
    assert alert.event_time == datetime(2026, 11, 20, 2, 13, 36, 123000, tzinfo=UTC)
    assert (alert.far, alert.significant) == (1e-9, True)
    assert (alert.group, alert.pipeline, alert.search) == ("CBC", "gstlal", "AllSky")
    assert alert.instruments == ("H1", "L1")
    assert alert.classification["BNS"] == 0.98
    assert alert.properties["HasRemnant"] == 0.9
    assert alert.skymap == alert.best_skymap == b"SIMPLE  = a map"
    assert not alert.is_mock
    assert not alert.is_retraction


def test_it_travels_to_a_child_process() -> None:
    alert = read_gwalert(changed())
    assert pickle.loads(pickle.dumps(alert)) == alert


def test_its_map_is_not_shown_in_logs() -> None:
    assert "SIMPLE" not in repr(read_gwalert(changed()))


@pytest.mark.parametrize("spelling", ["EARLYWARNING", "EARLY_WARNING", "EarlyWarning"])
def test_both_spellings_of_early_warning(spelling: str) -> None:
    assert read_gwalert(changed(alert_type=spelling)).alert_type == "EARLYWARNING"


def test_older_alerts_do_not_say_whether_they_are_significant() -> None:
    assert read_gwalert(changed(event__significant=...)).significant is None


def test_a_retraction_has_no_event() -> None:
    alert = read_gwalert(changed(alert_type="RETRACTION", event=None))
    assert alert.is_retraction
    assert alert.event_time is None
    assert alert.best_skymap is None


def test_anything_else_must_have_one() -> None:
    assert "no event" in complaint(changed(event=None))


def test_a_coincidence_brings_the_combined_map() -> None:
    coincidence = {
        "gcn_notice_id": 524666471,
        "observatory": "Fermi",
        "search": "GRB",
        "time_difference": 2.02,
        "time_coincidence_far": 2e-14,
        "time_sky_position_coincidence_far": 6e-16,
        "combined_skymap": base64.b64encode(b"SIMPLE  = both").decode(),
    }
    alert = read_gwalert(changed(external_coinc=coincidence))
    assert alert.coincidence is not None
    assert (alert.coincidence.observatory, alert.coincidence.time_difference) == ("Fermi", 2.02)
    assert alert.coincidence.far == 6e-16
    assert alert.best_skymap == b"SIMPLE  = both"


@pytest.mark.parametrize(
    ("changes", "mock"),
    [
        ({"superevent_id": "MS261120ab"}, True),
        ({"superevent_id": "TS261120ab"}, True),
        ({"event__search": "MDC"}, True),
        ({}, False),
    ],
)
def test_mock_alerts_are_known_by_name_or_search(changes: dict[str, str], mock: bool) -> None:
    assert read_gwalert(changed(**changes)).is_mock is mock


def test_the_hash_is_of_what_is_said_not_of_how_it_is_written() -> None:
    text = changed()
    respaced = json.dumps(dict(reversed(json.loads(text).items())), indent=4)
    assert read_gwalert(respaced).content_hash == read_gwalert(text).content_hash
    assert read_gwalert(changed(event__far=2e-9)).content_hash != read_gwalert(text).content_hash


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"superevent_id": ...}, "superevent_id"),
        ({"superevent_id": "../../etc/passwd"}, "superevent_id"),
        ({"superevent_id": "S261120ab\n"}, "superevent_id"),
        ({"superevent_id": 5}, "superevent_id"),
        ({"alert_type": "SHOUT"}, "alert_type"),
        ({"alert_type": None}, "alert_type"),
        ({"time_created": "yesterday"}, "time_created"),
        ({"time_created": "0001-01-01T00:00:00+23:00"}, "time_created"),
        ({"event": [1]}, "event"),
        ({"event__time": ...}, "event.time"),
        ({"event__far": "often"}, "event.far"),
        ({"event__far": -1.0}, "event.far"),
        ({"event__far": True}, "event.far"),
        ({"event__far": 10**400}, "event.far"),
        ({"event__significant": "yes"}, "event.significant"),
        ({"event__instruments": "H1"}, "event.instruments"),
        ({"event__instruments": [1]}, "event.instruments"),
        ({"event__group": "x" * 1000}, "event.group"),
        ({"event__pipeline": "a\x00b"}, "event.pipeline"),
        ({"event__pipeline": "a\ud800b"}, "event.pipeline"),
        ({"event__properties": {"HasNS": "no"}}, "event.properties.HasNS"),
        ({"event__classification": {"a\nb": 1.0}}, "event.classification"),
        ({"event__skymap": "not base 64!"}, "event.skymap"),
        ({"event__skymap": 12}, "event.skymap"),
        ({"event__skymap": "A" * 8_000_004}, "characters long"),
        ({"external_coinc": {"combined_skymap": "é"}}, "external_coinc.combined_skymap"),
        ({"external_coinc": {"time_difference": []}}, "external_coinc.time_difference"),
    ],
)
def test_a_complaint_names_the_field(changes: dict[str, Any], named: str) -> None:
    sentence = complaint(changed(**changes))
    assert named in sentence
    assert len(sentence) < 400


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not JSON"),
        ("no json", "not JSON"),
        ("[]", "not a JSON object"),
        ("3", "not a JSON object"),
        ('{"superevent_id": NaN}', "NaN"),
        ('{"superevent_id": -Infinity}', "-Infinity"),
        ('{"alert_type": 1, "alert_type": 2}', "more than once"),
        ("[" * 5000, "deep"),
        ('{"a":' * 5000, "deep"),
        ('{"a":' * 40 + "1" + "}" * 40, "deep"),
        ("[" + "[]," * 1_000_000 + "[]]", "fields and entries"),
        ('{"a": ' + "1" * 100_000 + "}", "not JSON"),
        ("\x00", "not JSON"),
    ],
)
def test_traps_are_refused(text: str, said: str) -> None:
    assert said in complaint(text)


def test_a_map_far_larger_than_any_real_one_is_refused() -> None:
    assert "event.skymap is larger" in complaint(changed(event__skymap="A" * 6_000_000))


@settings(max_examples=200, deadline=None)
@given(st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
                    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4)),
       st.sampled_from(sorted(set(ALERT) | {f"event__{name}" for name in ALERT["event"]})))  # fmt: skip
def test_whatever_a_field_holds_it_is_read_or_refused(value: Any, place: str) -> None:
    try:
        text = changed(**{place: value})
        alert = read_gwalert(text)
    except Permanent as complaint:
        assert str(complaint)
    else:
        assert alert.event.startswith(("S", "MS", "TS"))


@pytest.mark.parametrize("name", GWALERTS)
def test_real_alerts(name: str) -> None:
    alert = read_gwalert(gwalert_sample(name))
    assert alert.event == name.split("-")[0]
    assert alert.is_mock is name.startswith("MS")
    assert alert.is_retraction is ("retraction" in name)
    assert alert.is_retraction or (alert.skymap or b"").startswith(b"SIMPLE  =")
    assert alert.is_retraction or sum(alert.classification.values()) == pytest.approx(1.0)
    assert (alert.coincidence is not None) is ("ext" in name)


def test_real_second_preliminary_is_another_alert_with_the_same_map() -> None:
    first, second = (read_gwalert(gwalert_sample(f"S230520ae-Preliminary{n}")) for n in ("", "1"))
    assert first.content_hash != second.content_hash
    assert first.skymap == second.skymap
    assert (second.time_created - first.time_created).total_seconds() == 276
