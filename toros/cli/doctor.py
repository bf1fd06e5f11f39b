"""`toros doctor`: is this node well, and what to do where it is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from toros.cli.options import ConfigFile, Json, desk_names

if TYPE_CHECKING:
    from rich.table import Table

    from toros.cli.checks import Check

__all__ = ["doctor"]

SIGNS = {"ok": "[green]● ok[/]", "warning": "[yellow]▲ warning[/]", "problem": "[bold red]✗ problem[/]"}


def doctor(
    restore: Annotated[
        str | None,
        typer.Option(
            metavar="SERVICE",
            help="Put the last sound backup of a daemon's database in its place.",
            autocompletion=desk_names,
            show_default=False,
        ),
    ] = None,
    permit: Annotated[
        bool,
        typer.Option("--permit", help="Let the daemons' identities ask all that their daemons do; tokens stay."),
    ] = False,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Check this node: configuration, folders, disk, clock, identities, databases, ports, and the desks of all nodes.

    Changes nothing, but for --restore and --permit. Ends with 1 where there is a problem, with 0 where there are
    warnings only.

    Examples:

      toros doctor

      toros doctor --restore telescope

      toros doctor --permit
    """
    from dataclasses import asdict

    from toros.cli.checks import all_checks
    from toros.cli.codes import ExitCode
    from toros.cli.failures import Ended
    from toros.cli.screen import console, print_json
    from toros.config import find_config, load_config

    settings = load_config(config)
    if restore is not None:
        from toros.store.backup import restore_backup

        typer.echo(restore_backup(settings, restore))
        return
    if permit:
        from toros.cli.permissions import add_permissions

        added = add_permissions(settings) if settings.security.authentication else {}
        if json:
            print_json(added)
        else:
            typer.echo("\n".join(f"{name} may now ask {', '.join(more)}" for name, more in added.items())
                       or "no identity lacks a permission")  # fmt: skip
        return
    checks = list(all_checks(settings, find_config(config)))
    if json:
        print_json([asdict(check) for check in checks])
    else:
        console().print(_table(checks))
    bad = any(check.verdict == "problem" for check in checks)
    raise Ended(ExitCode.FAILED if bad else ExitCode.OK)


def _table(checks: list[Check]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("what", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("found, and what to do")
    for check in checks:
        said = Text(check.found)
        if check.advice:
            said.append(f"\n→ {check.advice}", style="bold")
        table.add_row(check.subject, SIGNS[check.verdict], said)
    return table
