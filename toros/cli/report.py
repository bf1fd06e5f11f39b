"""`toros report`: a night on one page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from toros.cli.options import ConfigFile, Json

__all__ = ["report"]


def report(
    order_id: Annotated[
        str, typer.Argument(metavar="ID", help="The order at the top of the tree.", show_default=False)
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="The page to write.", dir_okay=False)
    ] = Path("night-report.html"),
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Write the story of an alert as one HTML page with its pictures.

    Examples:

      toros report 01JD3X8Q5Z0000000000000000 -o night.html
    """
    from toros.cli.screen import print_json
    from toros.config import load_config
    from toros.portal.night_report import write_night_report

    settings = load_config(config)
    page = write_night_report(settings, order_id, output)
    if json:
        print_json({"report": str(page.absolute())})
    else:
        typer.echo(f"wrote {page}")
