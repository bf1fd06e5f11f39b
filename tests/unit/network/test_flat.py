"""The short way reads what the long way would, or nothing."""

from __future__ import annotations

import xmlrpc.client
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toros.network import wire
from toros.network.flat import read_flat, write_flat
from workorders.refusal import Refusal

ORDER = {"id": "m31-0001", "request": "observation", "ra": 10.685, "dec": -41.5, "exposures": 3, "dry_run": False,
         "Exposure Time": 60.0, "target": "", "filter": "r"}  # fmt: skip
BODY = wire.call(ORDER)


def long_way(body: bytes) -> Any:
    """Read as the parser does; a declaration in other quotes is enough to miss the short way."""
    other = body.replace(b"'1.0'", b'"1.0"', 1)
    assert read_flat(other) is None
    try:
        return wire.loads(other)
    except Refusal:
        return None


def test_a_plain_order_takes_the_short_way() -> None:
    assert read_flat(BODY) == ORDER
    assert [type(value) for value in read_flat(BODY).values()] == [type(value) for value in ORDER.values()]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "fields",
    [
        {"a": [1]},
        {"a": {"b": 1}},
        {"a": "é"},
        {"a": "<"},
        {"a": "x & y"},
        {"a": "line\nline"},
        {"a": 1e300},
        {"a": 2**31 - 1},
    ],
)
def test_other_orders_take_the_long_way(fields: dict[str, Any]) -> None:
    assert read_flat(wire.call(fields)) is None
    assert wire.loads(wire.call(fields)) == fields


def test_a_field_that_comes_twice_is_refused_as_ever() -> None:
    member = b"<member>\n<name>id</name>\n<value><string>other</string></value>\n</member>\n"
    doubled = BODY.replace(b"</struct>", member + b"</struct>")
    assert read_flat(doubled) is None
    with pytest.raises(Refusal, match="twice"):
        wire.loads(doubled)


RECEIPT = {"id": "m31-0001", "status": "accepted", "accepted": "2026-11-20T02:14:05.123", "hash": "0" * 64, "note": ""}


def test_a_receipt_is_written_the_short_way_as_the_long_one_would() -> None:
    long = xmlrpc.client.dumps((RECEIPT,), methodresponse=True).encode()
    assert write_flat(RECEIPT) == wire.answer(RECEIPT) == long


@pytest.mark.parametrize("value", ["é", "<", "a & b", "x\n", "\x00", 1, True, None, 1.5, [], {}])
def test_other_answers_are_written_the_long_way(value: Any) -> None:
    assert write_flat(RECEIPT | {"note": value}) is None
    if isinstance(value, str):
        assert write_flat(RECEIPT | {value: "x"}) is None


plain = (
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20)
    | st.integers(-(2**31), 2**31 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.booleans()
)


@given(st.dictionaries(st.text("abcXYZ_ 019", max_size=8), plain, max_size=8))
def test_the_short_way_agrees_with_the_long_one(fields: dict[str, Any]) -> None:
    body = wire.call(fields)
    short = read_flat(body)
    assert short is None or short == long_way(body) == fields


@settings(max_examples=1000)
@given(
    st.lists(
        st.tuples(st.integers(60, len(BODY)), st.integers(0, 30), st.sampled_from([
            b"", b"&amp;", b"<", b">", b"\n", b" ", b"</value>", b"<string>", b"\x00", b"\xc3\xa9", b"1", b".", b"-",
            b"<member>\n", b"]]>", b"<!--", b"-->", b"\r",
        ])),
        max_size=4,
    )
)  # fmt: skip
def test_they_agree_on_damaged_orders_too(scars: list[tuple[int, int, bytes]]) -> None:
    body = bytearray(BODY)
    for position, removed, added in scars:
        body[position : position + removed] = added
    short = read_flat(bytes(body))
    assert short is None or short == long_way(bytes(body))


@given(st.dictionaries(st.text(max_size=8), st.text(max_size=20), max_size=6))
def test_what_is_written_the_short_way_is_what_the_long_one_writes(fields: dict[str, str]) -> None:
    short = write_flat(fields)
    assert short is None or short == xmlrpc.client.dumps((fields,), methodresponse=True).encode()
