"""`toros data`: what the data manager keeps, as a whole."""

from __future__ import annotations

import typer

from toros.cli import changes

__all__ = ["data"]

data = typer.Typer(help="What the data manager keeps: who changed what.", no_args_is_help=True)


@data.callback()
def _data() -> None:
    """What the data manager keeps: who changed what."""


data.command()(changes.audit)
