"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["ConfigFile", "Desk", "Json", "desk_names", "request_names"]


def desk_names(incomplete: str) -> list[str]:
    """Complete the name of a desk."""
    from workorders import DESKS

    return [name for name in DESKS if name.startswith(incomplete)]


def request_names(incomplete: str) -> list[str]:
    """Complete the name of a request."""
    from workorders import VOCABULARY

    return [name for name in VOCABULARY if name.startswith(incomplete)]


def _known_desk(name: str | None) -> str | None:
    from workorders import DESKS

    if name is not None and name not in DESKS:
        raise typer.BadParameter(f"{name!r} is not a desk; allowed: {', '.join(DESKS)}")
    return name


ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config", "-c", metavar="FILE", show_default=False,
        help="Configuration file; else TOROS_CONF, then /etc/toros/toros.conf.yaml, then the embedded default.",
    ),
]  # fmt: skip
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Desk = Annotated[
    str | None,
    typer.Option(
        "--desk", "-d", metavar="DESK", callback=_known_desk, autocompletion=desk_names, show_default=False,
        help="Ask this desk only.",
    ),
]  # fmt: skip
