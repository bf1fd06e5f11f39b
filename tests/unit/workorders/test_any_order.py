"""Whatever is sent is read or refused, and nothing else happens."""

from __future__ import annotations

import xmlrpc.client
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.workorders.examples import REQUESTS, example
from workorders import VOCABULARY, Refusal, parse
from workorders.quantities import utc
from workorders.refusal import FaultCode

ODD = st.sampled_from(
    [10**400, -(2**63), 2**31, float("nan"), float("-inf"), 1e308, "\ud800", "\x00", "٣", "9" * 5000, "", b"x", ()]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30) | ODD
PLAIN = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8) | st.integers(), inner, max_size=4),
    max_leaves=8,
)
FIELDS = sorted({field for request in VOCABULARY.values() for field in request.model.model_fields})
OLDER = ["ID", "WOType", "Request", "RA", "Dec", "Exposure Time", "Priority", "File Location", "Calibration Frames"]
NAMES = st.sampled_from([*FIELDS, *OLDER]) | st.text(max_size=12)


def _read_or_refused(fields: dict[Any, Any]) -> None:
    try:
        order = parse(fields)
    except Refusal as refusal:
        assert isinstance(refusal.code, FaultCode)
        assert "\n" not in refusal.sentence() and len(refusal.sentence()) < 2000
        return
    assert parse(order.body()) == order
    assert xmlrpc.client.loads(xmlrpc.client.dumps((order.body(),)))[0][0] == order.body()


@given(st.dictionaries(NAMES, PLAIN, max_size=8))
def test_any_fields(fields: dict[str, Any]) -> None:
    _read_or_refused(fields)


@given(st.sampled_from(REQUESTS), st.dictionaries(NAMES, PLAIN, min_size=1, max_size=3))
@settings(max_examples=300)
def test_any_change_of_a_good_order(name: str, change: dict[str, Any]) -> None:
    _read_or_refused({**example(name), **change})


@given(st.dictionaries(st.integers() | st.none() | st.binary(max_size=3), SCALARS, min_size=1, max_size=2))
def test_names_that_are_no_text(fields: dict[Any, Any]) -> None:
    _read_or_refused({"request": "status", **fields})


def test_values_nested_very_deeply_are_refused() -> None:
    deep: Any = 1
    for _ in range(5000):
        deep = [deep]
    _read_or_refused({**example("ingest_data_product"), "quality": {"a": deep}})
    _read_or_refused({**example("ingest_data_product"), "inputs": deep})
    _read_or_refused({"request": "status", "whatever": deep})


@given(st.text(max_size=40) | st.datetimes(timezones=st.timezones()).map(lambda moment: moment.isoformat()))
def test_any_time_is_read_or_refused(text: str) -> None:
    try:
        once = utc(text)
    except ValueError:
        return
    assert utc(once) == once


@pytest.mark.parametrize(
    "value",
    [10**5000, "x" * 10**6, {"a": {"b": 1}}, [1] * 10**5, b"\x00" * 1000, 1.5],
    ids=["wide", "long", "struct", "list", "bytes", "number"],
)
def test_a_value_is_quoted_back_shortly(value: object) -> None:
    sentence = Refusal(FaultCode.BAD_VALUE, "no", field="x", value=value).sentence()
    assert len(sentence) < 200
