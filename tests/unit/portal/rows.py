"""Rows of orders as desks tell them: the story of one alert."""

from __future__ import annotations

from typing import Any

Row = dict[str, Any]


def parcel(order_id: str, desk: str, request: str, state: str = "delivered", **more: Any) -> Row:
    """Return what an outbox tells about one onward order."""
    return {"id": order_id, "desk": desk, "request": request, "state": state, **more}


def row(order_id: str, desk: str, request: str, minute: int, *onward: Row, **more: Any) -> Row:
    """Return an order that was done at once, accepted so many minutes after two o'clock."""
    time = f"2026-11-20T{2 + minute // 60:02}:{minute % 60:02}"
    told = {
        "id": order_id, "request": request, "desk": desk, "instance": desk, "state": "done", "attempts": 1,
        "accepted": f"{time}:00.000", "started": f"{time}:00.500", "finished": f"{time}:30.000",
        "worker": f"{desk}@host:4{minute:02}", "user": "observer", "priority": 0.0, "fields": {}, "result": {},
    }  # fmt: skip
    return told | ({"onward": list(onward)} if onward else {}) | more


def night() -> list[Row]:
    """Return the rows of a whole night: an alert, its observation, its batch and two products."""
    return [
        row("A", "alert_robot", "process_alert", 0, parcel("O", "telescope", "observation")),
        row("O", "telescope", "observation", 1, parcel("B", "preprocessor", "calibrate_file_batch"), parent="A"),
        row("B", "preprocessor", "calibrate_file_batch", 5, parcel("P", "data_manager", "ingest_data_product"),
            parcel("Q", "data_manager", "ingest_data_product"), parent="O"),
        row("P", "data_manager", "ingest_data_product", 6, parent="B"),
        row("Q", "data_manager", "ingest_data_product", 7, parent="B"),
    ]  # fmt: skip
