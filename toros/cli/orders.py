"""`toros orders`, `cancel` and `retry`: what was asked, and taking it back or asking again."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toros.cli.options import ConfigFile, Desk, Json

if TYPE_CHECKING:
    from toros.cli.desks import Desks
    from toros.portal.tree import Node

__all__ = ["cancel", "orders", "retry"]

PATIENCE = 10.0  # for the desk to act on a cancel or a retry; seconds
OrderIdArgument = Annotated[str, typer.Argument(metavar="ID", help="The order.", show_default=False)]


def orders(
    tree: Annotated[bool, typer.Option("--tree", "-t", help="Draw what caused what.")] = False,
    root: Annotated[
        str | None, typer.Option(metavar="ID", help="Only this order and what it caused.", show_default=False)
    ] = None,
    state: Annotated[
        str | None,
        typer.Option(help="Only queued, running, done, buried, cancelled or expired ones.", show_default=False),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=5000, help="Most orders of each desk.")] = 100,
    desk: Desk = None,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """List the orders of all desks, the latest first, or draw them as trees.

    With --tree, an alert and its observations, frames and products are one story: each order with its state, the
    process that did it, how long it took and what came of it; what is still on its way, and what was refused and why.

    Examples:

      toros orders --tree

      toros orders --state buried

      toros orders --root 01JD3X8Q5Z0000000000000000 --tree --json
    """
    from toros.cli.codes import ExitCode
    from toros.cli.desks import Desks
    from toros.cli.failures import Ended
    from toros.config import load_config
    from toros.portal.gathering import gather_rows
    from toros.portal.tree import build_forest

    found = gather_rows(Desks(load_config(config)).config, root=root, limit=limit)
    forest = build_forest(found.rows)
    rows = [row for row in _flat(forest) if state in (None, row.get("state")) and desk in (None, row.get("desk"))]
    if json:
        _as_json(rows, forest, dict(found.silent), tree=tree)
    else:
        _on_screen(rows, forest, tree=tree and state is None and desk is None)
        for name, reason in found.silent.items():
            typer.secho(f"toros: {name} did not answer: {reason}", fg="yellow", err=True)
    raise Ended(ExitCode.UNREACHABLE if found.silent else ExitCode.OK)


def _flat(forest: list[Node]) -> list[Any]:
    """Return all rows, the latest first."""
    from toros.portal.tree import walk

    rows = [node.row for _depth, node in walk(forest)]
    return sorted(rows, key=lambda row: str(row.get("accepted", "9999")), reverse=True)


def _as_json(rows: list[Any], forest: list[Node], silent: dict[str, str], *, tree: bool) -> None:
    from toros.cli.screen import print_json

    def nested(node: Node) -> dict[str, Any]:
        return {**node.row, "children": [nested(child) for child in node.children]}

    print_json({"orders": [nested(node) for node in forest] if tree else rows, "silent": silent})


def _on_screen(rows: list[Any], forest: list[Node], *, tree: bool) -> None:
    from toros.cli.screen import console, orders_table, orders_tree

    if not rows:
        typer.echo("no orders")
    else:
        console().print(orders_tree(forest) if tree else orders_table(rows))


def cancel(
    order_id: OrderIdArgument,
    reason: Annotated[str, typer.Option("--reason", "-r", help="Why, for whoever looks later.")] = "",
    only: Annotated[bool, typer.Option("--only", help="Leave alone what the order has caused.")] = False,
    desk: Desk = None,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Take an order back, and all that it has caused.

    A queued order never starts; a running one stops at its next step. With --desk, an order that has not arrived there
    yet is cancelled when it does.

    Examples:

      toros cancel 01JD3X8Q5Z0000000000000000 --reason "clouds"
    """
    from toros.cli.desks import Desks
    from toros.config import load_config

    desks = Desks(load_config(config))
    home = desk or str(desks.find(order_id)["desk"])
    fields = {"request": "cancel", "order_id": order_id, "tree": not only, "reason": reason}
    _carried_out(desks, home, fields, json=json)


def retry(order_id: OrderIdArgument, desk: Desk = None, config: ConfigFile = None, json: Json = False) -> None:
    """Queue a buried order again, or send a parked one again.

    Examples:

      toros retry 01JD3X8Q5Z0000000000000000
    """
    from toros.cli.desks import Desks
    from toros.config import load_config

    desks = Desks(load_config(config))
    home = desk or _parked_at(desks, order_id) or str(desks.find(order_id)["desk"])
    _carried_out(desks, home, {"request": "retry", "order_id": order_id}, json=json)


def _parked_at(desks: Desks, order_id: str) -> str | None:
    """Return the desk that could not deliver this order and holds it parked."""
    from toros.portal.gathering import gather_rows

    for row in gather_rows(desks.config, limit=1000).rows:
        if any(parcel["id"] == order_id and parcel.get("state") == "parked" for parcel in row.get("onward", ())):
            return str(row["desk"])
    return None


def _carried_out(desks: Desks, desk: str, fields: dict[str, Any], *, json: bool) -> None:
    """Send an order about an order, wait for it, and tell what came of it."""
    from toros.cli.codes import ExitCode
    from toros.cli.desks import FINAL, new_order
    from toros.cli.failures import Ended
    from toros.cli.screen import console, order_line, print_json

    home, body = new_order(fields, desk)
    desks.send(home, body)
    deadline = time.monotonic() + PATIENCE
    while (row := desks.status(home, body["id"])).get("state") not in FINAL and time.monotonic() < deadline:
        time.sleep(0.05)
    if json:
        print_json(row)
    else:
        console().print(order_line(row))
    if row.get("state") not in FINAL:
        raise Ended(ExitCode.UNFINISHED)
    raise Ended(ExitCode.OK if row["state"] == "done" else ExitCode.FAILED)
