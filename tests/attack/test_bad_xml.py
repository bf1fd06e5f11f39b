"""XML that was written to hurt: each a named fault, quickly, and nothing is opened or fetched on its behalf."""

from __future__ import annotations

import os
import socket
import statistics
import time
import xmlrpc.client
from pathlib import Path

import pytest

from tests.attack.raw import connect, head, post, reply_of
from tests.attack.served import Served
from workorders.refusal import FaultCode


def call(inner: str, method: str = "front_desk", before: str = "") -> bytes:
    return (
        f"<?xml version='1.0'?>{before}<methodCall><methodName>{method}</methodName>"
        f"<params><param><value>{inner}</value></param></params></methodCall>"
    ).encode()


def observation(field: str) -> bytes:
    """Return an observation with one more member, as XML."""
    members = {"request": "<string>observation</string>", "ra": "<double>1</double>", "dec": "<double>2</double>"}
    written = "".join(f"<member><name>{name}</name><value>{value}</value></member>" for name, value in members.items())
    return call(f"<struct>{written}{field}</struct>")


def member(name: str, value: str) -> str:
    return f"<member><name>{name}</name><value>{value}</value></member>"


def fault_of(desk: Served, token: str, body: bytes) -> tuple[FaultCode, str, float]:
    """Return code, sentence and seconds of the fault that this body gets."""
    status, reply, seconds = post(desk, body, token)
    assert status == 200
    with pytest.raises(xmlrpc.client.Fault) as caught:
        xmlrpc.client.loads(reply)
    return FaultCode(caught.value.faultCode), caught.value.faultString, seconds


TENFOLD = "".join(f"<!ENTITY a{i + 1} '{f'&a{i};' * 10}'>" for i in range(10))
LAUGHS = f"<!DOCTYPE x [<!ENTITY a0 'ha'>{TENFOLD}]>"
QUADRATIC = f"<!DOCTYPE x [<!ENTITY a '{'A' * 50_000}'>]>"


@pytest.mark.parametrize(
    ("before", "inner"),
    [
        (LAUGHS, "&a10;"),
        (QUADRATIC, "&a;" * 10_000),
        ("<!DOCTYPE methodCall>", "<struct/>"),
        ("<!DOCTYPE methodCall SYSTEM 'file:///etc/passwd'>", "<struct/>"),
        ("<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>", "&a;"),
        ("<!DOCTYPE x [<!NOTATION n SYSTEM 'n'><!ENTITY a SYSTEM 'file:///dev/zero' NDATA n>]>", "<struct/>"),
    ],
    ids=["laughs", "quadratic", "bare", "system", "external", "unparsed"],
)
def test_document_types_are_refused_at_once(desk: Served, token: str, before: str, inner: str) -> None:
    code, sentence, seconds = fault_of(desk, token, call(inner, before=before))
    assert code is FaultCode.MALFORMED
    assert "document type" in sentence
    assert seconds < 0.2


ELSEWHERE = pytest.mark.parametrize(
    "declaration",
    [
        "<!DOCTYPE x SYSTEM '{url}'>",
        "<!DOCTYPE x [<!ENTITY % a SYSTEM '{url}'> %a;]>",
        "<!DOCTYPE x PUBLIC 'a' '{url}'>",
    ],
)


@ELSEWHERE
def test_nothing_is_fetched(desk: Served, token: str, declaration: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as trap:
        trap.settimeout(0.3)
        url = f"http://127.0.0.1:{trap.getsockname()[1]}/evil.dtd"
        fault_of(desk, token, call("<struct/>", before=declaration.replace("{url}", url)))
        with pytest.raises(TimeoutError):
            trap.accept()


@ELSEWHERE
def test_no_file_is_opened(desk: Served, token: str, declaration: str, tmp_path: Path) -> None:
    """The file is a pipe that nobody writes to: whoever opened it would wait for ever."""
    os.mkfifo(tmp_path / "pipe")
    body = call("<struct/>", before=declaration.replace("{url}", f"file://{tmp_path}/pipe"))
    assert fault_of(desk, token, body)[0] is FaultCode.MALFORMED


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        (call("<array><data><value>" * 25_000), FaultCode.TOO_LARGE, "nested too deeply"),
        (call("<struct><member><name>a</name><value>" * 20_000), FaultCode.TOO_LARGE, "nested too deeply"),
        (call("<a>" * 200_000), FaultCode.MALFORMED, "<a> does not belong in <value>"),
        (call("<array><data>" + "<value/>" * 110_000), FaultCode.TOO_LARGE, "up to 20000"),
        (observation(member("exposures", f"<int>{'9' * 900_000}</int>")), FaultCode.BAD_VALUE, "32 bits"),
        (observation(member("exposure_time", f"<double>{'9' * 900_000}</double>")), FaultCode.BAD_VALUE, "finite"),
        (observation(member("exposure_time", "<double>nan</double>")), FaultCode.BAD_VALUE, "nan"),
        (observation(member("exposure_time", "<double>inf</double>")), FaultCode.BAD_VALUE, "inf"),
        (observation(member("exposure_time", "<double>1e999</double>")), FaultCode.BAD_VALUE, "finite"),
        (observation(member("exposure_time", "<string>60</string>")), FaultCode.BAD_VALUE, "exposure_time"),
        (observation(member("exposure_time", "<double>-1</double>")), FaultCode.BAD_VALUE, "exposure_time"),
        (observation(member("ra", "<double>1</double>")), FaultCode.BAD_VALUE, "field: ra"),
        (observation(member("__class__", "x")), FaultCode.UNKNOWN_FIELD, "__class__"),
        (observation(member("colour", "red")), FaultCode.UNKNOWN_FIELD, "colour"),
        (observation(member("target", "a\x01b")), FaultCode.BAD_VALUE, "control characters"),
        (observation(member("target", "a&#0;b")), FaultCode.BAD_VALUE, "control characters"),
        (observation(member("target", "a\x00b")), FaultCode.BAD_VALUE, "control characters"),
        (observation(member("target", "<base64>AAAA</base64>")), FaultCode.BAD_VALUE, "base64"),
        (observation(member("id", "x" * 900_000)), FaultCode.BAD_VALUE, "id"),
        (observation(member("x" * 900_000, "1")), FaultCode.UNKNOWN_FIELD, ""),
        (b"", FaultCode.MALFORMED, "not XML"),
        (b"{}", FaultCode.MALFORMED, "not XML"),
        (b"\xff" * 1000, FaultCode.MALFORMED, "not XML"),
        (observation("")[:-30], FaultCode.MALFORMED, "not XML"),
    ],
)  # fmt: skip
def test_each_is_a_named_fault(desk: Served, token: str, body: bytes, code: FaultCode, words: str) -> None:
    found, sentence, seconds = fault_of(desk, token, body)
    assert found is code
    assert words in sentence
    assert len(sentence) < 3000
    assert seconds < 1


@pytest.mark.parametrize(
    "method",
    [
        "system.listMethods",
        "system.multicall",
        "system.methodHelp",
        "front_desk.__globals__",
        "_ledger.accept",
        "close",
    ],
)
def test_there_is_no_other_method(desk: Served, token: str, method: str) -> None:
    code, sentence, _ = fault_of(desk, token, call("<struct/>", method))
    assert code is FaultCode.MALFORMED
    assert "no such method" in sentence


@pytest.mark.long
@pytest.mark.parametrize("method", ["system.listMethods", "front_desk.__globals__", "x"])
def test_how_long_it_takes_tells_nobody_which_methods_there_are(desk: Served, token: str, method: str) -> None:
    """C.3 25: the refusal of an unknown method takes as long as one by the method that there is, within a fifth."""
    seconds: dict[str, list[float]] = {"front_desk": [], method: []}
    with connect(desk) as connection:
        for _ in range(1500):
            for name, taken in seconds.items():
                body = call("<struct/>", name.ljust(max(map(len, seconds))))
                begun = time.perf_counter()
                connection.sendall(head(desk, token, Content_Length=str(len(body))) + body)
                assert reply_of(connection)[0] == 200
                taken.append(time.perf_counter() - begun)
    known, unknown = (statistics.median(taken) for taken in seconds.values())
    print(f"\n{method}: refused in {unknown * 1e6:.0f} us, front_desk in {known * 1e6:.0f} us")
    assert unknown == pytest.approx(known, rel=0.2)


def test_nothing_of_all_this_was_stored(desk: Served, token: str) -> None:
    fault_of(desk, token, observation(member("colour", "red")))
    assert not [order for order in desk.orders() if not order["id"].startswith("good-")]
