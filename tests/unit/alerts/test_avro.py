from __future__ import annotations

import base64
import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from toros.alerts.mock import mock_gwalert
from toros.alerts.reading import read_alert
from toros.errors import Unreadable

fastavro = pytest.importorskip("fastavro", reason="Avro is read where fastavro is: pip install fastavro")

DOUBLES = {"type": "map", "values": "double"}
EVENT = {
    "type": "record",
    "name": "EventInfo",
    "fields": [
        *({"name": name, "type": "string"} for name in ("time", "group", "pipeline", "search")),
        {"name": "far", "type": "double"},
        {"name": "significant", "type": "boolean"},
        {"name": "instruments", "type": {"type": "array", "items": "string"}},
        {"name": "properties", "type": DOUBLES},
        {"name": "classification", "type": DOUBLES},
        *({"name": name, "type": ["null", "double"]} for name in ("duration", "central_frequency")),
        {"name": "skymap", "type": ["null", "bytes"]},
    ],
}
TYPES = ["EARLYWARNING", "PRELIMINARY", "INITIAL", "UPDATE", "RETRACTION"]
SCHEMA: dict[str, Any] = {
    "type": "record",
    "name": "Alert",
    "fields": [
        {"name": "alert_type", "type": {"type": "enum", "name": "AlertType", "symbols": TYPES}},
        {"name": "time_created", "type": "string"},
        {"name": "superevent_id", "type": "string"},
        {"name": "urls", "type": {"type": "map", "values": "string"}},
        {"name": "event", "type": ["null", EVENT]},
        {"name": "external_coinc", "type": ["null", "string"]},
    ],
}


def written(*records: Any, schema: Any = SCHEMA, codec: str = "null") -> bytes:
    file = io.BytesIO()
    fastavro.writer(file, schema, records, codec=codec)
    return file.getvalue()


@pytest.fixture(scope="module")
def text() -> str:
    return mock_gwalert(at=datetime(2026, 11, 20, 2, 14, 5, tzinfo=UTC))


@pytest.fixture
def record(text: str) -> Any:
    values = json.loads(text)
    values["event"]["skymap"] = base64.b64decode(values["event"]["skymap"])
    return values


def test_an_alert_is_the_same_in_avro_and_json(record: Any, text: str) -> None:
    assert read_alert(written(record)) == read_alert(text.encode())


def test_damaged_files_are_refused(record: Any) -> None:
    content = written(record)
    for cut in (4, 60, len(content) // 2, len(content) - 1):
        with pytest.raises(Unreadable):
            read_alert(content[:cut])


def test_compressed_files_and_several_records_are_refused(record: Any) -> None:
    with pytest.raises(Unreadable, match="compressed"):
        read_alert(written(record, codec="deflate"))
    with pytest.raises(Unreadable, match="one record"):
        read_alert(written(record, record))
    with pytest.raises(Unreadable, match="one record"):
        read_alert(written())


def test_schemas_without_an_end_are_refused() -> None:
    nulls = {"type": "record", "name": "A", "fields": [{"name": "a", "type": {"type": "array", "items": "null"}}]}
    with pytest.raises(Unreadable, match="list"):
        read_alert(written({"a": []}, schema=nulls))
    itself = {"type": "record", "name": "A", "fields": [{"name": "a", "type": ["null", "A"]}]}
    with pytest.raises(Unreadable, match="not defined before"):
        read_alert(written({"a": None}, schema=itself))


def test_a_schema_that_doubles_and_doubles_is_refused() -> None:
    schema: Any = {"type": "record", "name": "A0", "fields": [{"name": "a", "type": "null"}]}
    for depth in range(1, 12):
        twice = [{"name": "a", "type": schema}, {"name": "b", "type": f"A{depth - 1}"}]
        schema = {"type": "record", "name": f"A{depth}", "fields": twice}
    value: Any = {"a": None}
    for _ in range(1, 12):
        value = {"a": value, "b": value}
    with pytest.raises(Unreadable, match="parts"):
        read_alert(written(value, schema=schema))
