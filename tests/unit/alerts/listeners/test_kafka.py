"""Kafka, against librdkafka's own cluster: whole topics from where we left off, and nothing told to the broker."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from tests.support.daemons import free_port
from tests.support.kafka_broker import KafkaBroker
from toros.alerts.listeners.kafka import KafkaListener
from toros.alerts.listeners.message import ConnectionLost, Message

pytest.importorskip("gcn_kafka", reason="the kafka extra is not installed")


@pytest.fixture(scope="module")
def broker() -> Iterator[KafkaBroker]:
    with KafkaBroker() as broker:
        yield broker


@contextmanager
def listening(
    address: str, *topics: str, offsets: Mapping[tuple[str, int], int] | None = None, **settings: Any
) -> Iterator[KafkaListener]:
    listener = KafkaListener(
        "kafka:here", topics, {"bootstrap.servers": address, "security.protocol": "plaintext"},
        **{"days": 0.0, **settings},
    )  # fmt: skip
    try:
        listener.open(offsets or {})
        yield listener
    finally:
        listener.close()


def received(listener: KafkaListener, count: int, seconds: float = 10.0) -> list[Message]:
    messages, until = [], time.monotonic() + seconds
    while len(messages) < count and time.monotonic() < until:
        message = listener.receive(0.1)
        messages += [message] if message is not None else []
    return messages


def test_every_partition_is_read_from_the_beginning(broker: KafkaBroker) -> None:
    broker.send("all", b"one", b"two")
    broker.send("all", b"three", partition=3)
    with listening(broker.address, "all") as listener:
        messages = received(listener, 3)
        assert {(m.content, m.topic, m.partition, m.offset) for m in messages} == {
            (b"one", "all", 0, 0), (b"two", "all", 0, 1), (b"three", "all", 3, 0)
        }  # fmt: skip
        assert listener.positions() == {("all", 0): 2, ("all", 1): 0, ("all", 2): 0, ("all", 3): 1}
        assert listener.lag() == 0


def test_it_reads_on_where_it_is_told_to(broker: KafkaBroker) -> None:
    broker.send("on", b"0", b"1", b"2")
    with listening(broker.address, "on", offsets={("on", 0): 2}) as listener:
        assert [m.content for m in received(listener, 1)] == [b"2"]


def test_latest_begins_with_what_comes_and_stands_there_when_asked_again(broker: KafkaBroker) -> None:
    broker.send("late", b"old")
    with listening(broker.address, "late", begin="latest") as listener:
        begins = dict(listener.positions())
        assert begins["late", 0] == 1
    broker.send("late", b"while we were away")
    with listening(broker.address, "late", begin="latest", offsets=begins) as listener:
        assert [m.content for m in received(listener, 1)] == [b"while we were away"]


def test_a_heartbeat_is_a_sign_of_life_and_its_past_is_left(broker: KafkaBroker) -> None:
    broker.send("beat", b"past", b"past")
    broker.send("quiet", b"alert")
    with listening(broker.address, "quiet", heartbeat="beat") as listener:
        assert not received(listener, 1)[0].heartbeat
        messages: list[Message] = []
        while not messages:
            broker.send("beat", b"now")
            messages = received(listener, 1, 0.2)
        assert messages[0].heartbeat and messages[0].content == b""
        assert ("beat", 0) not in listener.positions()


def test_messages_that_the_broker_has_dropped_are_missed_aloud(
    broker: KafkaBroker, caplog: pytest.LogCaptureFixture
) -> None:
    broker.send("full", *(bytes([n]) * 2_000_000 for n in range(5)))
    with listening(broker.address, "full", offsets={("full", 0): 0}) as listener, caplog.at_level(logging.ERROR):
        assert received(listener, 1)[0].offset > 0
    assert "are not at the broker any more" in caplog.text


def test_a_topic_that_comes_later_is_found(
    broker: KafkaBroker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("toros.alerts.listeners.kafka.LOOK", 0.1)
    broker.send("there", b"first")
    with listening(broker.address, "later", "there") as listener, caplog.at_level(logging.ERROR):
        assert [m.content for m in received(listener, 1)] == [b"first"]
        broker.send("later", b"second")
        assert [m.content for m in received(listener, 1)] == [b"second"]
    assert caplog.text.count("the topic later cannot be read: there is none") <= 1


class _Answers:
    """Stands for a consumer that knows times, which librdkafka's own cluster does not."""

    def get_watermark_offsets(self, _partition: Any, _timeout: float) -> tuple[int, int]:
        return 10, 90

    def offsets_for_times(self, partitions: list[Any], _timeout: float) -> list[Any]:
        assert all(abs(p.offset / 1000 - (time.time() - 86400)) < 5 for p in partitions)
        for partition in partitions:
            partition.offset = 42 if partition.partition == 0 else -1
        return partitions


def test_a_first_start_begins_with_what_is_not_too_old() -> None:
    listener = KafkaListener("kafka:here", ["a"], {}, days=1.0)
    listener._consumer = _Answers()
    assert listener._beginnings([("a", 0), ("a", 1)]) == {("a", 0): 42, ("a", 1): 90}


def test_a_token_that_is_not_given_is_a_lost_connection_and_asked_for_anew(
    broker: KafkaBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who gives tokens has forgotten us, as GCN does after a month: that is told, and asked again."""
    monkeypatch.setattr("toros.alerts.listeners.kafka.PATIENCE", 0.5)
    with refusing_tokens() as (url, asked):
        settings = {
            "bootstrap.servers": broker.address, "security.protocol": "sasl_plaintext", "client_id": "us",
            "client_secret": "forgotten", "sasl.oauthbearer.token.endpoint.url": url,
        }  # fmt: skip
        listener = KafkaListener("kafka:here", ["a"], settings)
        for connection in (1, 2):
            with pytest.raises(ConnectionLost, match="(?i)token"):
                listener.open({})
            listener.close()
            assert len(asked) >= connection


@contextmanager
def refusing_tokens() -> Iterator[tuple[str, list[str]]]:
    """Give the URL of a server that gives no token, and what it was asked."""
    asked: list[str] = []

    class Refusing(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.send_response(401)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Refusing) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/token", asked
        server.shutdown()


def test_a_broker_that_is_not_there_is_a_lost_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("toros.alerts.listeners.kafka.PATIENCE", 0.5)
    with pytest.raises(ConnectionLost, match="127.0.0.1"), listening(f"127.0.0.1:{free_port()}", "a"):
        pass
