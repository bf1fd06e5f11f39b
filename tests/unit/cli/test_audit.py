"""Given a night's orders and products, the audit finds what is missing, doubled or wrong."""

from __future__ import annotations

from typing import Any

import pytest

from toros.cli.audit import audit

KINDS = ("master_bias", "master_flat", "calibrated", "calibrated")


def night() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    def row(name: str, request: str, desk: str, **more: Any) -> dict[str, Any]:
        return {
            "id": name,
            "request": request,
            "desk": desk,
            "state": "done",
            "worker": f"{desk}@h:{len(desk)}",
            **more,
        }

    rows = [
        row("A", "process_alert", "alert_robot"),
        row("B", "observation", "telescope"),
        row("C", "calibrate_file_batch", "preprocessor", result={"lights": 2, "calibrated": 2, "masters": ["b", "f"]}),
        *(row(f"D{i}", "ingest_data_product", "data_manager!") for i in range(4)),
    ]
    products = [{"product_type": kind, "file_location": f"products:{i}"} for i, kind in enumerate(KINDS)]
    return rows, products


def test_a_good_night_has_nothing_wrong() -> None:
    assert audit(*night(), exposures=2) == []


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("bury", "observation B is buried: clouds"), ("lose an order", "orders to record a product: 3 instead of 4"),
        ("double an order", "D0 was done 2 times"), ("lose a product", "products recorded: 3 instead of 4"),
        ("double a product", "different files recorded: 3 instead of 4"),
        ("set a light aside", "light frames calibrated: 1 instead of 2"),
        ("set a file aside", "light-002.fits could not be used: truncated"),
        ("share a process", "two desks were one process"), ("no observation", "0 orders for observation instead of 1"),
    ],
)  # fmt: skip
def test_a_bad_night_is_told_in_sentences(what: str, said: str) -> None:
    rows, products = night()
    match what:
        case "bury":
            rows[1] |= {"state": "buried", "reason": "clouds"}
        case "lose an order":
            rows.pop()
        case "double an order":
            rows.append(dict(rows[3]))
        case "lose a product":
            products.pop()
        case "double a product":
            products[3]["file_location"] = products[2]["file_location"]
        case "set a light aside":
            rows[2]["result"]["calibrated"] = 1
        case "set a file aside":
            rows[2]["result"]["unusable"] = [{"file": "light-002.fits", "reason": "truncated"}]
        case "share a process":
            rows[1]["worker"] = rows[0]["worker"]
        case "no observation":
            del rows[1]
    assert said in audit(rows, products, exposures=2)
