"""What commands print: colours of states, trees, tables, and JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text
    from rich.tree import Tree

    from toros.portal.tree import Node

__all__ = [
    "clean", "console", "duration", "in_short", "order_line", "orders_table", "orders_tree", "plain_line", "print_json",
    "process_of", "progress_bar", "state_text", "told",
]  # fmt: skip

STATES: Mapping[str, tuple[str, str]] = {  # state: (sign, style)
    "queued": ("○", "cyan"),
    "running": ("◐", "bold blue"),
    "done": ("●", "green"),
    "buried": ("✗", "bold red"),
    "cancelled": ("⊘", "yellow"),
    "expired": ("⊘", "magenta"),
    "waiting": ("→", "cyan"),
    "delivered": ("→", "cyan"),
    "parked": ("✗", "bold red"),
    "unknown": ("?", "dim"),
}


def console(*, errors: bool = False) -> Console:
    """Return a terminal to print on; wide where it is no terminal, so that lines are not broken for programs."""
    from rich.console import Console

    made = Console(stderr=errors, highlight=False, soft_wrap=False)
    if not made.is_terminal:
        made = Console(stderr=errors, highlight=False, width=200)
    return made


def print_json(value: Any) -> None:
    """Print a value as JSON."""
    print(json.dumps(value, indent=2, default=str, ensure_ascii=False))


def state_text(state: str) -> Text:
    """Return a state with its sign and colour."""
    from rich.text import Text

    sign, style = STATES.get(state, ("?", "dim"))
    return Text(f"{sign} {state}", style=style)


def duration(row: Mapping[str, Any]) -> str:
    """Return how long an order has run, such as "1.2 s"; empty where it has not begun or is not done."""
    from toros.portal import words

    return words.duration(words.seconds_between(row.get("started"), row.get("finished")))


def process_of(row: Mapping[str, Any]) -> str:
    """Return the process id of the worker that has, or last had, an order."""
    from toros.portal import words

    return words.process_of(row)


def clean(text: object) -> str:
    """Return text that cannot steer a terminal: what a stranger wrote into an order is shown, never obeyed."""
    return "".join(sign if sign.isprintable() else " " for sign in str(text))


def told(value: object) -> str:
    """Return a value as a person reads it, each item of a list on a line of its own."""
    if isinstance(value, Mapping):
        if value.keys() == {"file", "reason"}:  # as files are listed that were put aside
            return clean(f"{value['file']}: {value['reason']}")
        return clean(", ".join(f"{name} {one}" for name, one in value.items()))
    return "\n".join(map(told, value)) if isinstance(value, list) else clean(value)


def in_short(row: Mapping[str, Any]) -> str:
    """Return what there is to say of an order in one line: its reason, its progress, or what came of it."""
    from toros.portal import words

    said = words.sentence(row)
    fraction = row.get("fraction")
    if row.get("state") == "running" and isinstance(fraction, int | float):
        said = f"{fraction:.0%} {said}"
    return clean(said)


def order_line(row: Mapping[str, Any]) -> Text:
    """Return one order as a coloured line of a tree."""
    from rich.text import Text

    line = Text.assemble(state_text(str(row.get("state", "unknown"))), " ", (clean(row.get("request", "?")), "bold"))
    line.append(f"  {clean(row.get('desk', ''))}", style="dim")
    process, lasted = process_of(row), duration(row)
    if process:
        line.append(f"  pid {process}", style="dim")
    if lasted:
        line.append(f"  {lasted}", style="dim")
    if row.get("attempts", 1) > 1:
        line.append(f"  {row['attempts']} tries", style="yellow")
    said = in_short(row)
    if said:
        line.append(f"  {said}", style="red" if row.get("state") in ("buried", "parked", "expired") else "")
    return line


def plain_line(row: Mapping[str, Any]) -> str:
    """Return one order as a line of text, for logs and pipes."""
    return order_line(row).plain


def orders_tree(nodes: Sequence[Node], title: str = "") -> Tree:
    """Return trees of orders, drawn."""
    from rich.tree import Tree

    top = Tree(title or "orders", guide_style="dim", hide_root=not title)
    waiting = [(top, node) for node in nodes]
    while waiting:
        above, node = waiting.pop(0)
        branch = above.add(order_line(node.row))
        waiting.extend((branch, child) for child in node.children)
    return top


def orders_table(rows: Iterable[Mapping[str, Any]]) -> Table:
    """Return orders as a table."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("accepted (UTC)", "id", "desk", "request", "state", "pid", "time", "in short"):
        table.add_column(heading, no_wrap=heading != "in short")
    for row in rows:
        table.add_row(
            *(Text(clean(row.get(key, ""))[:64]) for key in ("accepted", "id", "desk", "request")),
            state_text(str(row.get("state", ""))), process_of(row), duration(row), Text(in_short(row)),
        )  # fmt: skip
    return table


@contextmanager
def progress_bar(*, quiet: bool) -> Iterator[Callable[[str, float], None]]:
    """Yield what shows a bar on a terminal: what is being done, and the part of it that is; nothing elsewhere."""
    if quiet or not sys.stderr.isatty():
        yield lambda doing, part: None
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    with Progress(
        TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"), TimeElapsedColumn(),
        console=console(errors=True), transient=True,
    ) as bar:  # fmt: skip
        task = bar.add_task("", total=1.0)
        yield lambda doing, part: bar.update(task, description=doing, completed=part)
