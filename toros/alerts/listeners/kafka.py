"""Kafka: GCN, SCiMMA or any other broker, read from where we ourselves left off.

Partitions are assigned, not subscribed to, and no offset is ever committed to the broker: where to read on is kept
with the alerts, so that neither can be without the other.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from toros.alerts.listeners.message import ConnectionLost, Message
from toros.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["KafkaListener"]

T = TypeVar("T")

PATIENCE = 10.0  # seconds for the broker to answer a question
LOOK = 60.0  # seconds between two looks for topics and partitions that are new

log = logging.getLogger("toros.alerts.listeners")


class KafkaListener:
    """Alerts of some topics of one Kafka cluster.

    Parameters
    ----------
    name : str
        What the listener is called in logs and status.
    topics : sequence of str
        Read whole: every partition, also those that come later.
    settings : mapping
        librdkafka's: bootstrap.servers and security; for GCN `client_id`, `client_secret` and `domain`.
    heartbeat : str
        Topic of the broker's own signs of life; none where empty.
    begin : {"earliest", "latest"}
        Where a partition begins that was never read: at what the broker still has, or at what comes next.
    days : float
        With "earliest": nothing older than this at the first start; 0 for all there is.
    silence : float
        With neither alert nor heartbeat for so long the connection is taken for broken; seconds, 0 for never.
    """

    kind = "kafka"

    def __init__(
        self,
        name: str,
        topics: Sequence[str],
        settings: Mapping[str, Any],
        *,
        heartbeat: str = "",
        begin: str = "earliest",
        days: float = 2.0,
        silence: float = 60.0,
    ) -> None:
        self.name = name
        self.silence = silence
        self._topics = tuple(topics)
        self._settings = dict(settings)
        self._heartbeat = heartbeat
        self._begin = begin
        self._days = days
        self._consumer: Any = None
        self._next: dict[tuple[str, int], int] = {}
        self._assigned: set[tuple[str, int]] = set()
        self._missing: set[str] = set()
        self._looked = 0.0
        self._trouble = ""
        self._refused = False  # by who gives the tokens: which brokers are away is then no news

    @property
    def where(self) -> str:
        """The brokers' address."""
        return str(self._settings.get("bootstrap.servers") or f"kafka.{self._settings.get('domain', 'gcn.nasa.gov')}")

    def lag(self) -> int | None:
        """Return how many messages the broker has beyond what was read, as far as it has said."""
        behind = 0
        for place in tuple(self._assigned):
            consumer = self._consumer
            if place[0] == self._heartbeat or consumer is None:
                continue
            _low, high = consumer.get_watermark_offsets(_partition(*place), cached=True)
            behind += max(0, high - self._next.get(place, high))  # below nought: nothing was fetched yet
        return behind

    def open(self, offsets: Mapping[tuple[str, int], int]) -> None:
        """Connect, and read on at these offsets by topic and partition.

        Raises
        ------
        ConfigurationError
            The package that speaks Kafka is not installed.
        ConnectionLost
            The broker does not answer.
        """
        self._next = {place: offset for place, offset in offsets.items() if place[0] in self._topics}
        self._assigned, self._missing, self._trouble, self._refused = set(), set(), "", False
        self._consumer = _consumer(self._settings, self._note)
        self._assign_new()

    def positions(self) -> Mapping[tuple[str, int], int]:
        """Return the offset of what comes next in each partition: to be kept even before anything has come."""
        return {place: offset for place, offset in self._next.items() if place in self._assigned}

    def close(self) -> None:
        """Let go of the connection."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            consumer.close()

    def receive(self, timeout: float) -> Message | None:
        """Return the next alert or heartbeat, or None where there was none in so many seconds.

        Raises
        ------
        ConnectionLost
            Every broker is away, or the token is not accepted: librdkafka tries again by itself, and so do we, with
            everything new.
        """
        if time.monotonic() - self._looked > LOOK:
            self._assign_new()
        message = self._consumer.poll(timeout)
        if message is None:
            if self._trouble:
                raise ConnectionLost(f"{self.where}: {self._trouble}")
            return None
        if message.error() is not None:
            self._weigh(message.topic() or "?", message.error())
            return None
        self._trouble, self._refused = "", False
        return self._taken(message)

    def settle(self, message: Message) -> None:
        """Nothing: the broker is told nothing."""

    def _taken(self, message: Any) -> Message:
        """Return a message as ours, and say where messages are missing before it."""
        topic, partition, offset = message.topic(), message.partition(), message.offset()
        if topic == self._heartbeat:
            return Message(b"", topic, partition, offset, heartbeat=True)
        expected = self._next.get((topic, partition))
        self._next[topic, partition] = offset + 1
        if expected is not None and offset > expected:
            log.error("%s: %s, partition %d: %d messages from offset %d on are not at the broker any more: what they "
                      "said is lost to us", self.name, topic, partition, offset - expected, expected)  # fmt: skip
        return Message(message.value() or b"", topic, partition, offset)

    def _note(self, error: Any) -> None:
        """Keep what librdkafka has to complain of, on its thread, until the next message proves it wrong."""
        from confluent_kafka import KafkaError

        serious = (KafkaError._ALL_BROKERS_DOWN, KafkaError._AUTHENTICATION, KafkaError._FATAL)
        refused = KafkaError._AUTHENTICATION
        if error.code() in serious and (error.code() == refused or not self._refused):
            self._trouble, self._refused = error.str(), error.code() == refused
        else:
            log.debug("%s: %s", self.name, error.str())

    def _weigh(self, topic: str, error: Any) -> None:
        """Pass over an error of one topic, said once; raise ConnectionLost for all others."""
        from confluent_kafka import KafkaError

        passing = (
            KafkaError.UNKNOWN_TOPIC_OR_PART,
            KafkaError.TOPIC_AUTHORIZATION_FAILED,
            KafkaError._UNKNOWN_TOPIC,
            KafkaError._UNKNOWN_PARTITION,
            KafkaError._PARTITION_EOF,
        )
        if error.code() not in passing:
            raise ConnectionLost(f"{self.where}: {error.str()}")
        if error.code() != KafkaError._PARTITION_EOF:
            self._miss(topic, error.str())

    def _miss(self, topic: str, why: str) -> None:
        """Say once that a topic cannot be read; the others go on."""
        if topic not in self._missing:
            self._missing.add(topic)
            log.error("%s: the topic %s cannot be read: %s; it is looked for again", self.name, topic, why)

    def _assign_new(self) -> None:
        """Assign every partition that is not assigned yet."""
        self._looked = time.monotonic()
        new = [place for place in self._partitions() if place not in self._assigned]
        if new:
            self._consumer.incremental_assign(self._first_offsets(new))
            self._assigned.update(new)

    def _partitions(self) -> list[tuple[str, int]]:
        """Return the partitions of our topics that the broker has now."""
        known = self._asked(lambda: self._consumer.list_topics(timeout=PATIENCE)).topics
        found = []
        for topic in (*self._topics, *([self._heartbeat] if self._heartbeat else [])):
            if topic not in known or known[topic].error is not None:
                self._miss(topic, "there is none" if topic not in known else known[topic].error.str())
            else:
                self._missing.discard(topic)
                found += [(topic, number) for number in sorted(known[topic].partitions)]
        return found

    def _first_offsets(self, places: Sequence[tuple[str, int]]) -> list[Any]:
        """Return the partitions with the offsets to begin at, all of them numbers but the heartbeat's."""
        from confluent_kafka import OFFSET_END

        fresh = [place for place in places if place not in self._next and place[0] != self._heartbeat]
        self._next.update(self._asked(lambda: self._beginnings(fresh)))
        return [_partition(*place, self._next.get(place, OFFSET_END)) for place in places]

    def _beginnings(self, places: Sequence[tuple[str, int]]) -> dict[tuple[str, int], int]:
        """Return where partitions begin that were never read."""
        bounds = {place: self._consumer.get_watermark_offsets(_partition(*place), PATIENCE) for place in places}
        chosen = {place: high if self._begin == "latest" else low for place, (low, high) in bounds.items()}
        if places and self._begin == "earliest" and self._days > 0:
            moment = int(1000 * (time.time() - 86400 * self._days))
            for found in self._consumer.offsets_for_times([_partition(*place, moment) for place in places], PATIENCE):
                place = (found.topic, found.partition)
                chosen[place] = found.offset if found.offset >= 0 else bounds[place][1]  # all of it is older
        return chosen

    def _asked(self, question: Callable[[], T]) -> T:
        """Return the broker's answer; raise ConnectionLost where there is none."""
        from confluent_kafka import KafkaException

        try:
            return question()
        except KafkaException as error:
            self._consumer.poll(0)  # lets librdkafka tell `_note` why
            raise ConnectionLost(f"{self.where}: {self._trouble or error.args[0].str()}") from None


def _consumer(settings: Mapping[str, Any], note: Callable[[Any], None]) -> Any:
    """Return a consumer that never commits."""
    try:
        from gcn_kafka import Consumer
    except ModuleNotFoundError:
        raise ConfigurationError("listening to Kafka needs gcn-kafka: pip install 'toros[kafka]'") from None
    ours = {
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "earliest",  # what is gone is gone, and noticed: see _taken
        "allow.auto.create.topics": False,
        "fetch.wait.max.ms": 100,
        "socket.keepalive.enable": True,
        "reconnect.backoff.max.ms": 5000,
        "group.id": "toros",  # asked for by librdkafka, used for nothing
        "client.id": "toros",
        "error_cb": note,
        "logger": logging.getLogger("toros.alerts.listeners.librdkafka"),
    }
    return Consumer({**ours, **settings})


def _partition(topic: str, number: int, offset: int | None = None) -> Any:
    from confluent_kafka import TopicPartition

    return TopicPartition(topic, number) if offset is None else TopicPartition(topic, number, offset)
