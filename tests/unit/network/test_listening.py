"""Listening: what comes is durable before it is acknowledged, once only; sources are watched and connected again."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import pytest

from tests.support.daemons import eventually
from tests.support.workshop import Bench, bench
from toros.alerts.listeners.message import ConnectionLost, Message
from toros.errors import DatabaseError
from toros.network import listening as module
from toros.network.listening import Listening
from toros.network.receiving import Receiver
from toros.store.receipts import OffsetRow, ReceiptRow, offsets_of


class Source:
    """A listener that hands over what a test puts into it."""

    kind, where = "made", "here"

    def __init__(self, name: str = "made:one", silence: float = 0.0) -> None:
        self.name, self.silence = name, silence
        self.puts: SimpleQueue[Message | Exception] = SimpleQueue()
        self.opened: list[dict[tuple[str, int], int]] = []
        self.settled: list[Message] = []
        self.refuses = False
        self.begins: dict[tuple[str, int], int] = {}

    def open(self, offsets: Mapping[tuple[str, int], int]) -> None:
        self.opened.append(dict(offsets))
        if self.refuses:
            raise ConnectionLost("nobody is there")

    def positions(self) -> Mapping[tuple[str, int], int]:
        return self.begins

    def receive(self, timeout: float) -> Message | None:
        try:
            found = self.puts.get(timeout=timeout)
        except Empty:
            return None
        if isinstance(found, Exception):
            raise found
        return found

    def settle(self, message: Message) -> None:
        self.settled.append(message)

    def lag(self) -> int | None:
        return self.puts.qsize()

    def close(self) -> None:
        pass


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setattr(module, "TURN", 0.02)
    monkeypatch.setattr(module, "DELAYS", (0.01, 0.05))
    with bench(tmp_path, "alert_robot") as made:
        yield made


@contextmanager
def hearing(shop: Bench, *sources: Source) -> Iterator[Listening]:
    listening = Listening(shop.shop, sources)
    listening.start()
    try:
        yield listening
    finally:
        listening.stop()
        assert not listening.well()


def settled(source: Source, count: int) -> None:
    eventually(lambda: len(source.settled) == count, 10.0, 0.01)


def orders(shop: Bench) -> list[dict[str, Any]]:
    return list(shop.ledger.list_orders(named="process_alert")["orders"])


def receipts(shop: Bench) -> list[ReceiptRow]:
    return shop.shop.database.read(lambda session: list(session.query(ReceiptRow).order_by(ReceiptRow.arrived)))


def test_an_alert_becomes_a_file_an_order_a_receipt_and_an_offset(shop: Bench) -> None:
    source = Source()
    with hearing(shop, source):
        source.puts.put(Message(b'{"a": 1}', "igwn.gwalert", 2, 41, name="x"))
        settled(source, 1)
    (order,), (receipt,) = orders(shop), receipts(shop)
    assert (order["id"], order["fields"]["topic"]) == (receipt.order_id, "igwn.gwalert")
    assert shop.shop.files.path(receipt.location).read_bytes() == b'{"a": 1}'
    assert order["fields"]["file_location"] == receipt.location and receipt.location.endswith(".json")
    assert (receipt.source, receipt.size, receipt.times, receipt.name) == ("made:one", 8, 1, "x")
    assert shop.shop.database.read(lambda s: offsets_of(s, "made:one")) == {("igwn.gwalert", 2): 42}


def test_the_same_alert_ten_times_from_two_routes_is_one_order(shop: Bench) -> None:
    one, two = Source("made:one"), Source("made:two")
    with hearing(shop, one, two) as listening:
        for number in range(5):
            one.puts.put(Message(b"<v/>", "t", 0, number))
            two.puts.put(Message(b"<v/>", name="file.xml"))
        settled(one, 5)
        settled(two, 5)
        assert sum(row["repeated"] for row in listening.plain()) == 9
    assert len(orders(shop)) == 1 and receipts(shop)[0].times == 10
    assert shop.shop.database.read(lambda s: s.query(OffsetRow).one().offset) == 5


def test_nothing_is_acknowledged_while_nothing_can_be_stored(shop: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    source, away, write = Source(), threading.Event(), shop.shop.database.write
    tries = []

    def full(change: Any) -> Any:
        tries.append(1)
        if not away.is_set():
            raise DatabaseError("the disk is full")
        return write(change)

    monkeypatch.setattr(shop.shop.database, "write", full)
    monkeypatch.setattr("toros.network.receiving.PATIENCE", (0.01, 0.02))
    with hearing(shop, source):
        source.puts.put(Message(b"{}"))
        eventually(lambda: len(tries) >= 3, 5.0, 0.01)
        assert source.settled == [] and orders(shop) == []
        away.set()
        settled(source, 1)
    assert len(orders(shop)) == 1


def test_stopping_while_nothing_can_be_stored_acknowledges_nothing(
    shop: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_change: Any) -> Any:
        raise DatabaseError("the disk is full")

    source = Source()
    monkeypatch.setattr(shop.shop.database, "write", full)
    with hearing(shop, source):
        source.puts.put(Message(b"{}"))
        eventually(source.puts.empty, 5.0, 0.01)
    assert source.settled == []


def test_where_it_begins_is_remembered_before_anything_has_come(shop: Bench) -> None:
    source = Source()
    source.begins = {("t", 0): 90}
    with hearing(shop, source):
        eventually(lambda: shop.shop.database.read(lambda s: offsets_of(s, "made:one")) == {("t", 0): 90})
        source.puts.put(ConnectionLost("gone"))
        eventually(lambda: len(source.opened) == 2, 5.0, 0.01)
    assert source.opened == [{}, {("t", 0): 90}]


@pytest.mark.parametrize("error", [ConnectionLost("gone"), RuntimeError("a defect")])
def test_a_source_that_is_lost_or_defective_is_connected_again(shop: Bench, error: Exception) -> None:
    source = Source()
    with hearing(shop, source) as listening:
        for _ in range(3):
            source.puts.put(error)
        source.puts.put(Message(b"{}"))
        settled(source, 1)
        assert listening.well() and listening.plain()[0]["state"] == "connected"
        assert listening.figures()["listener_connections"] == {"made:one": 4}


def errors(caplog: pytest.LogCaptureFixture, word: str) -> list[str]:
    return [r.getMessage() for r in caplog.records if r.levelno == logging.ERROR and word in r.getMessage()]


def test_silence_is_told_once_and_so_is_its_end(shop: Bench, caplog: pytest.LogCaptureFixture) -> None:
    source = Source(silence=0.1)
    with hearing(shop, source) as listening, caplog.at_level(logging.INFO):
        source.puts.put(Message(b"", heartbeat=True))
        settled(source, 1)
        eventually(lambda: listening.plain()[0]["state"] == "silent", 5.0, 0.01)
        assert listening.figures()["listener_silent"] == {"made:one": 1.0}
        eventually(lambda: len(source.opened) >= 4, 5.0, 0.01)  # it tries again and again, and tells nobody
        source.puts.put(Message(b"", heartbeat=True))
        eventually(lambda: "speaks again" in caplog.text, 5.0, 0.01)
        assert len(errors(caplog, "nothing was heard")) == 1
        assert "last_heartbeat" in listening.plain()[0] and orders(shop) == []
        eventually(lambda: len(errors(caplog, "nothing was heard")) == 2, 5.0, 0.01)


def test_a_source_that_cannot_be_reached_raises_the_alarm(
    shop: Bench, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AWAY", 0.1)
    source = Source()
    source.refuses = True
    with hearing(shop, source) as listening, caplog.at_level(logging.INFO):
        eventually(lambda: errors(caplog, "nobody is there"), 5.0, 0.01)
        assert listening.plain()[0]["trouble"] == "nobody is there"
        source.refuses = False
        eventually(lambda: listening.plain()[0]["state"] == "connected", 5.0, 0.01)
        assert len(errors(caplog, "nobody is there")) == 1 and "connected again" in caplog.text


def test_receiving_waits_for_nobody_who_works(shop: Bench) -> None:
    source = Source()
    with hearing(shop, source):
        for number in range(50):
            source.puts.put(Message(b'{"n": %d}' % number, "t", 0, number))
        settled(source, 50)
    assert shop.ledger.figures()["counts"]["queued"] == 50


def test_a_crash_between_file_and_order_leaves_no_order_and_no_second_file(shop: Bench) -> None:
    receiver = Receiver(shop.shop, threading.Event())
    receiver._spooled(b"{}", "0" * 64)
    assert orders(shop) == []
    assert receiver.keep("made:one", Message(b"{}")) and not receiver.keep("made:one", Message(b"{}"))
    assert len(orders(shop)) == 1
