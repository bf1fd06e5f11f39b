"""What commands about the data manager's things share: ask, have done, tell what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["ask", "asked_of", "do", "done", "done_by", "tell"]

DESK = "data_manager"
PATIENCE = 60.0  # seconds that a command waits for its order


def asked_of(desk: str, request: str, fields: Mapping[str, Any], config: Path | None) -> dict[str, Any]:
    """Return a desk's answer; fields that are None are left out."""
    from toros.cli.desks import Desks, new_order
    from toros.config import load_config

    home, body = new_order({"request": request, **_said(fields)}, desk)
    return Desks(load_config(config)).ask(home, body)


def done_by(desk: str, request: str, fields: Mapping[str, Any], config: Path | None) -> dict[str, Any]:
    """Hand an order in, wait until it has ended, and return its row."""
    from toros.cli.desks import Desks, new_order
    from toros.cli.following import follow_order
    from toros.config import load_config

    desks = Desks(load_config(config))
    home, body = new_order({"request": request, **_said(fields)}, desk)
    desks.send(home, body, note=lambda said: typer.echo(f"toros: {said}", err=True))
    return follow_order(desks, home, body["id"], timeout=PATIENCE, quiet=True)


def ask(request: str, fields: Mapping[str, Any], config: Path | None) -> dict[str, Any]:
    """Return the data manager's answer to a question."""
    return asked_of(DESK, request, fields, config)


def done(request: str, fields: Mapping[str, Any], config: Path | None) -> dict[str, Any]:
    """Have the data manager do an order, and return its row."""
    return done_by(DESK, request, fields, config)


def do(request: str, fields: dict[str, Any], config: Path | None, *, dry_run: bool = False, json: bool) -> None:
    """Have an order done, tell what came of it, and end."""
    order = fields | ({"dry_run": True} if dry_run else {})
    tell([done(request, order, config)], json=json, last=True)


def tell(rows: list[dict[str, Any]], *, json: bool, last: bool = False) -> None:
    """Tell what came of orders; end where one failed, or where this was all."""
    from toros.cli.codes import ExitCode
    from toros.cli.failures import Ended
    from toros.cli.screen import console, order_line, print_json

    failed = [row for row in rows if row.get("state") != "done"]
    if json and (last or failed):
        print_json(rows[0] if len(rows) == 1 else rows)
    elif not json:
        for row in rows:
            console().print(order_line(row))
    if failed or last:
        raise Ended(ExitCode.FAILED if failed else ExitCode.OK)


def _said(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
