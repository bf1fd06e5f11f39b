"""Targets on the screen: a table of several, a page of one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from toros.cli.screen import clean, console

__all__ = ["print_target", "print_targets"]

COLUMNS = {  # heading: field, digits
    "name": ("name", None), "RA (deg)": ("ra", 6), "dec (deg)": ("dec", 6), "con": ("constellation", None),
    "class": ("classification", None), "mag": ("last_magnitude", 2), "MJD": ("last_mjd", 3),
    "importance": ("importance", 1), "priority": ("priority", 1), "tags": ("tags", None),
}  # fmt: skip


def print_targets(answer: Mapping[str, Any]) -> None:
    """Print a page of targets as a table, and how to see the next."""
    from rich.table import Table
    from rich.text import Text

    rows = answer["targets"]
    if not rows:
        print("no targets")
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    shown = {heading: how for heading, how in COLUMNS.items() if any(row.get(how[0]) not in (None, []) for row in rows)}
    for heading in shown:
        table.add_column(heading, no_wrap=True)
    for row in rows:
        table.add_row(*(Text(_text(row.get(field), digits)) for field, digits in shown.values()))
    console().print(table)
    if "next" in answer:
        print(f"more: --after {clean(answer['next'])!r}")


def print_target(target: Mapping[str, Any]) -> None:
    """Print all that is known of one target, a line a field."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    for name, value in target.items():
        if value not in ([], {}):
            table.add_row(name.replace("_", " "), Text(_text(value, None)))
    console().print(table)


def _text(value: Any, digits: int | None) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.{digits}f}" if digits is not None else f"{value:.10g}"
    if isinstance(value, dict):
        source = f" ({value['source']})" if set(value) == {"name", "source"} else ""
        named = f"{value['name']}{source}" if "name" in value and set(value) <= {"name", "source"} else None
        return clean(named or ", ".join(f"{name}={_text(each, None)}" for name, each in value.items()))
    if isinstance(value, list):
        return ", ".join(_text(each, None) for each in value)
    return clean(value)
