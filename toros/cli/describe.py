"""`toros describe`: what can be asked, of whom, with which fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toros.cli.options import ConfigFile, Desk, Json, request_names

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["describe"]

ENVELOPE = ("id", "request", "to", "priority", "datetime", "user", "parent", "expires", "dry_run", "version")


def describe(
    request: Annotated[
        str | None,
        typer.Argument(
            metavar="REQUEST", help="One request; all where absent.", autocompletion=request_names, show_default=False
        ),
    ] = None,
    desk: Desk = None,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Show what can be asked, of whom, with which fields.

    Without --desk this tells the language that is installed here and asks nobody; with it, the running desk answers
    for itself, which tells more where its version is another one.

    Examples:

      toros describe

      toros describe observation

      toros describe --desk telescope --json
    """
    from toros.cli.screen import console, print_json

    answer = _asked(desk, request, config) if desk else None
    if json:
        print_json(answer if answer is not None else _schemas(request))
    elif answer is not None:
        print_json(answer)
    elif request is None:
        console().print(_requests_table())
    else:
        _sheet(request)


def _asked(desk: str, request: str | None, config: Any) -> dict[str, Any]:
    from toros.cli.desks import Desks
    from toros.config import load_config

    question = {"request": "describe"} | ({"named": request} if request else {})
    return Desks(load_config(config)).ask(desk, question)


def _schemas(request: str | None) -> dict[str, Any]:
    from workorders import VOCABULARY

    if request is not None:
        return dict(_entry(request).model.model_json_schema())
    return {name: entry.model.model_json_schema() for name, entry in VOCABULARY.items()}


def _entry(request: str) -> Any:
    """Return the vocabulary's entry; raise Refusal as a desk would."""
    from workorders import VOCABULARY, parse

    if request not in VOCABULARY:
        parse({"request": request})
    return VOCABULARY[request]


def _requests_table() -> Table:
    from rich.table import Table

    from workorders import VOCABULARY

    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("desk", "request", "kind", "again", "what it asks"):
        table.add_column(heading, no_wrap=heading != "what it asks")
    for name, entry in VOCABULARY.items():
        kind = "[cyan]question[/]" if entry.kind == "question" else "order"
        table.add_row(entry.desk, f"[bold]{name}[/]", kind, entry.repeat, entry.summary)
    return table


def _sheet(request: str) -> None:
    """Print one request: its fields with types and bounds, and an example."""
    from rich.table import Table
    from rich.text import Text

    from toros.cli.screen import console

    entry = _entry(request)
    schema = entry.model.model_json_schema()
    screen = console()
    screen.print(f"[bold]{request}[/]  {entry.kind}, desk {entry.desk}, repeatable: {entry.repeat}")
    screen.print(Text((entry.model.__doc__ or "").strip()))
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("field", "type", "default", "meaning"):
        table.add_column(heading, no_wrap=heading != "meaning")
    needed = set(schema.get("required", ()))
    properties = schema["properties"]
    for name in sorted(properties, key=lambda field: (field in ENVELOPE, field not in needed)):
        if name != "request":
            value = "[bold]needed[/]" if name in needed else _default(properties[name])
            table.add_row(name, _kind(properties[name]), value, Text(_meaning(properties[name])))
    screen.print(table)
    example = _example(request)
    if example:
        screen.print("\n[bold]example[/]")
        screen.print(Text(example.strip()))


def _kind(schema: Mapping[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(kind for kind in (_kind(each) for each in schema["anyOf"]) if kind != "null")
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    return str(schema.get("type", "any"))


def _default(schema: Mapping[str, Any]) -> str:
    value = schema.get("default")
    return "" if value in (None, "") else str(value).lower() if isinstance(value, bool) else str(value)


def _meaning(schema: Mapping[str, Any]) -> str:
    """Return a field's description with its bounds."""
    bounds = [schema, *schema.get("anyOf", ())]
    words = {
        "minimum": "at least", "exclusiveMinimum": "above", "maximum": "at most", "exclusiveMaximum": "below",
        "maxLength": "length up to", "enum": "one of",
    }  # fmt: skip
    said = [f"{word} {each[key]}" for each in bounds for key, word in words.items() if key in each]
    description = next((str(each["description"]) for each in bounds if "description" in each), "")
    return "; ".join(part for part in (description, ", ".join(said)) if part)


def _example(request: str) -> str:
    from importlib.resources import files

    file = files("workorders") / "examples" / f"{request}.yaml"
    return file.read_text(encoding="utf-8") if file.is_file() else ""
