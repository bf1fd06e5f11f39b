"""Whether a night did what was ordered: counts of what came out against what was asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["audit"]

Row = Mapping[str, Any]


def audit(rows: Sequence[Row], products: Sequence[Row], exposures: int) -> list[str]:
    """Return what is missing, doubled or wrong in the tree of an alert, a sentence each; empty where all is well.

    Parameters
    ----------
    rows : sequence of mapping
        Every order of the tree.
    products : sequence of mapping
        What the data manager has recorded of it.
    exposures : int
        Light frames that were to be taken.
    """
    wrong = [f"{row.get('request')} {row['id']} is {row.get('state')}: {row.get('reason', '')}"
             for row in rows if row.get("state") != "done"]  # fmt: skip
    count = Counter(str(row.get("request")) for row in rows)
    wrong += [
        f"{count[request]} orders for {request} instead of 1"
        for request in ("process_alert", "observation", "calibrate_file_batch")
        if count[request] != 1
    ]
    wrong += [f"{name} was done {times} times" for name, times in _doubled(rows).items()]
    wrong += _products(rows, products, exposures, count["ingest_data_product"])
    if len({str(row.get("worker")) for row in rows}) < len({str(row.get("desk")) for row in rows}):
        wrong.append("two desks were one process")
    return wrong


def _doubled(rows: Sequence[Row]) -> Counter[str]:
    """Return the ids that stand in the tree more than once."""
    return Counter({name: times for name, times in Counter(str(row["id"]) for row in rows).items() if times > 1})


def _products(rows: Sequence[Row], products: Sequence[Row], exposures: int, ingested: int) -> list[str]:
    result: Row = next((row.get("result", {}) for row in rows if row.get("request") == "calibrate_file_batch"), {})
    lights, calibrated, masters = (_number(result.get(key)) for key in ("lights", "calibrated", "masters"))
    recorded = Counter(str(product["product_type"]) for product in products)
    facts = {
        "light frames found": (lights, exposures),
        "light frames calibrated": (calibrated, exposures),
        "calibrated frames recorded": (recorded["calibrated"], exposures),
        "masters recorded": (sum(n for kind, n in recorded.items() if kind.startswith("master_")), masters),
        "orders to record a product": (ingested, calibrated + masters),
        "different files recorded": (len({product["file_location"] for product in products}), ingested),
        "products recorded": (len(products), ingested),
    }
    wrong = [f"{what}: {found} instead of {wanted}" for what, (found, wanted) in facts.items() if found != wanted]
    return wrong + [f"{bad.get('file')} could not be used: {bad.get('reason')}" for bad in result.get("unusable", ())]


def _number(value: Any) -> int:
    """Return a count, or the length of a list."""
    return len(value) if isinstance(value, list | tuple | dict) else int(value or 0)
