"""A head that was read before is known again by its bytes, whatever its length says; nothing else is."""

from __future__ import annotations

import pytest

from toros.network.repeated import RepeatedHead

HEAD = b"POST /RPC2 HTTP/1.1\r\nHost: here\r\nContent-Length: %b\r\nContent-Type: text/xml\r\n\r\n"
HEADERS = {b"host": b"here", b"content-length": b"12", b"content-type": b"text/xml"}


@pytest.fixture
def known() -> RepeatedHead:
    head = RepeatedHead.of(HEAD % b"12" + b"<methodCall>", HEADERS)
    assert head is not None
    return head


@pytest.mark.parametrize("length", [b"0", b"7", b"999999"])
def test_only_the_length_may_differ(known: RepeatedHead, length: bytes) -> None:
    data = HEAD % length + b"<body>"
    headers, start = known.read(data) or ({}, 0)
    assert headers == HEADERS | {b"content-length": length}
    assert data[start:] == b"<body>"


@pytest.mark.parametrize(
    "data",
    [
        HEAD % b"",
        HEAD % b"-1",
        HEAD % b"+1",
        HEAD % b"1 ",
        HEAD % b"1_0",
        HEAD % b"1234567",
        HEAD % "²".encode(),
        HEAD % b"1\r\nContent-Length: 2",
        HEAD % b"1\r\nTransfer-Encoding: chunked",
        (HEAD % b"12").replace(b"text/xml", b"text/xmk"),
        (HEAD % b"12").replace(b"POST", b"GET"),
        (HEAD % b"12")[:-1],
        (HEAD % b"12")[:40],
        b"",
    ],
)
def test_anything_else_is_left_to_the_parser(known: RepeatedHead, data: bytes) -> None:
    assert known.read(data) is None


@pytest.mark.parametrize("data", [b"", b"\r\n\r\n", (HEAD % b"12")[:-2], HEAD.replace(b"Content-Length: %b\r\n", b"")])
def test_a_head_without_end_or_length_is_not_kept(data: bytes) -> None:
    assert RepeatedHead.of(data, HEADERS) is None
