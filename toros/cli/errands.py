"""A question put to a desk, or an order followed to its end, by the configuration of a command."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["asked_of", "done_by"]

PATIENCE = 60.0  # seconds


def asked_of(desk: str, request: str, fields: Mapping[str, Any], config: Path | None) -> dict[str, Any]:
    """Return a desk's answer; fields that are None are left out."""
    from toros.cli.desks import Desks, new_order
    from toros.config import load_config

    home, body = new_order({"request": request, **_said(fields)}, desk)
    return Desks(load_config(config)).ask(home, body)


def done_by(desk: str, request: str, fields: Mapping[str, Any], config: Path | None) -> dict[str, Any]:
    """Hand an order in, wait until it has ended, and return its row."""
    import typer

    from toros.cli.desks import Desks, new_order
    from toros.cli.following import follow_order
    from toros.config import load_config

    desks = Desks(load_config(config))
    home, body = new_order({"request": request, **_said(fields)}, desk)
    desks.send(home, body, note=lambda said: typer.echo(f"toros: {said}", err=True))
    return follow_order(desks, home, body["id"], timeout=PATIENCE, quiet=True)


def _said(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
