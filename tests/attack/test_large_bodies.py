"""Bodies larger than anybody needs, however they are sent: refused at once, and not kept in memory."""

from __future__ import annotations

import contextlib
import gzip
import time

import pytest

from tests.attack.conftest import Customer
from tests.attack.raw import ask, connect, head, post, reply_of
from tests.attack.served import Served

HUGE = 150_000_000
PIECE = b"x" * 1_000_000


def test_a_length_over_the_limit_is_refused_before_the_body(desk: Served, token: str) -> None:
    status, body, seconds = ask(desk, head(desk, token, Content_Length=str(HUGE)))
    assert (status, seconds < 0.5) == (413, True)
    assert b"at most 1000000 bytes" in body


def test_a_huge_body_is_cut_while_it_comes(desk: Served, token: str, customer: Customer) -> None:
    before = desk.memory
    with connect(desk) as connection:
        started = time.monotonic()
        sent = 0
        with contextlib.suppress(OSError):
            connection.sendall(head(desk, token, Content_Length=str(HUGE)))
            while sent < HUGE:
                sent += connection.send(PIECE)
        assert time.monotonic() - started < 2
    customer.was_served()
    assert sent < 20_000_000
    assert desk.memory - before < 20_000_000


def test_a_chunked_body_is_counted(desk: Served, token: str) -> None:
    before = desk.memory
    with connect(desk) as connection:
        started = time.monotonic()
        connection.sendall(head(desk, token, Transfer_Encoding="chunked"))
        for _ in range(2):
            connection.sendall(b"f4240\r\n" + PIECE + b"\r\n")
        status, _ = reply_of(connection)
        assert (status, time.monotonic() - started < 1) == (413, True)
    assert desk.memory - before < 20_000_000


def test_an_endless_chunk_extension_is_cut(desk: Served, token: str) -> None:
    before = desk.memory
    with connect(desk, timeout=8) as connection:
        started = time.monotonic()
        with contextlib.suppress(OSError):
            connection.sendall(head(desk, token, Transfer_Encoding="chunked") + b"1;x=")
            while time.monotonic() - started < 8:
                connection.send(b"y" * 10_000)
                time.sleep(0.02)
        assert time.monotonic() - started < 7
    assert desk.memory - before < 20_000_000


def test_a_small_chunked_order_is_taken(desk: Served, token: str) -> None:
    call = b"<methodCall><methodName>front_desk</methodName><params/></methodCall>"
    body = b"".join(b"1\r\n%c\r\n" % byte for byte in call) + b"0\r\n\r\n"
    status, reply, _ = ask(desk, head(desk, token, Transfer_Encoding="chunked") + body)
    assert status == 200
    assert b"takes one struct" in reply


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "gzip, identity", "x-gzip"])
def test_compressed_bodies_are_not_unpacked(desk: Served, token: str, encoding: str) -> None:
    before = desk.memory
    status, _, seconds = post(desk, gzip.compress(b"\0" * 1_000_000_00), token, Content_Encoding=encoding)
    assert (status, seconds < 1) == (415, True)
    assert desk.memory - before < 20_000_000


def test_two_lengths_are_one_too_many(desk: Served, token: str) -> None:
    both = head(desk, token, Content_Length="5", Transfer_Encoding="chunked") + b"0\r\n\r\n"
    assert ask(desk, both)[0] in (0, 400)
    twice = head(desk, token, Content_Length="5").replace(b"\r\n\r\n", b"\r\nContent-Length: 6\r\n\r\n") + b"abcdef"
    assert ask(desk, twice)[0] in (0, 400)


@pytest.mark.parametrize("length", ["-1", "1e3", "99999999999999999999999", "abc", "0x10"])
def test_lengths_that_are_none(desk: Served, token: str, length: str) -> None:
    assert ask(desk, head(desk, token, Content_Length=length))[0] in (0, 400, 413)
