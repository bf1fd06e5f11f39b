"""reStructuredText: titles, paragraphs and tables."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from pydantic_core import PydanticUndefined

__all__ = ["default_of", "table", "title", "wrapped"]

WIDTH = 118


def title(text: str, line: str) -> str:
    """Return a title underlined with a character."""
    return f"{text}\n{line * len(text)}\n"


def wrapped(text: str) -> str:
    """Return a paragraph in lines of our width."""
    return textwrap.fill(" ".join(text.split()), WIDTH, break_on_hyphens=False) + "\n"


def table(heads: tuple[str, ...], rows: list[tuple[str, ...]], widths: str) -> str:
    """Return a table; `widths` are those of its columns, in per cent."""

    def lines() -> Iterator[str]:
        yield from (".. list-table::", "   :header-rows: 1", f"   :widths: {widths}", "")
        for row in (heads, *rows):
            for number, cell in enumerate(row):
                yield f"   {'* -' if number == 0 else '  -'} {_escaped(cell)}".rstrip()
        yield ""

    return "\n".join(lines())


def _escaped(cell: str) -> str:
    """Return a cell in which words like password_file and * are text and not markup."""
    if "``" in cell:
        return cell
    return cell.replace("\\", "\\\\").replace("*", "\\*").replace("_", "\\_").replace("|", "\\|").replace("`", "\\`")


def default_of(value: object) -> str:
    """Return a default as a cell of a table shows it."""
    if value is PydanticUndefined:
        return "a fresh ULID"
    if value is None or value == "":
        return "absent"
    if isinstance(value, dict):
        return ", ".join(f"``{key}: {item}``" for key, item in value.items()) or "empty"
    if isinstance(value, list):
        return ", ".join(f"``{item}``" for item in value) or "empty"
    return f"``{str(value).lower() if isinstance(value, bool) else value}``"
