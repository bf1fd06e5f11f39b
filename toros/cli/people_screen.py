"""People, and what was changed, as tables on the screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from toros.cli.screen import clean, console

__all__ = ["print_changes", "print_users"]


def print_users(answer: Mapping[str, Any]) -> None:
    """Print a page of people, and how to see the next."""
    rows = answer["users"]
    if not rows:
        print("no people")
        return
    columns = ("name", "full_name", "role", "groups", "token", "token_expires", "disabled")
    _print(rows, columns)
    if answer["more"]:
        print(f"more: --after {clean(rows[-1]['name'])}")


def print_changes(answer: Mapping[str, Any]) -> None:
    """Print a page of changes, and how to see the next."""
    rows = answer["changes"]
    if not rows:
        print("no changes")
        return
    _print(rows, ("number", "time", "by", "action", "table", "row", "fields", "order_id"))
    if answer["more"]:
        print(f"more: --before {rows[-1]['number']}")


def _print(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in columns:
        table.add_column(name.replace("_", " "), no_wrap=name != "fields")
    for row in rows:
        table.add_row(*(Text(_text(row.get(name))) for name in columns))
    console().print(table)


def _text(value: Any) -> str:
    if value is None or value is False:
        return ""
    if value is True:
        return "yes"
    return clean(", ".join(map(str, value)) if isinstance(value, list) else value)
