from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.alerts.samples import GWALERTS, NOTICES, VOEVENTS, alert_sample
from toros.alerts.alert import KINDS, TYPES, Alert, clock_note, event_name
from toros.alerts.fields import LONGEST
from toros.alerts.mock import mock_gwalert
from toros.alerts.reading import content_of, read_alert
from toros.errors import Permanent, Unreadable

AT = datetime(2026, 11, 20, 2, 14, 5, tzinfo=UTC)
NOTICE = b'{"$schema": "https://gcn.nasa.gov/schema/main/gcn/notices/svom/trigger.schema.json", "id": ["sb26112001"]}'
PACKET = b'<VOEvent ivorn="ivo://org.example/a#b"/>'


@pytest.mark.parametrize("name", [*GWALERTS, *VOEVENTS, *NOTICES])
def test_every_real_alert_is_understood(name: str) -> None:
    alert = read_alert(alert_sample(name))
    assert alert.source
    assert alert.kind in KINDS
    assert alert.alert_type in TYPES
    assert event_name(alert.event) == alert.event
    assert alert.content_hash in alert.identity
    assert alert.format == ("voevent" if name in VOEVENTS else "gcn" if name in NOTICES else "gwalert")
    assert alert.time_created is None or alert.time_created.tzinfo is UTC
    assert alert.event_time is None or alert.event_time.tzinfo is UTC


@pytest.mark.parametrize(
    ("content", "format_"),
    [
        (mock_gwalert(at=AT).encode(), "gwalert"),
        (b"\xef\xbb\xbf \n" + NOTICE, "gcn"),
        (NOTICE, "gcn"),
        (PACKET, "voevent"),
        (b"\xef\xbb\xbf\n" + PACKET, "voevent"),
    ],
    ids=["gwalert", "gcn-marked", "gcn", "voevent", "voevent-marked"],
)
def test_the_first_bytes_say_what_an_alert_is_written_in(content: bytes, format_: str) -> None:
    assert read_alert(content).format == format_


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "begins with b''"),
        (b"TITLE: GCN/FERMI NOTICE", "begins with b'TITLE"),
        (b"SIMPLE  =", "begins with"),
        (b"\x1f\x8b\x08", "begins with"),
        (b"{\xff}", "not text in UTF-8"),
        (b"{}", "neither igwn.gwalert"),
        (b'{"temperature": 3}', "neither igwn.gwalert"),
        (b"<html><body>502 Bad Gateway</body></html>", "'html' instead of a VOEvent"),
        (b"<VOEvent", "not XML"),
        (b"{" * LONGEST + b"{", "more than the 8000000"),
    ],
    ids=lambda value: repr(value[:12]),
)
def test_what_is_no_alert_is_refused_in_one_sentence(content: bytes, said: str) -> None:
    with pytest.raises(Unreadable, match=said) as caught:
        read_alert(content)
    assert isinstance(caught.value, Permanent)
    assert len(str(caught.value)) < 400
    assert "\n" not in str(caught.value)


def test_a_file_of_five_gigabytes_is_refused_unread(tmp_path: Path) -> None:
    with (tmp_path / "large.json").open("wb") as file:
        file.truncate(5_000_000_000)
    with pytest.raises(Unreadable, match="5000000000 bytes"):
        content_of(tmp_path / "large.json")


def test_a_file_of_an_alert_is_read(tmp_path: Path) -> None:
    (tmp_path / "alert.json").write_bytes(NOTICE)
    assert read_alert(content_of(tmp_path / "alert.json")).event == "SVOM-sb26112001"


@settings(max_examples=40, deadline=None)
@given(st.integers(0, len(PACKET)), st.binary(max_size=6), st.sampled_from([NOTICE, PACKET]))
def test_a_damaged_alert_is_read_or_refused(at: int, dirt: bytes, content: bytes) -> None:
    try:
        alert = read_alert(content[:at] + dirt + content[at + len(dirt) :])
    except Unreadable as complaint:
        assert str(complaint)
    else:
        assert event_name(alert.event) == alert.event


def alert_at(created: datetime | None, happened: datetime | None = None) -> Alert:
    return Alert("LVK", "gw", "S261120ab", "INITIAL", "0" * 64, time_created=created, event_time=happened)


@pytest.mark.parametrize(
    ("created", "happened", "said"),
    [
        (AT, AT - timedelta(seconds=30), None),
        (AT - timedelta(minutes=20), None, None),
        (AT + timedelta(hours=1), None, "60 minutes after it arrived"),
        (AT - timedelta(hours=1), None, "60 minutes after it was written"),
        (AT - timedelta(days=30), None, "30 days after it was written"),
        (AT, AT + timedelta(hours=3), "3 hours in the future"),
        (None, None, "its arrival counts"),
    ],
)
def test_a_clock_is_judged_by_the_arrival(
    created: datetime | None, happened: datetime | None, said: str | None
) -> None:
    note = clock_note(alert_at(created, happened), arrived=AT)
    assert (said in note) if said and note else note is None


def test_alerts_of_one_second_are_told_apart() -> None:
    one, other = (Alert("LVK", "gw", "S261120ab", "UPDATE", digit * 64, time_created=AT) for digit in "01")
    assert one.identity != other.identity


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=80), min_size=1, max_size=3))
def test_any_text_becomes_the_name_of_an_event(parts: list[str]) -> None:
    name = event_name(*parts)
    assert 1 <= len(name) <= 64
    assert name.isascii()
    assert not set(name) & set("/\\: \n")
    assert event_name(name) == name


def test_long_names_stay_apart() -> None:
    assert event_name("a" * 100) != event_name("a" * 101)
