"""`toros submit`: hand an order in, or ask a question."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toros.cli.options import ConfigFile, Desk, Json, request_names

if TYPE_CHECKING:
    from toros.cli.desks import Desks

__all__ = ["submit"]


def submit(
    what: Annotated[
        str,
        typer.Argument(
            metavar="REQUEST|FILE|-",
            help="A request, a YAML or JSON file of orders, or - for standard input.",
            autocompletion=request_names,
            show_default=False,
        ),
    ],
    fields: Annotated[
        list[str] | None,
        typer.Argument(metavar="KEY=VALUE…", help="Fields of the order; key=@file reads a file.", show_default=False),
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", "-w", help="Follow the order until it is done.")] = False,
    tree: Annotated[bool, typer.Option("--tree", "-t", help="Follow all that it causes, too.")] = False,
    timeout: Annotated[
        float | None, typer.Option(min=0, help="Follow no longer than so many seconds.", show_default=False)
    ] = None,
    desk: Desk = None,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Hand an order in, or ask a question.

    The id is made here and the desk is found by the request. Where no answer comes, the same id is sent again, so
    that the order has one effect. --tree follows orders to the telescopes of other nodes too, but not to what those
    send to other desks of their own node.

    Values are numbers, true, false or text; {…} and […] are JSON; @file is the text of a file; a path below one of
    the configured roots is written as root:path.

    Examples:

      toros submit observation ra=197.4487 dec=-23.3839 exposure_time=60 target=NGC4993 --wait

      toros submit process_alert alert=@MS181101ab.json --tree

      toros submit calibrate_file_batch file_location=raw:2026-11-20/m31 -w

      toros submit find_products night=2026-11-20 --json
    """
    from toros.cli.codes import ExitCode
    from toros.cli.desks import Desks
    from toros.cli.failures import Ended
    from toros.config import load_config

    desks = Desks(load_config(config))
    results = []
    code: int = ExitCode.OK
    for order in _orders(what, fields or [], desks):
        told, how = _one(desks, order, desk, wait=wait, tree=tree, timeout=timeout, quiet=json)
        results.append(told)
        code = code or how
    if json:
        from toros.cli.screen import print_json

        print_json(results[0] if len(results) == 1 else results)
    raise Ended(code)


def _orders(what: str, words: list[str], desks: Desks) -> list[dict[str, Any]]:
    """Return the fields of the orders that the words name."""
    from toros.cli.fields import fields_of_file, fields_of_words, looks_like_a_file

    if looks_like_a_file(what):
        orders = [{**order, **fields_of_words(words, str(order.get("request")))} for order in fields_of_file(what)]
    else:
        orders = [{"request": what, **fields_of_words(words, what)}]
    return [_located(order, desks) for order in orders]


def _located(order: dict[str, Any], desks: Desks) -> dict[str, Any]:
    """Return the order with a path of this machine written as root:path, where it lies below a root."""
    named = order.get("file_location")
    if not isinstance(named, str) or named.partition(":")[0] in desks.config.files.roots:
        return order
    path = Path(named).expanduser().resolve()
    for name, root in desks.config.files.roots.items():
        folder = root.resolve()
        if path.exists() and path.is_relative_to(folder):
            return {**order, "file_location": f"{name}:{path.relative_to(folder)}"}
    return order


def _one(
    desks: Desks,
    fields: dict[str, Any],
    named: str | None,
    *,
    wait: bool,
    tree: bool,
    timeout: float | None,
    quiet: bool,
) -> tuple[Any, int]:
    """Submit one order; return what there is to tell and the exit code."""
    from toros.cli.codes import ExitCode
    from toros.cli.desks import new_order
    from toros.cli.screen import console, print_json
    from workorders import VOCABULARY

    desk, body = new_order(fields, named)
    if VOCABULARY[body["request"]].kind == "question":
        answer = desks.ask(desk, body)
        if not quiet:
            print_json(answer)
        return answer, ExitCode.OK
    receipt = desks.send(desk, body, note=lambda said: typer.echo(f"toros: {said}", err=True))
    if not quiet:
        console().print(f"accepted by {receipt['desk']}: [bold]{receipt['id']}[/]")
    if tree:
        return _follow_tree(desks, body["id"], timeout, quiet)
    return _follow(desks, desk, body["id"], timeout, quiet) if wait else (receipt, ExitCode.OK)


def _follow(desks: Desks, desk: str, order_id: str, timeout: float | None, quiet: bool) -> tuple[Any, int]:
    from toros.cli.codes import ExitCode
    from toros.cli.desks import FINAL
    from toros.cli.following import follow_order
    from toros.cli.screen import console, order_line

    row = follow_order(desks, desk, order_id, timeout=timeout, quiet=quiet)
    if not quiet:
        console().print(order_line(row))
    if row.get("state") not in FINAL:
        return row, ExitCode.UNFINISHED
    return row, ExitCode.OK if row["state"] == "done" else ExitCode.FAILED


def _follow_tree(desks: Desks, order_id: str, timeout: float | None, quiet: bool) -> tuple[Any, int]:
    from toros.cli.codes import ExitCode
    from toros.cli.following import follow_tree
    from toros.cli.screen import console, orders_tree

    story = follow_tree(desks, order_id, timeout=timeout, quiet=quiet)
    if not quiet:
        console().print(orders_tree(story.nodes))
    if not story.ended:
        return story.rows, ExitCode.UNFINISHED
    return story.rows, ExitCode.OK if story.done else ExitCode.FAILED
