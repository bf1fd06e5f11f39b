"""Callers in a process of their own: plain `xmlrpc.client.ServerProxy`, a kept connection each.

`python -m tests.bench.callers URL CONNECTIONS SECONDS PREFIX` prints one line of JSON: ids acknowledged, seconds each.
"""

from __future__ import annotations

import json
import sys
import threading
import time
import xmlrpc.client
from typing import Any

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


class Caller:
    """One connection that sends order after order."""

    def __init__(self, url: str, name: str) -> None:
        self._proxy = xmlrpc.client.ServerProxy(url)
        self._name = name
        self.acknowledged: list[str] = []
        self.seconds: list[float] = []

    def work(self, until: float) -> None:
        """Send orders until then; every hundredth is sent twice, as after a lost reply."""
        number = 0
        while time.perf_counter() < until:
            number += 1
            fields = order(f"{self._name}-{number}")
            started = time.perf_counter()
            receipt: Any = self._proxy.front_desk(fields)
            self.seconds.append(time.perf_counter() - started)
            self.acknowledged.append(receipt["id"])
            if number % 100 == 0:
                self._proxy.front_desk(fields)


def main() -> None:
    url, connections, seconds, prefix = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), sys.argv[4]
    callers = [Caller(url, f"{prefix}-{i}") for i in range(connections)]
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
