"""The short way of the usual call: the same answers as the long way, on a connection that outlives them."""

from __future__ import annotations

import socket
import time
import xmlrpc.client
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.unit.network.desk_parts import MemoryLedger, served
from toros.errors import DatabaseError
from toros.network.auth import LOOK, Identities, new_identity, revoke
from toros.network.front_desk import FrontDesk
from toros.network.protocol import SMALL
from toros.network.server import Bounds, DeskServer
from workorders import Receipt, WorkOrder
from workorders.refusal import FaultCode, Refusal

ORDER = {"id": "m31-0001", "request": "observation", "ra": 10.685, "dec": 41.269, "exposure_time": 60.0}


class LateLedger(MemoryLedger):
    """Gives its receipts when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting: list[tuple[Future[Receipt], Receipt]] = []

    def accept(self, order: WorkOrder) -> Future[Receipt]:
        late: Future[Receipt] = Future()
        self.waiting.append((late, super().accept(order).result()))
        return late

    def go_on(self) -> None:
        for late, receipt in self.waiting:
            late.set_result(receipt)
        self.waiting.clear()


@dataclass
class Door:
    """A connection to a desk, spoken to by hand."""

    connection: socket.socket
    host: str
    token: str

    def head(self, length: int | None, **changed: str | None) -> bytes:
        """Return the head of a call, with headers changed, added or (None) left out."""
        headers: dict[str, str | None] = {"Host": self.host, "Content-Type": "text/xml"}
        headers |= {"Authorization": f"Bearer {self.token}", "Content-Length": None if length is None else str(length)}
        headers |= {name.replace("_", "-"): value for name, value in changed.items()}
        lines = [f"{name}: {value}" for name, value in headers.items() if value is not None]
        return "\r\n".join(["POST /RPC2 HTTP/1.1", *lines, "", ""]).encode()

    def short(self, body: bytes, **changed: str | None) -> tuple[bytes, bytes]:
        """Send a call whose length is said; return head and body of the reply."""
        self.connection.sendall(self.head(len(body), **changed) + body)
        return self.reply()

    def long(self, body: bytes, **changed: str | None) -> tuple[bytes, bytes]:
        """Send the same in chunks, which the short way does not take."""
        chunk = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
        self.connection.sendall(self.head(None, Transfer_Encoding="chunked", **changed) + chunk + b"0\r\n\r\n")
        return self.reply()

    def reply(self) -> tuple[bytes, bytes]:
        """Read one reply."""
        data = b""
        while b"\r\n\r\n" not in data:
            data += self._more()
        start, _, body = data.partition(b"\r\n\r\n")
        length = next(int(x.split(b":")[1]) for x in start.split(b"\r\n") if x.startswith(b"content-length:"))
        while len(body) < length:
            body += self._more()
        return start, body

    def closed(self) -> bool:
        """True where the desk hangs up and says nothing more."""
        try:
            return self.connection.recv(1) == b""
        except ConnectionError:
            return True

    def _more(self) -> bytes:
        piece = self.connection.recv(65536)
        assert piece, "the desk hung up"
        return piece


def call(**fields: Any) -> bytes:
    return xmlrpc.client.dumps((ORDER | fields,), "front_desk").encode()


@contextmanager
def door(server: DeskServer, token: str = "") -> Iterator[Door]:
    with socket.create_connection((server.ip, server.port), timeout=5) as connection:
        yield Door(connection, f"{server.ip}:{server.port}", token)


@contextmanager
def guarded(folder: Path, ledger: MemoryLedger | None = None, **named: Any) -> Iterator[tuple[FrontDesk, DeskServer]]:
    with served(ledger, identities=Identities(folder / "identities.yaml"), **named) as both:
        yield both


@pytest.fixture
def token(tmp_path: Path) -> str:
    return new_identity(tmp_path / "identities.yaml", "caller", ["observation", "dome_status", "close_dome"])


BROKEN: Mapping[str, Exception | None] = {
    "receipt": None,
    "conflict": Refusal(FaultCode.CONFLICT, "this id was used for another order", field="id"),
    "no room": DatabaseError("/var/lib/toros/telescope.sqlite: disk full"),
    "defect": ZeroDivisionError("inside"),
}


@pytest.mark.parametrize("trouble", BROKEN)
def test_both_ways_answer_an_order_with_the_same_bytes(tmp_path: Path, token: str, trouble: str) -> None:
    ledger = MemoryLedger()
    ledger.broken = BROKEN[trouble]
    with guarded(tmp_path, ledger) as (_, server), door(server, token) as caller:
        assert caller.short(call()) == caller.long(call())
        assert (trouble == "receipt") is (list(ledger.orders) == ["m31-0001"])


@pytest.mark.parametrize(
    "body",
    [call(ra=400.0), call(request="make_coffee"), call(request="open_dome"), call(to="bosque_alegre"), b"<methodCall",
     b"", xmlrpc.client.dumps(({"request": "dome_status"},), "front_desk").encode(),
     xmlrpc.client.dumps(({"request": "close_dome", "id": "close-1"},), "front_desk").encode()],
)  # fmt: skip
def test_both_ways_answer_anything_else_with_the_same_bytes(tmp_path: Path, token: str, body: bytes) -> None:
    with guarded(tmp_path) as (_, server), door(server, token) as caller:
        assert caller.short(body) == caller.long(body)


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"Authorization": "Bearer wrong"}, b"401"),
        ({"Authorization": None}, b"401"),
        ({"Host": "evil.example"}, b"421"),
        ({"Origin": "http://127.0.0.1"}, b"403"),
        ({"Content-Type": "text/plain"}, b"415"),
        ({"Content-Encoding": "gzip"}, b"415"),
    ],
)
def test_both_ways_turn_away_in_the_same_words_and_count_it_once(
    tmp_path: Path, token: str, caplog: pytest.LogCaptureFixture, changed: dict[str, str | None], status: bytes
) -> None:
    replies = []
    with guarded(tmp_path) as (desk, server):
        for way in (Door.short, Door.long):
            with door(server, token) as caller:
                replies.append(way(caller, call(), **changed))
        page = desk.metrics.page().decode()
    assert replies[0] == replies[1]
    assert replies[0][0].split()[1] == status
    assert f'toros_rejected_total{{service="telescope",status="{status.decode()}"}} 2.0' in page
    assert sum("refused a caller" in record.message for record in caplog.records) == (2 if status == b"401" else 0)


def test_a_connection_serves_many_calls_of_both_ways(token: str, tmp_path: Path) -> None:
    ledger = MemoryLedger()
    with guarded(tmp_path, ledger) as (desk, server), door(server, token) as caller:
        for number in range(300):
            way = caller.long if number % 7 == 0 else caller.short
            assert f"order-{number}<".encode() in way(call(id=f"order-{number}"))[1]
            assert b"400" in caller.short(call(id=f"bad-{number}", ra=400.0))[1]
        page = desk.metrics.page().decode()
    assert len(ledger.orders) == 300
    assert 'toros_calls_total{outcome="accepted",request="observation",service="telescope"} 300.0' in page


def test_a_body_may_come_in_pieces(tmp_path: Path, token: str) -> None:
    with guarded(tmp_path) as (_, server), door(server, token) as caller:
        whole = caller.head(len(call())) + call()
        for start in range(0, len(whole), 97):
            caller.connection.sendall(whole[start : start + 97])
            time.sleep(0.002)
        assert b"m31-0001" in caller.reply()[1]
        caller.connection.sendall(caller.head(len(call())))
        time.sleep(0.05)
        caller.connection.sendall(call())
        assert b"m31-0001" in caller.reply()[1]


def test_a_body_that_never_comes_is_told_so_and_counted(tmp_path: Path, token: str) -> None:
    with guarded(tmp_path, bounds=Bounds(body=0.3)) as (desk, server), door(server, token) as caller:
        caller.connection.sendall(caller.head(1000) + b"<methodCall>")
        assert caller.reply()[0].startswith(b"HTTP/1.1 408 ")
        assert caller.closed()
        assert 'status="499"} 1.0' in desk.metrics.page().decode()


@pytest.mark.parametrize("rest", [b"x" * 100, b"POST /RPC2 HTTP/1.1\r\nHost: x\r\n\r\n", call()])
def test_more_than_was_announced_ends_the_connection_and_stores_nothing(
    tmp_path: Path, token: str, rest: bytes
) -> None:
    ledger = MemoryLedger()
    with guarded(tmp_path, ledger) as (_, server):
        with door(server, token) as caller:
            caller.connection.sendall(caller.head(len(call())) + call() + rest)
            assert caller.closed() or b"400" in caller.connection.recv(100)
        with door(server, token) as caller:
            assert b"m31-0001" in caller.short(call(), Connection="close")[1]
            assert caller.closed()
    assert list(ledger.orders) == ["m31-0001"]


def test_calls_are_not_queued_while_one_is_served(tmp_path: Path, token: str) -> None:
    ledger = LateLedger()
    with guarded(tmp_path, ledger) as (_, server), door(server, token) as caller:
        caller.connection.sendall(caller.head(len(call())) + call())
        wait_for(ledger)
        caller.connection.sendall(caller.head(len(call())) + call())
        assert caller.closed()
        ledger.go_on()


def test_who_is_gone_before_the_reply_harms_nobody(
    tmp_path: Path, token: str, caplog: pytest.LogCaptureFixture
) -> None:
    ledger = LateLedger()
    with guarded(tmp_path, ledger) as (_, server):
        with door(server, token) as caller:
            caller.connection.sendall(caller.head(len(call())) + call())
            wait_for(ledger)
        with door(server, token) as half:
            half.connection.sendall(half.head(1000) + b"<methodCall>")
        time.sleep(0.1)
        assert server.connections == 0
        ledger.go_on()
        with door(server, token) as caller:
            caller.connection.sendall(caller.head(len(call())) + call())
            wait_for(ledger)
            ledger.go_on()
            assert b"m31-0001" in caller.reply()[1]
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def test_an_order_that_was_taken_gets_its_receipt_although_the_desk_ends(tmp_path: Path, token: str) -> None:
    ledger = LateLedger()
    with guarded(tmp_path, ledger) as (_, server), door(server, token) as caller:
        caller.connection.sendall(caller.head(len(call())) + call())
        wait_for(ledger)
        server.stop()
        time.sleep(0.3)
        ledger.go_on()
        head, body = caller.reply()
        assert b"connection: close" in head
        assert b"m31-0001" in body
        assert caller.closed()


def test_a_head_that_was_read_before_is_still_asked_who_it_is(tmp_path: Path, token: str) -> None:
    ledger = MemoryLedger()
    with guarded(tmp_path, ledger) as (_, server), door(server, token) as caller:
        for number in range(2):
            assert f"order-{number}<".encode() in caller.short(call(id=f"order-{number}"))[1]
        revoke(tmp_path / "identities.yaml", "caller")
        time.sleep(LOOK + 0.1)
        assert caller.short(call(id="order-2"))[0].startswith(b"HTTP/1.1 401 ")
    assert list(ledger.orders) == ["order-0", "order-1"]


def test_a_receipt_that_another_thread_sends_leaves_the_connection_in_use(tmp_path: Path, token: str) -> None:
    ledger = LateLedger()
    with guarded(tmp_path, ledger) as (_, server), door(server, token) as caller:
        for number in range(50):
            body = call(id=f"order-{number}")
            caller.connection.sendall(caller.head(len(body)) + body)
            wait_for(ledger)
            ledger.go_on()
            assert f"order-{number}<".encode() in caller.reply()[1]
        server.stop()
        assert caller.closed()


def test_a_larger_body_goes_the_long_way(tmp_path: Path, token: str) -> None:
    with guarded(tmp_path) as (_, server), door(server, token) as caller:
        padded = call().replace(b"</methodCall>", b" " * SMALL + b"</methodCall>")
        assert caller.short(padded) == caller.short(call())


def wait_for(ledger: LateLedger) -> None:
    """Wait until the ledger has an order."""
    until = time.monotonic() + 5
    while not ledger.waiting:
        assert time.monotonic() < until
        time.sleep(0.005)
