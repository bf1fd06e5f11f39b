"""Callers in a process of their own, a kept connection each.

One caller is a plain `xmlrpc.client.ServerProxy`. Several are bare sockets with calls written in advance: proxies in
one process would wait for one another, and measure that.

`python -m tests.bench.callers URL CONNECTIONS SECONDS PREFIX` prints one line of JSON: ids acknowledged, seconds each.
"""

from __future__ import annotations

import base64
import json
import socket
import sys
import threading
import time
import xmlrpc.client
from typing import Any
from urllib.parse import urlsplit

__all__ = ["order"]


def order(order_id: str) -> dict[str, Any]:
    """Return an observation that is 2 kB of XML."""
    return {
        "id": order_id, "request": "observation", "to": "telescope", "priority": 8.5,
        "datetime": "2026-11-20T02:14:05.123", "user": "alert_robot", "parent": "01KAFXJ5T3W7H9V2QZ4M8N6P0R",
        "expires": "2099-11-20T10:00:00.000", "dry_run": False, "version": 1, "ra": 197.448776, "dec": -23.383831,
        "exposure_time": 60.0, "exposures": 3, "filter": "r", "calibration_frames": 5,
        "target": "NGC 4993 " + "host of the loudest chirp so far, " * 3,
        "event": "MS181101ab, " + "a mock superevent of the engineering run, " * 2,
    }  # fmt: skip


class Proxy:
    """The standard library's client."""

    def __init__(self, url: str) -> None:
        self._proxy = xmlrpc.client.ServerProxy(url)

    def send(self, order_id: str) -> None:
        """Send an order and check its receipt."""
        receipt: Any = self._proxy.front_desk(order(order_id))
        assert receipt["id"] == order_id


class Socket:
    """A kept connection and nothing else."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._socket = socket.create_connection((parts.hostname, parts.port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        login = base64.b64encode(f"{parts.username}:{parts.password}".encode()).decode()
        self._head = (
            f"POST /RPC2 HTTP/1.1\r\nHost: {parts.hostname}:{parts.port}\r\nContent-Type: text/xml\r\n"
            f"Authorization: Basic {login}\r\nContent-Length: "
        ).encode()
        self._before, self._after = xmlrpc.client.dumps((order("@"),), "front_desk").encode().split(b"@")

    def send(self, order_id: str) -> None:
        """Send an order and check its receipt."""
        body = self._before + order_id.encode() + self._after
        self._socket.sendall(b"%b%d\r\n\r\n%b" % (self._head, len(body), body))
        reply = self._socket.recv(65536)
        while not reply.rstrip().endswith(b"</methodResponse>"):
            reply += self._socket.recv(65536)
        assert reply.startswith(b"HTTP/1.1 200 ")
        assert order_id.encode() in reply


class Caller:
    """Sends order after order."""

    def __init__(self, connection: Proxy | Socket, name: str) -> None:
        self._connection = connection
        self._name = name
        self._number = 0
        self.acknowledged: list[str] = []
        self.seconds: list[float] = []

    def work(self, until: float) -> None:
        """Send orders until then; every hundredth is sent twice, as after a lost reply."""
        while time.perf_counter() < until:
            self._number += 1
            order_id = f"{self._name}-{self._number}"
            started = time.perf_counter()
            self._connection.send(order_id)
            self.seconds.append(time.perf_counter() - started)
            self.acknowledged.append(order_id)
            if self._number % 100 == 0:
                self._connection.send(order_id)


def main() -> None:
    url, connections, seconds, prefix = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), sys.argv[4]
    kind = Proxy if connections == 1 else Socket
    callers = [Caller(kind(url), f"{prefix}-{i}") for i in range(connections)]
    for caller in callers:  # connect, and warm up what is compiled or cached at first use
        caller.work(time.perf_counter() + 0.1)
        caller.seconds.clear()
    started = time.perf_counter()
    until = started + seconds
    threads = [threading.Thread(target=caller.work, args=(until,)) for caller in callers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    taken = time.perf_counter() - started
    print(json.dumps({
        "acknowledged": [i for caller in callers for i in caller.acknowledged],
        "seconds": [s for caller in callers for s in caller.seconds], "taken": taken,
    }))  # fmt: skip


if __name__ == "__main__":
    main()
