"""`toros alert`: alerts of our own making."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["alerts"]

alerts = typer.Typer(help="Alerts of our own making, for rehearsals.", no_args_is_help=True)


@alerts.callback()
def _alerts() -> None:
    """Alerts of our own making, for rehearsals."""


@alerts.command()
def mock(
    galaxy: Annotated[str, typer.Option(help="Where it happens: a galaxy of OpenNGC with a redshift.")] = "NGC4993",
    seed: Annotated[int, typer.Option(min=0, help="Chooses the event's letters and the map's shape.")] = 1,
) -> None:
    """Print a mock alert in LVK's own JSON format, its sky map included.

    Examples:

      toros alert mock > mock.json

      toros alert mock | toros submit process_alert alert=@- --tree
    """
    from toros.alerts.mock import mock_gwalert
    from toros.cli.failures import in_words
    from toros.errors import TorosError

    try:
        typer.echo(mock_gwalert(galaxy, seed))
    except KeyError:
        raise typer.Exit(in_words(TorosError(f"OpenNGC has no galaxy {galaxy!r} with a redshift"))) from None
