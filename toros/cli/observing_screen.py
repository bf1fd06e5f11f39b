"""Facilities, templates, groups and proposals on the screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from toros.cli.screen import clean, console
from toros.cli.words import in_words

__all__ = ["print_facilities", "print_form", "print_groups", "print_proposals", "print_templates"]

LIMITS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}


def print_facilities(answer: Mapping[str, Any]) -> None:
    """Print who can be asked, a line each."""
    rows = [{**each, "sites": ", ".join(each["sites"])} for each in answer["facilities"]]
    _print(rows, ("facility", "title", "sites"), "facilities")


def print_form(facility: Mapping[str, Any]) -> None:
    """Print the parameters of a facility's form: what each may be, and what it is where nobody says."""
    form = facility["form"]
    needed = form.get("required", [])
    rows = [
        {"parameter": name, "is": _kind(about), "default": "needed" if name in needed else about.get("default"),
         "what": about.get("description", "")}
        for name, about in form.get("properties", {}).items()
    ]  # fmt: skip
    _print(rows, ("parameter", "is", "default", "what"), "parameters")


def print_templates(answer: Mapping[str, Any]) -> None:
    """Print a page of templates."""
    _print(answer["templates"], ("number", "template", "facility", "parameters", "owner"), "templates", answer["more"])


def print_groups(answer: Mapping[str, Any]) -> None:
    """Print a page of groups."""
    _print(answer["groups"], ("number", "group", "observations", "owner"), "groups", answer["more"])


def print_proposals(answer: Mapping[str, Any]) -> None:
    """Print a page of proposals with their hours."""
    rows = [{**each, "closed": "closed" if each["closed"] else None} for each in answer["proposals"]]
    shown = ("number", "proposal", "hours", "asked", "used", "left", "closed", "title", "investigator", "members",
             "facility", "start", "end")  # fmt: skip
    _print(rows, shown, "proposals", answer["more"])


def _kind(about: Mapping[str, Any]) -> str:
    """Return what a parameter may be, by its JSON Schema."""
    several = [each for each in about.get("anyOf", [about]) if each.get("type") != "null"]
    kinds = []
    for each in several:
        limits = [f"{sign} {each[name]:g}" for name, sign in LIMITS.items() if name in each]
        kinds.append(" ".join([str(each.get("type", "one of " + in_words(each.get("enum", [])))), *limits]))
    return " or ".join(kinds)


def _print(rows: Sequence[Mapping[str, Any]], shown: Sequence[str], what: str, more: bool = False) -> None:
    """Print rows as a table of the fields that any of them has, and how to see the next page."""
    from rich.table import Table
    from rich.text import Text

    if not rows:
        print(f"no {what}")
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    present = [field for field in shown if any(row.get(field) not in (None, "", [], {}) for row in rows)]
    for field in present:
        table.add_column(field, no_wrap=field not in ("what", "title", "parameters", "members"))
    for row in rows:
        table.add_row(*(Text("" if row.get(field) is None else in_words(row[field])) for field in present))
    console().print(table)
    if more:
        print(clean(f"more: --after {rows[-1]['number']}"))
