"""What `describe` answers, and that nothing in the language is without bounds, unit or example."""

from __future__ import annotations

import re
import xmlrpc.client
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.unit.workorders.examples import REQUESTS, example
from workorders import DESKS, VOCABULARY
from workorders.description import describe, example_text
from workorders.vocabulary import PLANNED
from workorders.words import allowed

ENVELOPE = {"id", "to", "priority", "datetime", "user", "parent", "expires", "dry_run", "version"}


def _schemas(schema: Mapping[str, Any], place: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Walk a JSON Schema: every schema in it, with where it stands."""
    yield place, schema
    for key in ("properties", "$defs", "patternProperties"):
        for name, inner in schema.get(key, {}).items():
            yield from _schemas(inner, f"{place}.{name}")
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), Mapping):
            yield from _schemas(schema[key], f"{place}[]")
    for inner in schema.get("anyOf", ()):
        yield from _schemas(inner, place)


@pytest.mark.parametrize("name", REQUESTS)
def test_every_number_text_and_list_has_bounds(name: str) -> None:
    schema = VOCABULARY[name].model.model_json_schema()
    for place, inner in _schemas(schema, name):
        kind = inner.get("type")
        if kind in ("integer", "number"):
            assert {"minimum", "exclusiveMinimum"} & set(inner), f"{place} has no least value"
            assert {"maximum", "exclusiveMaximum"} & set(inner), f"{place} has no greatest value"
        elif kind == "string" and not {"const", "enum"} & set(inner):
            assert "maxLength" in inner or re.search(r"\{[\d,]+\}\$$", inner["pattern"]), f"{place} is boundless"
        elif kind == "array":
            assert "maxItems" in inner, f"{place} is boundless"
        elif kind == "object" and "properties" not in inner:
            assert "maxProperties" in inner, f"{place} is boundless"


@pytest.mark.parametrize("name", REQUESTS)
def test_every_field_is_described_and_says_what_is_allowed(name: str) -> None:
    model = VOCABULARY[name].model
    for field, info in model.model_fields.items():
        if field != "request":
            assert info.description, f"{name}.{field} has no description"
            assert allowed(model, [field]), f"{name}.{field} does not say what is allowed"


@pytest.mark.parametrize("name", REQUESTS)
def test_every_number_has_a_unit_or_says_what_it_counts(name: str) -> None:
    units = (
        r"second|degree|hours|days|byte|number|frames|rows|version|larger number|no unit"
        r"|year|milliarcseconds|astronomical units"
    )
    for field, schema in VOCABULARY[name].model.model_json_schema()["properties"].items():
        kinds = {schema.get("type"), *(choice.get("type") for choice in schema.get("anyOf", ()))}
        if kinds & {"integer", "number"}:
            assert re.search(units, schema["description"]), f"{name}.{field} has no unit: {schema['description']}"


@pytest.mark.parametrize("name", REQUESTS)
def test_every_request_has_a_commented_example(name: str) -> None:
    assert example_text(name).startswith("# ") and example(name)["request"] == name
    own = set(VOCABULARY[name].model.model_fields) - ENVELOPE
    assert set(example(name)) <= own | ENVELOPE


def test_the_description_survives_xmlrpc() -> None:
    answer = describe()
    assert xmlrpc.client.loads(xmlrpc.client.dumps((answer,)))[0][0] == answer


def test_it_lists_what_is_served_and_what_is_planned() -> None:
    requests = describe()["requests"]
    assert {name for name, entry in requests.items() if entry["served"]} == set(VOCABULARY)
    assert {name for name, entry in requests.items() if not entry["served"]} == set(PLANNED)


@pytest.mark.parametrize("service", DESKS)
def test_a_desk_describes_its_own_requests_and_those_of_every_desk(service: str) -> None:
    requests = describe(service)["requests"]
    assert "status" in requests and {entry["desk"] for entry in requests.values()} <= {service, "every"}


def test_one_request_can_be_asked_for_by_name() -> None:
    (entry,) = describe(named="observation")["requests"].values()
    assert entry["kind"] == "order" and entry["repeat"] == "never" and entry["lane"] == "camera"
    assert entry["schema"]["properties"]["ra"]["exclusiveMaximum"] == 360
    assert entry["schema"]["properties"]["priority"]["maximum"] == 10
    assert describe("preprocessor", "observation")["requests"] == {}
