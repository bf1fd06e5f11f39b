"""A Kafka cluster for tests, the one that is built into librdkafka, in a process of its own.

Topics come into being with four partitions when they are first written to; about five megabytes of each are kept.
"""

from __future__ import annotations

import base64
import json
import signal
import subprocess
import sys
from types import TracebackType

__all__ = ["KafkaBroker"]


class KafkaBroker:
    """One broker.

    Attributes
    ----------
    address : str
        host:port.
    """

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.kafka_broker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self.address = self._line()

    def __enter__(self) -> KafkaBroker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def send(self, topic: str, *contents: bytes, partition: int = 0) -> None:
        """Write messages, and return when the broker has them."""
        assert self._process.stdin is not None
        request = {"topic": topic, "partition": partition, "contents": [base64.b64encode(c).decode() for c in contents]}
        self._process.stdin.write(json.dumps(request).encode() + b"\n")
        self._process.stdin.flush()
        assert self._line() == "sent"

    def freeze(self) -> None:
        """Let the broker answer nobody."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it answer again."""
        self._process.send_signal(signal.SIGCONT)

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().decode().strip()


def _serve() -> None:
    """Be the broker: write what standard input asks for."""
    from confluent_kafka import Producer

    broker = Producer({"test.mock.num.brokers": 1, "message.max.bytes": 5_000_000, "linger.ms": 0})
    (one,) = broker.list_topics(timeout=10).brokers.values()
    print(f"{one.host}:{one.port}", flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        for content in request["contents"]:
            broker.produce(request["topic"], base64.b64decode(content), partition=request["partition"])
        left = broker.flush(20)
        print("sent" if not left else f"{left} were not sent", flush=True)


if __name__ == "__main__":
    _serve()
