"""How the help of the commands is laid out."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

import typer

__all__ = ["HELP", "easy_to_read", "flowing"]

HELP = ["-h", "--help"]


def easy_to_read(command: Any) -> None:
    """Lay out the help of a command and of those below it: it fits any terminal, and no flag seems to take a value.

    Parameters
    ----------
    command : click command
        As typer makes it.
    """
    command.help = flowing(command.help or "")
    for option in (*command.params, command.get_help_option(typer.Context(command, help_option_names=HELP))):
        if getattr(option, "is_flag", False):
            option.metavar = ""  # typer writes <bool> there
    for below in getattr(command, "commands", {}).values():
        easy_to_read(below)


def flowing(text: str) -> str:
    """Return a help text whose paragraphs have no line ends of their own, and whose examples follow one another."""
    paragraphs = (paragraph for paragraph in text.split("\n\n") if paragraph.strip())
    return "\n\n".join(_laid_out(paragraphs))


def _laid_out(paragraphs: Iterator[str]) -> Iterator[str]:
    for example, group in groupby(paragraphs, key=lambda paragraph: paragraph.startswith(" ")):
        if example:
            yield "\n".join(f"$ {' '.join(paragraph.split())}" for paragraph in group)
        else:
            yield from (" ".join(paragraph.split()) for paragraph in group)
