"""What may be written on the wire, and what is read from it."""

from __future__ import annotations

import math
import xmlrpc.client
from datetime import datetime
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toros.network import wire
from workorders.refusal import FaultCode, Refusal

ORDER = {"id": "m31-0001", "request": "observation", "ra": 10.685, "exposures": 3, "dry_run": False, "filter": "r"}


def call(inner: str, method: str = "front_desk") -> bytes:
    """Return a call with one parameter, the XML of its value."""
    return (
        f"<?xml version='1.0'?><methodCall><methodName>{method}</methodName>"
        f"<params><param><value>{inner}</value></param></params></methodCall>"
    ).encode()


def field(inner: str) -> bytes:
    """Return a call of one field `x`, the XML of its value."""
    return call(f"<struct><member><name>x</name><value>{inner}</value></member></struct>")


def refused(body: bytes, limits: wire.Limits = wire.ORDER) -> Refusal:
    with pytest.raises(Refusal) as caught:
        wire.loads(body, limits)
    return caught.value


def test_what_is_written_is_read_back() -> None:
    assert wire.loads(wire.call(ORDER)) == ORDER
    assert wire.loads_answer(wire.answer({"orders": [ORDER, {}], "more": True})) == {
        "orders": [ORDER, {}],
        "more": True,
    }


def test_the_standard_library_speaks_the_same() -> None:
    assert wire.loads(xmlrpc.client.dumps((ORDER,), "front_desk").encode()) == ORDER
    (answer,), _ = xmlrpc.client.loads(wire.answer(ORDER))
    assert answer == ORDER


def test_nil_is_absent_and_never_sent() -> None:
    assert wire.loads(field("<nil/>")) == {}
    assert wire.loads(field("<ex:nil/>")) == {}
    assert b"nil" not in wire.call({"a": None, "b": [1, None], "c": {"d": None}})
    assert wire.loads(wire.call({"a": None, "b": [1, None], "c": {"d": None}})) == {"b": [1], "c": {}}


def test_there_is_no_nan_in_what_is_sent() -> None:
    assert wire.plain({"a": math.nan, "b": math.inf, "c": 1.5}) == {"c": 1.5}


def test_wide_integers_travel_as_strings() -> None:
    assert wire.plain({"size": 2**31, "small": -(2**31)}) == {"size": "2147483648", "small": -(2**31)}


def test_times_and_enumerations_become_text() -> None:
    class Colour(StrEnum):
        RED = "red"

    value = {"at": datetime(2026, 11, 20, 2, 14, 5), "colour": Colour.RED, "pair": (1, 2)}
    assert wire.plain(value) == {"at": "2026-11-20T02:14:05", "colour": "red", "pair": [1, 2]}


def test_what_cannot_travel_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="bytes has no place"):
        wire.answer({"a": b"raw"})


def test_what_xml_cannot_hold_is_replaced() -> None:
    text = "a\x00b\ud800c\uffffd\te\r\nf"
    assert wire.loads_answer(wire.answer({"text": text})) == {"text": "a\ufffdb\ufffdc\ufffdd\te\r\nf"}


def test_date_times_are_read_as_iso() -> None:
    moment = "<dateTime.iso8601>20261120T02:14:05</dateTime.iso8601>"
    assert wire.loads(field(moment)) == {"x": "2026-11-20T02:14:05"}


@pytest.mark.parametrize(
    ("inner", "value"),
    [
        ("plain text", "plain text"),
        ("", ""),
        ("<string/>", ""),
        ("<string>&lt;a&gt; &amp; &#228; <![CDATA[<b>]]></string>", "<a> & ä <b>"),
        ("\n  <int> +7 </int>\n", 7),
        ("<i4>-2147483648</i4>", -(2**31)),
        ("<i8>12</i8>", 12),
        ("<boolean>1</boolean>", True),
        ("<double>-1.5e3</double>", -1500.0),
        ("<double>.5</double>", 0.5),
        ("<array><data><value>a</value><value><int>1</int></value></data></array>", ["a", 1]),
        ("<array><data/></array>", []),
        ("<struct/>", {}),
    ],
)
def test_values_as_others_write_them(inner: str, value: Any) -> None:
    assert wire.loads(field(inner)) == {"x": value}


@pytest.mark.parametrize(
    ("inner", "code", "words"),
    [
        ("<int>2147483648</int>", FaultCode.BAD_VALUE, "32 bits"),
        ("<int>" + "9" * 1_000_000 + "</int>", FaultCode.BAD_VALUE, "32 bits"),
        ("<i8>99999999999</i8>", FaultCode.BAD_VALUE, "as a string"),
        ("<int>1_0</int>", FaultCode.BAD_VALUE, "1_0"),
        ("<int>٣</int>", FaultCode.BAD_VALUE, "32 bits"),
        ("<int/>", FaultCode.BAD_VALUE, "32 bits"),
        ("<double>nan</double>", FaultCode.BAD_VALUE, "finite"),
        ("<double>-Infinity</double>", FaultCode.BAD_VALUE, "finite"),
        ("<double>1e999</double>", FaultCode.BAD_VALUE, "finite"),
        ("<double>" + "1" * 1_000_000 + "</double>", FaultCode.BAD_VALUE, "finite"),
        ("<boolean>true</boolean>", FaultCode.BAD_VALUE, "0 or 1"),
        ("<base64>AAAA</base64>", FaultCode.BAD_VALUE, "base64"),
        ("<dateTime.iso8601>now</dateTime.iso8601>", FaultCode.BAD_VALUE, "time"),
        ("<array><data><value><nil/></value></data></array>", FaultCode.BAD_VALUE, "nil"),
        ("a\x01b", FaultCode.BAD_VALUE, "control characters"),
        ("a&#1;b", FaultCode.BAD_VALUE, "control characters"),
        ("<int>1</int><int>2</int>", FaultCode.MALFORMED, "two types"),
        ("<object/>", FaultCode.MALFORMED, "<object> does not belong in <value>"),
        ("<int><int>1</int></int>", FaultCode.MALFORMED, "does not belong"),
        ("<struct><value>1</value></struct>", FaultCode.MALFORMED, "does not belong"),
        ("<struct><member><name>a</name></member></struct>", FaultCode.MALFORMED, "without a value"),
        ("<struct><member><value>a</value></member></struct>", FaultCode.MALFORMED, "without a name"),
        ("<struct><member><name>a</name><name>b</name></member></struct>", FaultCode.MALFORMED, "two names"),
        ("&unknown;", FaultCode.MALFORMED, "undefined entity"),
        ("<int>", FaultCode.MALFORMED, "not XML"),
    ],
)
def test_values_that_are_refused(inner: str, code: FaultCode, words: str) -> None:
    refusal = refused(field(inner))
    assert refusal.code is code
    assert words in refusal.sentence()
    assert len(refusal.sentence()) < 400


def test_the_same_field_twice_is_refused() -> None:
    member = "<member><name>ra</name><value><double>1</double></value></member>"
    refusal = refused(call(f"<struct>{member}{member}</struct>"))
    assert (refusal.code, refusal.field) == (FaultCode.BAD_VALUE, "ra")


def test_depth_is_limited_and_said() -> None:
    deep = "<array><data><value>" * 15 + "</value></data></array>" * 15
    wire.loads(field(deep))
    refusal = refused(field("<array><data><value>" + deep + "</value></data></array>"))
    assert refusal.code is FaultCode.TOO_LARGE
    assert "up to 16 deep" in refusal.sentence()


def test_items_are_limited_and_said() -> None:
    refusal = refused(field("<array><data>" + "<value/>" * 100 + "</data></array>"), wire.Limits(items=100))
    assert refusal.code is FaultCode.TOO_LARGE
    assert "up to 100" in refusal.sentence()


@pytest.mark.parametrize(
    "method", ["system.multicall", "system.listMethods", "front_desk.__class__", "Front_Desk", "_answer", ""]
)
def test_there_is_one_method(method: str) -> None:
    refusal = refused(call("<struct/>", method))
    assert refusal.code is FaultCode.MALFORMED
    assert "no such method" in str(refusal)


@pytest.mark.parametrize("inner", ["<int>1</int>", "text", "<array><data/></array>"])
def test_the_parameter_is_a_struct(inner: str) -> None:
    assert "one struct" in str(refused(call(inner)))


def test_there_is_one_parameter() -> None:
    two = call("<struct/>").replace(b"</params>", b"<param><value><struct/></value></param></params>")
    none = call("<struct/>").replace(b"<param><value><struct/></value></param>", b"")
    assert "one struct" in str(refused(two))
    assert "one struct" in str(refused(none))


@pytest.mark.parametrize(
    "declaration",
    [
        "<!DOCTYPE methodCall>",
        "<!DOCTYPE methodCall [<!ENTITY a 'b'>]>",
        "<!DOCTYPE methodCall SYSTEM 'file:///etc/passwd'>",
        "<!DOCTYPE methodCall [<!ENTITY % a SYSTEM 'http://127.0.0.1/'> %a;]>",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_document_types_are_refused_in_every_encoding(declaration: str, encoding: str) -> None:
    body = call("<struct/>").decode().replace("<methodCall>", declaration + "<methodCall>")
    assert "document type" in str(refused(body.encode(encoding)))


def test_rare_encodings_are_refused() -> None:
    body = call("<struct/>").replace(b"'1.0'", b"'1.0' encoding='utf-7'")
    assert "encoding" in str(refused(body))
    latin = field("gr\xfc\xdfe").decode().replace("'1.0'", "'1.0' encoding='ISO-8859-1'").encode("latin-1")
    assert wire.loads(latin) == {"x": "grüße"}


@pytest.mark.parametrize("body", [b"", b"{}", b"\x00" * 10, b"<a>", b"\xff\xfe", b"<?xml version='1.0'?>", b"GIF89a"])
def test_what_is_not_xml_is_malformed(body: bytes) -> None:
    assert refused(body).code in (FaultCode.MALFORMED, FaultCode.BAD_VALUE)


def test_a_fault_carries_code_field_value_and_allowed() -> None:
    refusal = Refusal(FaultCode.BAD_VALUE, "too far", field="ra", value=400.0, allowed="0 to 360")
    with pytest.raises(xmlrpc.client.Fault) as caught:
        xmlrpc.client.loads(wire.fault(refusal))
    assert caught.value.faultCode == FaultCode.BAD_VALUE
    assert caught.value.faultString == "too far; field: ra; value: 400.0; allowed: 0 to 360"
    with pytest.raises(Refusal) as again:
        wire.loads_answer(wire.fault(refusal))
    assert again.value.code is FaultCode.BAD_VALUE
    assert str(again.value) == caught.value.faultString


@pytest.mark.parametrize(("code", "temporary"), [(149, False), (199, True), (100, False), (151, True)])
def test_a_fault_of_a_newer_desk_keeps_its_kind(code: int, temporary: bool) -> None:
    body = xmlrpc.client.dumps(xmlrpc.client.Fault(code, "whatever")).encode()
    with pytest.raises(Refusal, match="whatever") as caught:
        wire.loads_answer(body)
    assert caught.value.temporary is temporary


def test_a_reply_that_is_no_desk_s() -> None:
    codeless = xmlrpc.client.dumps(xmlrpc.client.Fault("one", "x")).encode()  # type: ignore[arg-type]
    number = xmlrpc.client.dumps((7,), methodresponse=True).encode()
    for body in (b"", b"<html></html>", wire.call(ORDER), wire.answer(ORDER)[:-20], number, codeless):
        with pytest.raises(wire.BadReply):
            wire.loads_answer(body)


texts = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters=list(map(chr, range(32))) + ["\ufffe", "\uffff"])
)
values = st.recursive(
    st.booleans() | st.integers(-(2**31), 2**31 - 1) | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(texts, values, max_size=8))
def test_every_plain_value_survives_the_wire(fields: dict[str, Any]) -> None:
    assert wire.loads(wire.call(fields), wire.Limits(depth=64)) == fields
    assert wire.loads_answer(wire.answer(fields)) == fields
