"""The words after `toros`."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Annotated

import typer

from toros.cli import (
    alerts,
    camera,
    changes,
    data,
    demo,
    describe,
    doctor,
    galaxies,
    init,
    moving,
    observation,
    observing,
    orders,
    report,
    running,
    status,
    submit,
    target,
    user,
)
from toros.cli.codes import CODES_IN_WORDS
from toros.cli.manual import HELP, easy_to_read

__all__ = ["command_line"]

RUNNING, ASKING, KEEPING, TRYING = "Daemons", "Orders", "This node", "Trying it"


@cache
def command_line() -> Callable[..., object]:
    """Return what runs a line of words; put together once, since that takes longer than most commands do."""
    line = typer.main.get_command(_built())
    easy_to_read(line)
    return line


def _built() -> typer.Typer:
    app = typer.Typer(
        epilog=CODES_IN_WORDS,
        no_args_is_help=True,
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": HELP},
    )
    app.callback()(_root)
    panels: dict[str, list[Callable[..., None]]] = {
        RUNNING: [running.run, running.serve, status.status],
        ASKING: [submit.submit, orders.orders, orders.cancel, orders.retry, describe.describe, report.report],
        KEEPING: [init.init, doctor.doctor],
        TRYING: [demo.demo],
    }
    for panel, commands in panels.items():
        for command in commands:
            app.command(rich_help_panel=panel)(command)
    app.add_typer(target.targets, name="target", rich_help_panel=ASKING)
    for command in (observing.facilities, observing.templates, observing.template, observing.groups,
                    observing.proposals, observing.proposal):  # fmt: skip
        observation.observations.command()(command)
    app.add_typer(observation.observations, name="observation", rich_help_panel=ASKING)
    data.data.command(name="move-in")(moving.move_in)
    app.add_typer(user.users, name="user", rich_help_panel=KEEPING)
    data.data.command()(changes.audit)
    app.add_typer(data.data, name="data", rich_help_panel=KEEPING)
    app.add_typer(camera.cameras, name="camera", rich_help_panel=KEEPING)
    app.add_typer(galaxies.galaxies, name="galaxies", rich_help_panel=KEEPING)
    app.add_typer(alerts.alerts, name="alerts", rich_help_panel=ASKING)
    app.add_typer(alerts.alerts, name="alert", hidden=True)  # as it was called before
    return app


def _print_version(wanted: bool) -> None:
    if wanted:
        from toros import __version__

        typer.echo(f"toros {__version__}")
        raise typer.Exit


def _root(
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", metavar="FILE", help="Configuration file, for any command.", show_default=False),
    ] = None,
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """The software of a transient follow-up observatory: daemons that pass work orders.

    Begin with `toros demo`, which plays a night in a folder of its own, or with `toros init` and `toros run`.
    """
    if config is not None:
        os.environ["TOROS_CONF"] = str(config.expanduser().absolute())
