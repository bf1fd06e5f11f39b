"""`toros target ingest`, `plot` and `export`: light curves in and out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toros.cli.options import ConfigFile, Json

if TYPE_CHECKING:
    from toros.cli.desks import Desks
    from toros.data.measurements.lightcurve import Lightcurve

__all__ = ["done", "export", "ingest", "location_of", "plot"]

TargetName = Annotated[str, typer.Argument(metavar="NAME", help="Any name of the target.", show_default=False)]
Filters = Annotated[
    list[str] | None, typer.Option("--filter", "-f", help="Only this filter; may be repeated.", show_default=False)
]
All = Annotated[bool, typer.Option("--all", help="Also the points that are switched off.")]
PAGE = 5000  # points a question


def ingest(
    name: TargetName,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", exists=True, dir_okay=False, help="Photometry, or a spectrum.", show_default=False
        ),
    ],
    fields: Annotated[
        list[str] | None,
        typer.Argument(metavar="KEY=VALUE…", help="What the file does not say: filter=r.", show_default=False),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be taken, change nothing.")] = False,
    atomic: Annotated[bool, typer.Option("--atomic", help="Take nothing where any row is refused.")] = False,
    spectrum: Annotated[bool, typer.Option("--spectrum", help="The file holds a spectrum.")] = False,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Take a file's photometry, or its spectrum, in for a target; the same file again changes nothing.

    A file outside of the node's roots is first copied into products:uploads.

    Examples:

      toros target ingest "SN 2026abc" night.csv filter=r system=AB facility=CTMO

      toros target ingest "SN 2026abc" atlas.txt --dry-run

      toros target ingest "SN 2026abc" spectrum.fits --spectrum observer=Ada
    """
    from toros.cli.desks import Desks
    from toros.cli.failures import end_where_nothing_was_taken
    from toros.cli.fields import fields_of_words
    from toros.cli.screen import print_json
    from toros.config import load_config

    desks = Desks(load_config(config))
    request = "ingest_spectrum" if spectrum else "ingest_photometry"
    order = {"request": request, "target": name, "file_location": location_of(file, desks), "dry_run": dry_run,
             **({} if spectrum else {"atomic": atomic}), **fields_of_words(fields or [], request)}  # fmt: skip
    result = done(order, desks, quiet=json)
    if json:
        print_json(result)
    else:
        _print_ingestion(result, spectrum=spectrum, dry_run=dry_run)
    end_where_nothing_was_taken(result, "new", "revised", "same")


def _print_ingestion(result: dict[str, Any], *, spectrum: bool, dry_run: bool) -> None:
    """Tell what came of a file."""
    from toros.cli.screen import clean

    verb = "would be" if dry_run else "are"
    what = "spectra" if spectrum else "points"
    typer.echo(f"layout {result['layout']}: {result['new']} {what} {verb} new, {result['revised']} revised, "
               f"{result['same']} known already, {result['refused']} rows refused")  # fmt: skip
    for line in [*result["remarks"], *result["problems"]]:
        typer.echo(f"  {clean(line)}")
    if result["refused"] > len(result["problems"]):
        for reason, count in result["reasons"].items():
            typer.echo(f"  {count} × {clean(reason)}")


def plot(
    name: TargetName,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="PNG, SVG or PDF; NAME.png if absent.", show_default=False),
    ] = None,
    filters: Filters = None,
    everything: All = False,
    config: ConfigFile = None,
) -> None:
    """Draw a target's light curve: bands in their colours, limits as arrows.

    Examples:

      toros target plot "SN 2026abc"

      toros target plot "SN 2026abc" -f g -f r -o sn.svg
    """
    from toros.cli.desks import Desks
    from toros.config import load_config
    from toros.data.measurements.plot import plot_lightcurve

    lightcurve = _lightcurve(Desks(load_config(config)), name, filters, everything)
    path = output or Path(_file_name(lightcurve.target) + ".png")
    plot_lightcurve(lightcurve, path)
    typer.echo(f"wrote {path}: {len(lightcurve)} points")


def export(
    name: TargetName,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="The file to write; the screen if absent.", show_default=False
        ),
    ] = None,
    format_: Annotated[str, typer.Option("--format", help="bhtom, csv, ecsv, votable or parquet.")] = "bhtom",
    filters: Filters = None,
    everything: All = False,
    config: ConfigFile = None,
) -> None:
    """Write a target's light curve, in BHTOM's form unless another is asked for.

    Examples:

      toros target export "SN 2026abc" > sn.csv

      toros target export "SN 2026abc" --format parquet -o sn.parquet
    """
    from toros.cli.desks import Desks
    from toros.config import load_config
    from toros.data.measurements.exporting import FORMATS, held, written
    from toros.durable import write_durably

    if format_ not in FORMATS:
        raise typer.BadParameter(f"{format_!r} is not a format; allowed: {', '.join(FORMATS)}")
    lightcurve = _lightcurve(Desks(load_config(config)), name, filters, everything)
    contents, points = written(lightcurve, format_), held(lightcurve, format_)
    if output is None:
        typer.echo(contents, nl=False)
    else:
        write_durably(output, contents)
        typer.echo(f"wrote {output}: {points} points")
    if points < len(lightcurve):
        typer.echo(f"toros: left out {len(lightcurve) - points} that are no magnitudes: say --format csv", err=True)


def _lightcurve(desks: Desks, name: str, filters: list[str] | None, everything: bool) -> Lightcurve:
    """Ask for a target's points, page by page."""
    from toros.data.measurements.lightcurve import lightcurve_of_points

    asked: dict[str, Any] = {"request": "find_measurements", "target": name, "limit": PAGE, "filters": filters or [],
                             "active_only": not everything}  # fmt: skip
    pages = [desks.ask("data_manager", asked)]
    while pages[-1]["more"]:
        pages.append(desks.ask("data_manager", {**asked, "after": pages[-1]["after"]}))
    return lightcurve_of_points(
        pages[0]["target"], [s for page in pages for s in page["series"]], [p for page in pages for p in page["points"]]
    )


def done(order: dict[str, Any], desks: Desks, *, quiet: bool) -> dict[str, Any]:
    """Hand an order in, follow it to its end, and return what came of it."""
    from toros.cli.codes import ExitCode
    from toros.cli.desks import new_order
    from toros.cli.failures import Ended
    from toros.cli.following import follow_order
    from toros.cli.screen import console, order_line

    desk, body = new_order(order)
    desks.send(desk, body, note=lambda said: typer.echo(f"toros: {said}", err=True))
    row = follow_order(desks, desk, body["id"], timeout=None, quiet=quiet)
    if row["state"] != "done":
        console(errors=True).print(order_line(row))
        raise Ended(ExitCode.FAILED)
    result: dict[str, Any] = row["result"]
    return result


def location_of(file: Path, desks: Desks) -> str:
    """Return a file's root:path; one that lies below no root is copied below one."""
    from hashlib import sha256

    from toros.durable import write_durably

    path = file.expanduser().resolve()
    roots = desks.config.files.roots
    for name, root in roots.items():
        if path.is_relative_to(root.resolve()):
            return f"{name}:{path.relative_to(root.resolve()).as_posix()}"
    contents = path.read_bytes()
    inside = f"uploads/{sha256(contents).hexdigest()[:12]}/{_file_name(path.stem)}{path.suffix}"
    write_durably(roots["products"] / inside, contents)
    return f"products:{inside}"


def _file_name(name: str) -> str:
    """Return a name that is safe as a file's."""
    return "".join(sign if sign.isalnum() or sign in "-_." else "_" for sign in name).lstrip(".") or "target"
