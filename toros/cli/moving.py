"""`toros data move-in`: what another system remembers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from toros.cli.options import ConfigFile, Json

__all__ = ["move_in"]


def move_in(
    system: Annotated[str, typer.Argument(metavar="SYSTEM", help="tom: a TOM Toolkit.", show_default=False)],
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", exists=True, dir_okay=False, help="Its database, a SQLite file.", show_default=False
        ),
    ],
    access: Annotated[
        str | None, typer.Option(help="Of targets that do not say it: open, public, private.", show_default=False)
    ] = None,
    photometry: Annotated[bool, typer.Option(help="Move photometry too.")] = True,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be taken, change nothing.")] = False,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Take in what another system remembers: targets, aliases, extras, groups, lists, photometry.

    The same again changes nothing. Every row that is not taken is in a report, with its reason.

    Examples:

      toros data move-in tom db.sqlite3 --dry-run

      toros data move-in tom db.sqlite3 --access private --json
    """
    from toros.cli.desks import Desks
    from toros.cli.lightcurves import done, location_of
    from toros.cli.screen import print_json
    from toros.cli.target_tables import print_import, with_report
    from toros.config import load_config

    desks = Desks(load_config(config))
    order = {"request": "move_in", "system": system, "file_location": location_of(file, desks), "dry_run": dry_run,
             "photometry": photometry} | ({"access": access} if access else {})  # fmt: skip
    result = with_report(done(order, desks, quiet=json), desks)
    if json:
        print_json(result)
        return
    print_import(result)
    typer.echo(f"lists: {result['lists']['lists']}, with {result['lists']['listed']} targets that were not in them")
    if "photometry" in result:
        points = result["photometry"]
        typer.echo(f"photometry: {points['new']} new, {points['same']} the same, {points['revised']} revised, "
                   f"{points['refused']} refused")  # fmt: skip
    for name, count in result.get("not_moved", {}).items():
        typer.echo(f"not moved: {count} {name.replace('_', ' ')}")
