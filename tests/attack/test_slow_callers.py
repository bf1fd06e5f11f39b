"""Callers that take their time: nobody may keep the desk from the others."""

from __future__ import annotations

import contextlib
import itertools
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.attack.conftest import Customer
from tests.attack.raw import ask, closed, connect, head, reply_of
from tests.attack.served import Served, more_files, serving
from toros.network.server import BATCH

SLOW = 600
IDLE = 2000


def wait_until_closed(connections: list[socket.socket], seconds: float) -> float:
    """Return how long it took until the desk had hung up on all; fail after so many seconds."""
    started = time.monotonic()
    left = connections
    while left and time.monotonic() - started < seconds:
        time.sleep(0.1)
        left = [connection for connection in left if not closed(connection)]
    assert not left, f"{len(left)} of {len(connections)} connections still open after {seconds} s"
    return time.monotonic() - started


@contextlib.contextmanager
def many(desk: Served, number: int) -> Iterator[list[socket.socket]]:
    """Open so many connections."""
    more_files(IDLE + 500)
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(connect(desk)) for _ in range(number)]


def drip(connections: list[socket.socket], seconds: float) -> None:
    """Send a byte on each connection, twice a second, for so long."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.send(b"x")
        time.sleep(0.5)


def test_slow_headers_and_slow_bodies_are_cut_and_others_do_not_notice(tmp_path: Path) -> None:
    """All 600 have a place, so that only the deadlines can end them."""
    with serving(tmp_path, "--connections", "1000") as desk, Customer(desk, None) as customer, many(desk, SLOW) as slow:
        time.sleep(0.3)
        started = time.monotonic()
        for connection, slow_body in zip(slow, itertools.cycle((True, False)), strict=False):
            whole = head(desk, Content_Length="1000")
            connection.sendall(whole if slow_body else whole[:-4])
        silent = [connect(desk) for _ in range(5)]
        drip(slow, 4.0)
        wait_until_closed(slow + silent, 4.0)
        assert 4.5 < time.monotonic() - started < 6.5
        customer.was_served()


def test_who_says_nothing_loses_its_place_to_who_does(desk: Served, customer: Customer) -> None:
    """2,000 connections where 256 have room: files stay bounded and the newcomer is served."""
    with many(desk, IDLE // 2), many(desk, IDLE // 2):
        assert desk.files < 256 + 50 + 4 * BATCH  # those just taken from the kernel, or just dropped
        customer.wait()
        customer.seconds.clear()  # who comes while 2,000 others do waits for its turn; then they only sit there
        customer.wait(100)
        assert desk.files < 256 + 50
        customer.was_served()


def test_a_kept_connection_is_closed_after_a_while(tmp_path: Path) -> None:
    with serving(tmp_path, "--idle", "1") as served, connect(served) as connection:
        connection.sendall(head(served, Content_Length="0"))
        assert reply_of(connection)[0] == 200
        assert wait_until_closed([connection], 3) > 0.5


def test_a_body_after_the_reply_does_not_keep_a_connection(tmp_path: Path) -> None:
    """The reply to GET needs no body; one that goes on for ever must not be listened to for ever."""
    with serving(tmp_path, "--idle", "1") as served, connect(served) as connection:
        connection.sendall(head(served, method="GET", path="/healthz", Content_Length="1000000"))
        assert reply_of(connection)[0] == 200
        started = time.monotonic()
        while not closed(connection) and time.monotonic() - started < 5:
            connection.setblocking(True)
            with contextlib.suppress(OSError):
                connection.send(b"x" * 10)
            time.sleep(0.1)
        assert time.monotonic() - started < 3


def test_who_does_not_take_its_reply_is_hung_up_on(tmp_path: Path) -> None:
    body = (
        b"<methodCall><methodName>front_desk</methodName><params><param><value><struct><member><name>request</name>"
        b"<value>list_orders</value></member></struct></value></param></params></methodCall>"
    )
    with serving(tmp_path, "--reply", "1") as served, connect(served) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(head(served, Content_Length=str(len(body))) + body)
        wait_until(lambda: served.memory > 50_000_000 and established(served) == 1)
        wait_until(lambda: established(served) == 0)


def established(served: Served) -> int:
    """Return how many connections the desk holds."""
    return sum(connection.status == psutil.CONN_ESTABLISHED for connection in served.process.net_connections())


def wait_until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    """Wait for a condition; fail where it does not come true in time."""
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < seconds
        time.sleep(0.05)


def test_endless_headers_are_cut(desk: Served) -> None:
    before = desk.memory
    with connect(desk) as connection:
        connection.sendall(head(desk)[:-2])
        sent = 0
        with contextlib.suppress(OSError):
            while sent < 50_000_000:
                sent += connection.send(b"X-Padding: " + b"x" * 60_000 + b"\r\n")
        assert sent < 20_000_000
    assert desk.memory - before < 20_000_000


@pytest.mark.parametrize("end", [b"", b"\r\n\r\n"])
def test_one_endless_header_is_cut(desk: Served, end: bytes) -> None:
    with connect(desk) as connection:
        with contextlib.suppress(OSError):
            for _ in range(20):
                connection.sendall(b"x" * 60_000)
            connection.sendall(end)
        assert wait_until_closed([connection], 2) < 2


def test_calls_sent_all_at_once_are_not_queued_for_one_caller(desk: Served) -> None:
    with connect(desk) as connection:
        with contextlib.suppress(OSError):
            connection.sendall(head(desk, method="GET", path="/metrics") * 5000)
        assert wait_until_closed([connection], 2) < 2


def test_broken_http_is_answered_with_400_and_no_word_more(desk: Served) -> None:
    for request in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 200, b"HELO\r\n\r\n", b"GET\r\n\r\n"):
        status, body, _ = ask(desk, request)
        assert status in (0, 400)
        assert len(body) < 100
