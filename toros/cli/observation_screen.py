"""Observations on the screen: a table of several, a page of one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from toros.cli.screen import clean, console
from toros.cli.words import in_words

__all__ = ["print_observation", "print_observations"]

COLUMNS = {
    "number": "number", "target": "target", "facility": "facility", "status": "status", "from": "start",
    "until": "end", "observed": "scheduled_start", "asked by": "asked_by", "group": "group", "proposal": "proposal",
    "products": "products",
}  # fmt: skip
MINUTES = 16  # characters of a time up to its minutes
TIMES = {"start", "end", "scheduled_start"}


def print_observations(answer: Mapping[str, Any]) -> None:
    """Print a page of observations as a table, and how to see the next."""
    from rich.table import Table
    from rich.text import Text

    rows = answer["observations"]
    if not rows:
        print("no observations")
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    shown = {heading: field for heading, field in COLUMNS.items() if any(row.get(field) for row in rows)}
    for heading in shown:
        table.add_column(heading, no_wrap=True)
    for row in rows:
        table.add_row(*(Text(_cell(field, row.get(field))) for field in shown.values()))
    console().print(table)
    if answer["more"]:
        print(f"more: --before {rows[-1]['number']}")


def print_observation(observation: Mapping[str, Any]) -> None:
    """Print all that is known of one observation, a line a field, then its history and products."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    for name, value in observation.items():
        if name not in ("history", "products") and value not in ([], {}):
            table.add_row(name.replace("_", " "), Text(in_words(value)))
    for event in observation["history"]:
        who = f" by {event['who']}" if "who" in event else ""
        table.add_row(_cell("start", event["time"]), Text(clean(f"{event['status']}{who}  {event.get('note', '')}")))
    for product in observation["products"]:
        name = f"product {product['product']}"
        table.add_row(name, Text(clean(f"{product['product_type']}  {product['file_location']}")))
    console().print(table)


def _cell(field: str, value: Any) -> str:
    text = "" if value is None else clean(str(value))
    return text[:MINUTES].replace("T", " ") if field in TIMES else text
