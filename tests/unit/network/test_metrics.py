"""What a desk counts."""

from __future__ import annotations

from typing import Any

from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families

from toros.network.metrics import Metrics


def samples(metrics: Metrics) -> dict[tuple[str, ...], float]:
    """Return every figure of the page by name and labels, without the service's."""
    return {
        (sample.name, *(value for name, value in sorted(sample.labels.items()) if name != "service")): sample.value
        for family in text_string_to_metric_families(metrics.page().decode())
        for sample in family.samples
    }


def test_calls_and_rejections_are_counted() -> None:
    metrics = Metrics("telescope")
    for _ in range(3):
        metrics.answered("observation", "accepted", 0.002)
    metrics.answered("observation", "conflict", 0.002)
    metrics.rejected(401)
    page = samples(metrics)
    assert page["toros_calls_total", "accepted", "observation"] == 3
    assert page["toros_calls_total", "conflict", "observation"] == 1
    assert page["toros_rejected_total", "401"] == 1
    assert page["toros_call_seconds_count",] == 4


def test_the_ledger_s_figures_are_asked_for_when_we_are() -> None:
    asked = []

    def figures() -> dict[str, Any]:
        asked.append(1)
        return {"orders": {"queued": 4, "done": 7}, "oldest_queued": 1.5, "name": "text"}

    metrics = Metrics("telescope", figures)
    page = samples(metrics)
    assert page["toros_orders", "queued"] == 4
    assert page["toros_orders", "done"] == 7
    assert page["toros_oldest_queued",] == 1.5
    samples(metrics)
    assert len(asked) == 1


def test_a_ledger_in_trouble_does_not_take_the_page_away() -> None:
    def figures() -> dict[str, Any]:
        raise OSError("disk gone")

    metrics = Metrics("telescope", figures)
    metrics.answered("status", "answered", 0.1)
    assert samples(metrics)["toros_calls_total", "answered", "status"] == 1


def test_every_desk_has_figures_of_its_own() -> None:
    first, second = Metrics("telescope"), Metrics("telescope")
    first.rejected(401)
    assert ("toros_rejected_total", "401") not in samples(second)
    assert not any(name.startswith("toros") for name in REGISTRY._names_to_collectors)
