from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.alerts.samples import alert_sample
from toros.alerts.alert import Alert, Place
from toros.alerts.reading import read_alert
from toros.errors import Unreadable

NOTICE: dict[str, Any] = {
    "$schema": "https://gcn.nasa.gov/schema/main/gcn/notices/maxi/gsc.unknown.schema.json",
    "mission": "MAXI",
    "instrument": "GSC",
    "alert_datetime": "2026-11-20T02:14:05Z",
    "alert_type": "initial",
    "alert_tense": "current",
    "trigger_time": "2026-11-20T02:13:36.5Z",
    "id": "9995289617",
    "record_number": 1,
    "ra": 346.56,
    "dec": 18.61,
    "ra_dec_error": 0.2,
}


def notice(topic: str = "", **changes: Any) -> Alert:
    """Return the notice read with fields replaced; `...` takes a field out."""
    values = {name: value for name, value in (NOTICE | changes).items() if value is not ...}
    return read_alert(json.dumps(values).encode(), topic=topic)


def complaint(**changes: Any) -> str:
    with pytest.raises(Unreadable) as caught:
        notice(**changes)
    return str(caught.value)


def test_a_notice_is_read_whole() -> None:
    read = notice(far=1e-9, pipeline="nova", classification={"GRB": 0.9}, p_astro=0.8)
    assert (read.source, read.kind, read.event, read.alert_type) == ("MAXI", "x-ray", "MAXI-9995289617", "INITIAL")
    assert read.place == Place(346.56, 18.61, 0.2, containment=0.9)
    assert read.time_created == datetime(2026, 11, 20, 2, 14, 5, tzinfo=UTC)
    assert read.event_time == datetime(2026, 11, 20, 2, 13, 36, 500000, tzinfo=UTC)
    assert (read.serial, read.far, read.pipeline, read.instruments) == (1, 1e-9, "nova", ("GSC",))
    assert (read.properties, read.classification) == ({"p_astro": 0.8}, {"GRB": 0.9})
    assert (read.is_test, read.is_mock, read.notes) == (False, False, ())


@pytest.mark.parametrize(
    ("error", "place"),
    [
        ([0.22, 0.19, 153], (0.22, 0.19, 153.0)),
        ([0.19, 0.22, 153], (0.22, 0.19, 63.0)),
        ([0.22, 0.19], (0.22, 0.19, 0.0)),
        (5, (5.0, None, None)),
        (0, (None, None, None)),
        (..., (None, None, None)),
    ],
)
def test_errors_are_circles_or_ellipses(error: Any, place: tuple[Any, ...]) -> None:
    read = notice(ra_dec_error=error).place
    assert read is not None
    assert (read.radius, read.minor, read.angle) == place


def test_a_rectangle_becomes_the_circle_around_it() -> None:
    corners = [[345.72, 19.547], [345.464, 19.29], [347.309, 17.634], [347.566, 17.889]]
    read = notice(ra_dec_error=..., rectangular_error_corners=corners)
    assert read.place is not None
    assert read.place.radius == pytest.approx(1.247, abs=0.01)
    assert "the error is a rectangle: the circle around it is taken" in read.notes


def test_a_map_comes_inside_or_by_its_address() -> None:
    inside = notice(healpix_file=base64.b64encode(b"SIMPLE  = a map").decode(), ra=..., dec=...)
    assert (inside.skymap, inside.place, inside.notes) == (b"SIMPLE  = a map", None, ())
    url = "https://example.org/a/skymap_nside_1024.fits.gz"
    assert notice(healpix_url=url).best_skymap_url == url


def test_a_link_to_a_page_is_no_map() -> None:
    read = notice(healpix_url="https://example.org/")
    assert read.skymap_url is None
    assert "that of a page" in " ".join(read.notes)


@pytest.mark.parametrize(
    ("tense", "test", "mock"), [("current", False, False), ("test", True, False), ("injection", False, True)]
)
def test_tests_and_injections(tense: str, test: bool, mock: bool) -> None:
    read = notice(alert_tense=tense)
    assert (read.is_test, read.is_mock) == (test, mock)


@pytest.mark.parametrize(
    ("told", "meant"),
    [("initial", "INITIAL"), ("subsequent", "UPDATE"), ("update", "UPDATE"), ("retraction", "RETRACTION")],
)
def test_types(told: str, meant: str) -> None:
    assert notice(alert_type=told).alert_type == meant


def test_a_retraction_needs_no_position_and_takes_back_the_same_event() -> None:
    read = notice(alert_type="retraction", record_number=2, ra=..., dec=..., ra_dec_error=...)
    assert (read.is_retraction, read.event, read.place, read.notes) == (True, notice().event, None, ())


@pytest.mark.parametrize(
    ("names", "event"),
    [
        ({"id": ["745121685", "bn240812094"]}, "MAXI-745121685"),
        ({"id": "1", "event_name": "KM3-240901A"}, "MAXI-KM3-240901A"),
        ({"id": ..., "event_name": ["GRB 230220A"]}, "MAXI-GRB_230220A"),
        ({"id": "maxi-12345"}, "maxi-12345"),
        ({"id": 9995289617}, "MAXI-9995289617"),
    ],
)
def test_events_are_named_by_what_no_other_has(names: dict[str, Any], event: str) -> None:
    assert notice(**names).event == event


@pytest.mark.parametrize(
    ("changes", "topic", "source", "kind"),
    [
        ({"mission": ..., "$schema": "https://gcn.nasa.gov/schema/main/gcn/notices/svom/trigger.schema.json"}, "",
         "SVOM", "grb"),
        ({"mission": ..., "$schema": ...}, "gcn.notices.einstein_probe.wxt.alert", "EinsteinProbe", "x-ray"),
        ({"mission": ..., "$schema": "https://gcn.nasa.gov/schema/v7/gcn/notices/chime/frb.schema.json"}, "",
         "CHIME", "frb"),
        ({"mission": "Nowhere", "messenger": "Neutrino", "$schema": ...}, "", "Nowhere", "neutrino"),
        ({"mission": ..., "$schema": ...}, "gcn.notices.brand_new.alert", "brand_new", "other"),
    ],
)  # fmt: skip
def test_senders_are_known_by_mission_schema_or_topic(
    changes: dict[str, Any], topic: str, source: str, kind: str
) -> None:
    read = notice(topic, **changes)
    assert (read.source, read.kind) == (source, kind)


def test_a_target_of_a_survey() -> None:
    target = {"name": "ZTF25acffkdr", "ra": 150.175649, "dec": 15.2832185}
    schema = "https://gcn.nasa.gov/schema/main/gcn/notices/boom/alert.schema.json"
    read = read_alert(json.dumps({"$schema": schema, "data": {"targets": [target]}}).encode())
    assert (read.source, read.kind, read.event) == ("BOOM", "transient", "BOOM-ZTF25acffkdr")
    assert read.place == Place(150.175649, 15.2832185)
    with pytest.raises(Unreadable, match="one target"):
        read_alert(json.dumps({"$schema": schema, "data": {"targets": [target, target]}}).encode())


def test_what_is_not_told_is_noted() -> None:
    read = notice(alert_datetime=..., trigger_time=..., ra=..., dec=...)
    assert (read.time_created, read.event_time, read.place) == (None, None, None)
    assert len(read.notes) == 3


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"id": ..., "event_name": ...}, "neither an id nor an event_name"),
        ({"id": {"a": 1}}, "id"),
        ({"mission": ..., "$schema": ...}, "neither igwn.gwalert"),
        ({"alert_type": "shout"}, "alert_type"),
        ({"alert_tense": "never"}, "alert_tense"),
        ({"alert_datetime": "soon"}, "alert_datetime"),
        ({"trigger_time": 5}, "trigger_time"),
        ({"ra": "12h"}, "ra"),
        ({"dec": 91}, "ra, dec"),
        ({"ra_dec_error": [1, 2, 3, 4]}, "ra_dec_error"),
        ({"ra_dec_error": ["a", "b"]}, "ra_dec_error"),
        ({"ra_dec_error": -1}, "ra_dec_error"),
        ({"containment_probability": 90}, "containment_probability"),
        ({"healpix_file": base64.b64encode(b"SIMPLE  =").decode()[:-1]}, "healpix_file"),
        ({"healpix_file": "A" * 6_000_000}, "larger than"),
        ({"far": float("nan")}, "NaN"),
        ({"far": float("inf")}, "Infinity"),
    ],
)
def test_a_complaint_names_the_field(changes: dict[str, Any], named: str) -> None:
    assert named in complaint(**changes)


@settings(max_examples=100, deadline=None)
@given(st.recursive(st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers() | st.text(),
                    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4)),
       st.sampled_from([*NOTICE, "healpix_url", "healpix_file", "rectangular_error_corners", "data", "event_name",
                        "classification", "p_astro"]))  # fmt: skip
def test_whatever_a_field_holds_it_is_read_or_refused(value: Any, place: str) -> None:
    try:
        assert notice(**{place: value}).event
    except Unreadable as said:
        assert str(said)


def test_real_notices_of_one_trigger_are_of_one_event_in_their_order() -> None:
    first, last = (read_alert(alert_sample(f"fermi.gbm.trigger.{part}")) for part in ("flight1", "final"))
    assert first.event == last.event == "Fermi-745121685"
    assert (first.serial, last.serial) == (2, 7)
    assert (last.skymap_url or "").endswith("glg_healpix_all_bn240812094.fit")


def test_a_real_retraction() -> None:
    told, back = (read_alert(alert_sample(f"maxi.gsc.unknown.{part}")) for part in ("ellipse", "retraction"))
    assert told.place == Place(346.56, 18.61, 0.22, 0.19, 153.0, 0.9)
    assert (back.event, back.is_retraction) == (told.event, True)


@pytest.mark.parametrize(
    ("name", "event", "test"),
    [
        ("superk.sn_alert.test", "SuperK-SN.095001.000001", True),
        ("svom.eclairs.trigger.slewing", "SVOM-sb24022203", True),
        ("icecube.single_neutrino_alerts.gold_bronze_track_alerts", "IceCube-137840_57034692", False),
        ("km3net.alert", "KM3NeT-KM3-240901A", False),
        ("einstein_probe.wxt.alert", "EinsteinProbe-01708973486", False),
        ("swift.bat.Guano", "Swift-694215995", False),
    ],
)
def test_other_real_notices(name: str, event: str, test: bool) -> None:
    read = read_alert(alert_sample(name))
    assert (read.event, read.is_test) == (event, test)
