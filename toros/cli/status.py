"""`toros status`: how the desks are, or one order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toros.cli.options import ConfigFile, Desk, Json

if TYPE_CHECKING:
    from rich.console import RenderableType

    from toros.cli.desks import Desks

__all__ = ["desks_table", "look_at_desks", "status"]

EVERY = 1.0  # between two looks of --watch; seconds
STATES = ("queued", "running", "done", "buried", "cancelled", "expired")


def status(
    order_id: Annotated[
        str | None, typer.Argument(metavar="ID", help="An order; all desks where absent.", show_default=False)
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Keep looking, until Ctrl-C or the order ends.")] = False,
    desk: Desk = None,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Show how the desks are, or one order wherever it is.

    Ends with 3 where a desk does not answer, and with 1 where the order was buried, cancelled or has expired.

    Examples:

      toros status

      toros status --watch

      toros status 01JD3X8Q5Z0000000000000000 --json
    """
    from toros.cli.desks import Desks
    from toros.config import load_config

    desks = Desks(load_config(config), timeout=3.0)
    if order_id is None:
        _all_desks(desks, desk, watch=watch, json=json)
    else:
        _one_order(desks, order_id, desk, watch=watch, json=json)


def _all_desks(desks: Desks, desk: str | None, *, watch: bool, json: bool) -> None:
    from toros.cli.codes import ExitCode
    from toros.cli.failures import Ended
    from toros.cli.screen import console, print_json

    if watch and not json:
        _watch(lambda: desks_table(desks, look_at_desks(desks, desk)))
    found = look_at_desks(desks, desk)
    if json:
        print_json(found)
    else:
        console().print(desks_table(desks, found))
        for name, answer in found.items():
            if "silent" in answer:
                typer.echo(f"{name}: {answer['silent']}", err=True)
    raise Ended(ExitCode.UNREACHABLE if any("silent" in answer for answer in found.values()) else ExitCode.OK)


def _one_order(desks: Desks, order_id: str, desk: str | None, *, watch: bool, json: bool) -> None:
    from toros.cli.codes import ExitCode
    from toros.cli.failures import Ended
    from toros.cli.following import follow_order
    from toros.cli.screen import console, print_json

    row = desks.find(order_id, desk)
    if watch:
        row = follow_order(desks, str(row["desk"]), order_id, timeout=None, quiet=json)
    if json:
        print_json(row)
    else:
        console().print(_order_sheet(row))
    raise Ended(ExitCode.FAILED if row.get("state") in ("buried", "cancelled", "expired") else ExitCode.OK)


def look_at_desks(desks: Desks, desk: str | None = None) -> dict[str, dict[str, Any]]:
    """Return each desk's answer to `status`, or `{"silent": reason}`."""
    from toros.portal.gathering import ask_desks

    names = [name for name in desks.config.services if desk in (None, name)]
    replies = ask_desks(desks.config, [(name, {"request": "status"}) for name in names])
    return {
        name: {"silent": reply.silent} if reply.silent else dict(reply.answer)
        for name, reply in zip(names, replies, strict=True)
    }


def desks_table(desks: Desks, found: Mapping[str, Mapping[str, Any]]) -> RenderableType:
    """Return the desks as a table, and below it what they listen to; a configuration other than ours is marked."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    from toros.cli.listeners import listeners_table
    from toros.cli.screen import clean
    from toros.config import config_hash

    ours = config_hash(desks.config)
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("desk", "", "pid", "version", "configuration", *STATES, "to send", "parked"):
        table.add_column(heading, justify="left" if heading in ("desk", "") else "right", no_wrap=True)
    for name, answer in found.items():
        if "silent" in answer:
            table.add_row(name, "[bold red]✗ silent[/]", *[""] * 3, *[""] * len(STATES), "", "")
            continue
        counts, outbox = answer.get("counts", {}), answer.get("outbox", {})
        other = answer.get("configuration") != ours
        table.add_row(
            name, "[green]● ready[/]", *(Text(clean(answer.get(key, ""))) for key in ("pid", "version")),
            Text(f"{clean(answer.get('configuration', ''))} (not ours)", style="yellow") if other else ours,
            *[_count(counts.get(state, 0), state) for state in STATES],
            _count(outbox.get("waiting", 0), "queued"), _count(outbox.get("parked", 0), "buried"),
        )  # fmt: skip
    listeners = listeners_table(found)
    return table if listeners is None else Group(table, "", listeners)


def _count(number: object, state: str) -> str:
    colour = {"buried": "bold red", "running": "bold blue", "queued": "cyan"}.get(state, "")
    if not isinstance(number, int) or not number:
        return "[dim]0[/]"
    return f"[{colour}]{number}[/]" if colour else str(number)


def _order_sheet(row: Mapping[str, Any]) -> RenderableType:
    """Return all that is known of one order, a fact a line."""
    from rich.table import Table
    from rich.text import Text

    from toros.cli.screen import clean, duration, process_of, state_text, told

    sheet = Table(box=None, show_header=False, pad_edge=False)
    sheet.add_column(style="dim", no_wrap=True)
    sheet.add_column()
    for key in ("id", "request", "desk", "instance", "parent", "user", "priority"):
        if key in row:
            sheet.add_row(key, Text(clean(row[key])))
    sheet.add_row("state", state_text(str(row.get("state", "unknown"))))
    facts = {"pid": process_of(row), "time": duration(row)}
    for key in ("accepted", "started", "finished", "attempts", "fraction", "message", "reason"):
        if row.get(key) not in (None, ""):
            facts[key] = clean(row[key])
    for group in ("fields", "result"):
        facts.update({f"{group}.{key}": told(value) for key, value in (row.get(group) or {}).items()})
    for parcel in row.get("onward", ()):
        facts[f"onward {parcel['id']}"] = clean(
            " ".join(str(parcel[key]) for key in ("request", "desk", "state", "reason") if parcel.get(key))
        )
    for key, value in facts.items():
        if value:
            sheet.add_row(key, Text(value))
    return sheet


def _watch(look: Callable[[], RenderableType]) -> None:
    """Draw again and again until Ctrl-C."""
    import time

    from rich.live import Live

    from toros.cli.codes import ExitCode
    from toros.cli.failures import Ended
    from toros.cli.screen import console

    try:
        with Live(look(), console=console(), auto_refresh=False) as live:
            while True:
                time.sleep(EVERY)
                live.update(look(), refresh=True)
    except KeyboardInterrupt:
        raise Ended(ExitCode.OK) from None
