"""`toros target import` and `write`: tables of targets in and out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from toros.cli.options import ConfigFile, Json

__all__ = ["import_", "print_import", "with_report", "write"]

Tags = Annotated[list[str] | None, typer.Option("--tag", "-t", help="A word for all of them.", show_default=False)]


def import_(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="The table.", show_default=False)
    ],
    target_list: Annotated[
        str | None, typer.Option("--list", "-l", metavar="LIST", help="A list for all of them.", show_default=False)
    ] = None,
    tag: Tags = None,
    on_match: Annotated[
        str, typer.Option(help="A target that we have: existing (new names and tags), update (values too), new.")
    ] = "existing",
    access: Annotated[str | None, typer.Option(help="open, public or private.", show_default=False)] = None,
    format_: Annotated[
        str | None, typer.Option("--format", help="csv, ecsv, votable or fits.", show_default=False)
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be taken, change nothing.")] = False,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Make targets of the rows of a table; the same file again changes nothing.

    Columns as in the TOM Toolkit (name, ra, dec, name1, groups) or BHTOM (ZTF_name, importance, cadence); others become
    extras. A row that cannot be taken is told of with its line; the others are kept. A file outside of the node's roots
    is first copied into products:uploads.

    Examples:

      toros target import candidates.csv --dry-run

      toros target import candidates.csv --list Tonight --tag survey

      toros target import catalogue.xml --on-match update --json
    """
    from toros.cli.desks import Desks
    from toros.cli.failures import end_where_nothing_was_taken
    from toros.cli.lightcurves import done, location_of
    from toros.cli.screen import print_json
    from toros.config import load_config

    desks = Desks(load_config(config))
    asked = {"target_list": target_list, "tags": tag, "access": access, "format": format_, "on_match": on_match}
    order = {"request": "import_targets", "file_location": location_of(file, desks), "dry_run": dry_run,
             **{name: value for name, value in asked.items() if value}}  # fmt: skip
    result = with_report(done(order, desks, quiet=json), desks)
    if json:
        print_json(result)
    else:
        print_import(result)
    end_where_nothing_was_taken(result, "new", "changed", "same")


def with_report(result: dict[str, Any], desks: Any) -> dict[str, Any]:
    """Return what came of an import, with the place of its report on this node."""
    return result | ({"report_file": str(_here(result["report"], desks))} if "report" in result else {})


def print_import(result: dict[str, Any]) -> None:
    """Tell what came of an import."""
    from toros.cli.screen import clean

    verb = "would be" if result.get("dry_run") else "are"
    typer.echo(f"{result['rows']} rows: {result['new']} {verb} new, {result['changed']} changed, {result['same']} the "
               f"same, {result['refused']} refused")  # fmt: skip
    print_refused(result, "line")
    if result.get("columns_left_out"):
        typer.echo(f"  columns without plain values, left out: {clean(', '.join(result['columns_left_out']))}")


def print_refused(result: dict[str, Any], noun: str) -> None:
    """Tell which rows were not taken, and where all of them are."""
    from toros.cli.screen import clean

    for row in result.get("refused_rows", []):
        told = [f"value {row['value']!r}"] if "value" in row else []
        told += [f"allowed: {row['allowed']}"] if "allowed" in row else []
        more = f" ({'; '.join(told)})" if told else ""
        typer.echo(f"  {noun} {row['line']}: {clean(row['message'])}{clean(more)}")
    if result["refused"] > len(result.get("refused_rows", [])):
        typer.echo(f"  all of them: {result['report_file']}")


def write(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", dir_okay=False, help="The table to write.", show_default=False)
    ],
    target_list: Annotated[
        str | None, typer.Option("--list", "-l", metavar="LIST", help="Those in this list.", show_default=False)
    ] = None,
    tag: Annotated[
        list[str] | None, typer.Option("--tag", "-t", help="Those with this tag.", show_default=False)
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option("--where", "-w", metavar="FIELD=VALUE", help="Also FIELD>=…, FIELD<=….", show_default=False),
    ] = None,
    format_: Annotated[str | None, typer.Option("--format", help="csv, ecsv or votable.", show_default=False)] = None,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Write targets into a table, which `toros target import` reads again without a loss.

    Examples:

      toros target write tonight.csv --list Tonight

      toros target write bright.xml --where "last_magnitude<=18" --json
    """
    import shutil

    from toros.cli.conditions import conditions
    from toros.cli.desks import Desks
    from toros.cli.lightcurves import done
    from toros.cli.screen import print_json
    from toros.config import load_config
    from workorders.envelope import new_id

    desks = Desks(load_config(config))
    matching = {"target_list": target_list, "tags": tag, "where": conditions(where or [])}
    order: dict[str, Any] = {
        "request": "export_targets", "file_location": f"products:exports/{new_id()}{file.suffix}",
        "matching": {name: value for name, value in matching.items() if value},
    } | ({"format": format_} if format_ else {})  # fmt: skip
    result = done(order, desks, quiet=json)
    made = _here(result["file_location"], desks)
    shutil.move(made, file)
    if json:
        print_json({**result, "file": str(file)})
        return
    typer.echo(f"wrote {file}: {result['targets']} targets, {result['columns']} columns")


def _here(location: str, desks: Any) -> Path:
    """Return where a location of this node lies."""
    from toros.files import Roots

    config = desks.config
    return Roots(config.files.roots, config.state).path(location)
