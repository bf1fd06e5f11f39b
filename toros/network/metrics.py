"""What a daemon counts, for Prometheus; every desk has a registry of its own."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

__all__ = ["CONTENT_TYPE", "Metrics"]

CONTENT_TYPE = b"text/plain; version=0.0.4; charset=utf-8"
SECONDS = (0.0005, 0.001, 0.002, 0.003, 0.005, 0.01, 0.03, 0.1, 0.3, 1, 3, 10)

log = logging.getLogger(__name__)


class Metrics:
    """The figures of one desk.

    Parameters
    ----------
    service : str
        Label of every figure.
    figures : callable, optional
        The ledger's: counts by state, what waits in the outbox, the age of the oldest queued order in seconds.
    """

    def __init__(self, service: str, figures: Callable[[], Mapping[str, Any]] | None = None) -> None:
        self.registry = CollectorRegistry(auto_describe=False)
        calls = Counter("toros_calls", "Calls of the desk", ["service", "request", "outcome"], registry=self.registry)
        seconds = Histogram("toros_call_seconds", "From the end of the headers to the reply; seconds", ["service"],
                            registry=self.registry, buckets=SECONDS)  # fmt: skip
        rejected = Counter(
            "toros_rejected", "Turned away by HTTP status", ["service", "status"], registry=self.registry
        )
        self.connections = Gauge("toros_connections", "Open connections", ["service"], registry=self.registry).labels(
            service
        )
        self._calls: dict[tuple[str, str], Counter] = {}
        self._all_calls = calls
        self._seconds = seconds.labels(service)
        self._rejected = rejected
        self._service = service
        if figures is not None:
            self.registry.register(_Ledger(service, figures))

    def answered(self, request: str, outcome: str, seconds: float) -> None:
        """Count a call: what was asked, "accepted", "answered" or the fault's name, and how long it took."""
        key = (request, outcome)
        counter = self._calls.get(key)
        if counter is None:
            counter = self._calls[key] = self._all_calls.labels(self._service, *key)
        counter.inc()
        self._seconds.observe(seconds)

    def rejected(self, status: int) -> None:
        """Count a request that was turned away before it was read."""
        self._rejected.labels(self._service, str(status)).inc()

    def page(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self.registry)


class _Ledger(Collector):
    """Asks the ledger when Prometheus asks us, at most once a second."""

    def __init__(self, service: str, figures: Callable[[], Mapping[str, Any]]) -> None:
        self._service = service
        self._figures = figures
        self._known: Mapping[str, Any] = {}
        self._until = 0.0

    def collect(self) -> Iterator[Metric]:
        """Yield the ledger's figures; none while its database is away."""
        if time.monotonic() > self._until:
            self._until = time.monotonic() + 1.0
            try:
                self._known = self._figures()
            except Exception as error:  # noqa: BLE001 - figures are a comfort: the page goes out without them
                log.warning("the ledger's figures are not to be had: %s", error)
                self._known = {}
        yield from self._families()

    def _families(self) -> Iterator[Metric]:
        """Yield one gauge for every number, one labelled gauge for every table of numbers."""
        for name, value in self._known.items():
            if isinstance(value, Mapping):
                family = GaugeMetricFamily(f"toros_{name}", f"Ledger: {name}", labels=["service", "kind"])
                for kind, number in value.items():
                    if isinstance(number, int | float):
                        family.add_metric([self._service, str(kind)], float(number))
                yield family
            elif isinstance(value, int | float):
                family = GaugeMetricFamily(f"toros_{name}", f"Ledger: {name}", labels=["service"])
                family.add_metric([self._service], float(value))
                yield family
