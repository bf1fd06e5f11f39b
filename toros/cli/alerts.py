"""`toros alerts`: what was received, what the rules would do, and alerts of our own making."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from toros.cli.options import ConfigFile, Json

__all__ = ["alerts"]

HELP = "Alerts: those received, what the rules do about them, and some of our own making."

alerts = typer.Typer(help=HELP, no_args_is_help=True)


@alerts.callback()
def _alerts() -> None:
    """Alerts: those received, what the rules do about them, and some of our own making."""


@alerts.command("list")
def list_(
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Most alerts.")] = 20,
    unreadable: Annotated[bool, typer.Option("--unreadable", help="Those that could not be understood.")] = False,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """List the alerts that were received, the latest first.

    Examples:

      toros alerts list

      toros alerts list --unreadable
    """
    from toros.cli.alerts_screen import alerts_table
    from toros.cli.screen import console, print_json

    answer = _ask({"request": "list_alerts", "limit": limit, "unreadable": unreadable}, config)
    if json:
        print_json(answer)
    else:
        console().print(alerts_table(answer["alerts"]))


@alerts.command()
def show(
    event: Annotated[str, typer.Argument(metavar="EVENT", help="Such as MS181101ab.", show_default=False)],
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Show the story of an event: its alerts, what each telescope was ordered, and how long everything took.

    Examples:

      toros alerts show MS181101ab
    """
    from toros.cli.alerts_screen import story_lines
    from toros.cli.screen import console, print_json

    answer = _ask({"request": "show_alert", "event": event}, config)
    if json:
        print_json(answer)
        return
    for line in story_lines(answer):
        console().print(line, markup=False, highlight=False, soft_wrap=True)


@alerts.command()
def replay(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", exists=True, dir_okay=False, help="Alerts.", show_default=False)
    ],
    at: Annotated[
        str | None, typer.Option(metavar="TIME", help="Received then, UTC; when it was written, if absent.")
    ] = None,
    skymap: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="The map of alerts that only name theirs.")
    ] = None,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Show what the rules of the configuration would have done about alerts; no daemon is needed, nothing is ordered.

    Examples:

      toros alerts replay MS181101ab-*.json

      toros alerts replay grb.xml --at 2026-11-20T02:00
    """
    from toros.alerts.replay import replayed
    from toros.cli.alerts_screen import replay_lines
    from toros.cli.screen import console, print_json
    from toros.config import load_config

    told = []
    for each in replayed(files, load_config(config), _moment(at), skymap):
        told.append({"file": str(each.file), "event": each.alert.event, "effect": str(each.effect),
                     "notes": list(each.assessment.notes)} | each.assessment.plain())  # fmt: skip
        for line in () if json else replay_lines(each):
            console().print(line, markup=False, highlight=False, soft_wrap=True)
    if json:
        print_json(told)


@alerts.command()
def mock(
    galaxy: Annotated[str, typer.Option(help="Where it happens: a galaxy of OpenNGC with a redshift.")] = "NGC4993",
    seed: Annotated[int, typer.Option(min=0, help="Chooses the event's letters and the map's shape.")] = 1,
) -> None:
    """Print a mock alert in LVK's own JSON format, its sky map included.

    Examples:

      toros alerts mock > mock.json

      toros alerts mock | toros submit process_alert alert=@- --tree
    """
    from toros.alerts.mock import mock_gwalert
    from toros.cli.failures import in_words
    from toros.errors import TorosError

    try:
        typer.echo(mock_gwalert(galaxy, seed))
    except KeyError:
        raise typer.Exit(in_words(TorosError(f"OpenNGC has no galaxy {galaxy!r} with a redshift"))) from None


def _ask(question: dict[str, Any], config: Path | None) -> dict[str, Any]:
    from toros.cli.desks import Desks
    from toros.config import load_config

    return Desks(load_config(config)).ask("alert_robot", question)


def _moment(text: str | None) -> datetime | None:
    """Return a time of the command line, UTC."""
    from datetime import UTC

    from workorders.quantities import utc

    if text is None:
        return None
    try:
        return datetime.fromisoformat(utc(text)).replace(tzinfo=UTC)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} {error}", param_hint="--at") from None
