"""`toros data audit`: who changed what."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from toros.cli.options import ConfigFile, Json

__all__ = ["audit"]


def audit(
    of: Annotated[
        str | None, typer.Option(metavar="TARGET", help="Of this target; any of its names.", show_default=False)
    ] = None,
    by: Annotated[str | None, typer.Option(help="By this person or daemon.", show_default=False)] = None,
    order: Annotated[str | None, typer.Option(metavar="ID", help="By this order.", show_default=False)] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Most changes.")] = 100,
    before: Annotated[int | None, typer.Option(min=1, help="Changes before this number.", show_default=False)] = None,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Show who changed what, the latest first: what was set, never the values.

    Examples:

      toros data audit --of "AT 2017gfo"

      toros data audit --by beatriz --limit 20 --json
    """
    from toros.cli.asking import asked_of
    from toros.cli.screen import print_json

    fields: dict[str, Any] = {"target": of, "by": by, "order_id": order, "limit": limit, "before": before}
    answer = asked_of("data_manager", "find_changes", fields, config)
    if json:
        print_json(answer)
        return
    from toros.cli.people_screen import print_changes

    print_changes(answer)
