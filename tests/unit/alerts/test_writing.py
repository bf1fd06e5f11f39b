from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from importlib.resources import files
from typing import Any

import pytest
from lxml import etree

from toros.alerts.alert import Place
from toros.alerts.reading import read_alert
from toros.alerts.writing import Announcement, Author, Citation, Measurement, write_voevent
from toros.errors import BadValue

FOUND = Announcement(
    ivorn="ivo://org.example/toros#T261120a-1",
    author=Author("ivo://org.example/toros", "Transient observatory", "A. Astronomer", "desk@example.org"),
    written=datetime(2026, 11, 20, 4, 0, 0, tzinfo=UTC),
    observed=datetime(2026, 11, 20, 3, 55, 30, 250000, tzinfo=UTC),
    place=Place(197.450341598, -23.381484, 0.0003),
    observatory="Macón Ridge",
    measurements=(
        Measurement("Name", "T261120a", ucd="meta.id"),
        Measurement("magnitude", 18.25, "mag", "phot.mag;em.opt.R", "of the difference image", "photometry"),
        Measurement("magnitude_error", 0.04, "mag", "stat.error;phot.mag", group="photometry"),
        Measurement("detections", 3, ucd="meta.number"),
        Measurement("near_galaxy", True),
    ),
    concept="kilonova",
    probability=0.6,
    why="It lies in NGC 4993 & fades < 1 mag a day.",
    how="Difference imaging against last year's sky.",
    description="A new source in the field of S261120ab.",
    cites=(Citation("ivo://gwnet/LVC#S261120ab-2-Preliminary"),),
)


@pytest.fixture(scope="module")
def schema() -> Any:
    """The schema of VOEvent 2.0, which the package Comet ships."""
    pytest.importorskip("comet", reason="the schema comes with the package Comet: pip install Comet")
    return etree.XMLSchema(etree.fromstring(files("comet").joinpath("schema/VOEvent-v2.0.xsd").read_bytes()))


BARE = replace(FOUND, author=Author("ivo://org.example/toros"), measurements=(), concept="", why="", how="",
               description="", cites=(), place=Place(0.0, 90.0))  # fmt: skip
BACK = replace(FOUND, ivorn="ivo://org.example/toros#T261120a-2", measurements=FOUND.measurements[:1],
               cites=(Citation(FOUND.ivorn, "retraction"),))  # fmt: skip


@pytest.mark.parametrize("announcement", [FOUND, BARE, BACK, replace(FOUND, role="test")])
def test_what_is_written_is_valid(announcement: Announcement, schema: Any) -> None:
    schema.assertValid(etree.fromstring(write_voevent(announcement)))


def test_what_is_written_is_read_again() -> None:
    read = read_alert(write_voevent(FOUND))
    assert (read.ivorn, read.source, read.event) == (FOUND.ivorn, "org.example", "org.example-T261120a")
    assert (read.time_created, read.event_time) == (FOUND.written, FOUND.observed)
    assert read.place is not None
    assert (read.place.ra, read.place.dec, read.place.radius) == (197.450341598, -23.381484, 0.0003)
    assert read.cites == ("ivo://gwnet/LVC#S261120ab-2-Preliminary",)
    assert not read.is_test


def test_our_retraction_takes_back_our_event() -> None:
    read = read_alert(write_voevent(BACK))
    assert read.is_retraction
    assert read.event == read_alert(write_voevent(FOUND)).event


def test_a_rehearsal_is_a_test() -> None:
    assert read_alert(write_voevent(replace(FOUND, role="test"))).is_test


def test_values_keep_units_types_and_groups() -> None:
    root = etree.fromstring(write_voevent(FOUND))
    param = root.find("What/Group[@name='photometry']/Param[@name='magnitude']")
    assert dict(param.attrib) == {
        "name": "magnitude", "ucd": "phot.mag;em.opt.R", "unit": "mag", "dataType": "float", "value": "18.25",
    }  # fmt: skip
    assert root.find("What/Param[@name='near_galaxy']").get("value") == "true"
    assert root.findtext("Why/Description") == FOUND.why


def test_times_are_told_in_utc() -> None:
    local = FOUND.observed.astimezone(timezone(timedelta(hours=-3)))
    assert write_voevent(replace(FOUND, observed=local)) == write_voevent(FOUND)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"ivorn": "T261120a"}, "ivorn"),
        ({"role": "rumour"}, "role"),
        ({"place": Place(400.0, 0.0)}, "place"),
        ({"place": Place(float("nan"), 0.0)}, "place"),
        ({"written": datetime(2026, 11, 20)}, "written"),
        ({"probability": 1.5}, "probability"),
        ({"cites": (Citation("somebody"),)}, "cites"),
        ({"cites": (Citation("ivo://a/b#c", "likes"),)}, "cites"),
        ({"measurements": (Measurement("magnitude", float("nan")),)}, "measurement magnitude"),
        ({"why": "a\x00b"}, "cannot be written"),
    ],
)
def test_a_complaint_names_the_field(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(BadValue, match=named):
        write_voevent(replace(FOUND, **changes))
