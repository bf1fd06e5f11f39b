"""`toros galaxies`: catalogues of galaxies that alerts are ranked with."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toros.cli.options import ConfigFile, Json

if TYPE_CHECKING:
    from toros.alerts.galaxies import Galaxies

__all__ = ["galaxies"]

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
FORMS = ("glade+", "nedlvs", "table")

galaxies = typer.Typer(help="Catalogues of galaxies that alerts are ranked with.", no_args_is_help=True)


@galaxies.callback()
def _galaxies() -> None:
    """Catalogues of galaxies that alerts are ranked with."""


@galaxies.command("import")
def import_(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="The catalogue.", show_default=False)
    ],
    form: Annotated[str, typer.Option(help=f"What it is: {', '.join(FORMS)}.")] = "table",
    name: Annotated[
        str | None, typer.Option(help="What to call it; the file's name without its ending.", show_default=False)
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(
            metavar="OURS=THEIRS",
            show_default=False,
            help="A column of a table: name, ra, dec, distance, distance_error, redshift, redshift_error, magnitude"
            " (B), mass (logarithm).",
        ),
    ] = None,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Make a store of galaxies from GLADE+ (text), NED-LVS (FITS) or any table; an older one of its name is replaced.

    Name it as `alerts.catalogue` in the configuration, and alerts are ranked with it.

    Examples:

      toros galaxies import GLADE+.txt --form glade+ --name glade

      toros galaxies import NEDLVS_20250602.fits --form nedlvs --name nedlvs

      toros galaxies import nearby.csv --column ra=RAJ2000 --column dec=DEJ2000 --column distance=Dist --json
    """
    from toros.alerts.galaxies.importing import import_catalogue
    from toros.cli.screen import print_json, progress_bar
    from toros.config import load_config

    called = _checked_name(name or file.name.split(".")[0])
    store = load_config(config).galaxy_store(called)
    if store is None:
        raise typer.BadParameter(f"{called} comes with TOROS; call this catalogue otherwise")
    with progress_bar(quiet=json) as tell:
        told = import_catalogue(
            file, store, form, columns=_map(column or []), catalogue=called,
            progress=lambda rows, part: tell(f"{rows:,} rows", part),
        )  # fmt: skip
    if json:
        print_json({"name": called, "file": str(store), **told})
        return
    typer.echo(f"{told['rows']:,} rows: {told['galaxies']:,} galaxies are kept as {called} ({store})")
    for reason, count in told["left_out"].items():
        typer.echo(f"  {count:,} left out: {reason}")
    typer.echo(f"to rank with it: alerts: {{catalogue: {called}}}")


@galaxies.command()
def show(
    name: Annotated[
        str | None, typer.Argument(help="A catalogue; the one that is configured without.", show_default=False)
    ] = None,
    verify: Annotated[bool, typer.Option("--verify", help="Also read all of it and compare its checksums.")] = False,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Show what a catalogue holds, and how complete it is by distance.

    Examples:

      toros galaxies show

      toros galaxies show glade --verify

      toros galaxies show openngc --json
    """
    from toros.alerts.galaxies import open_ngc, open_store
    from toros.alerts.galaxies.store import verify_store
    from toros.cli.screen import print_json
    from toros.config import load_config
    from toros.errors import TorosError

    settings = load_config(config)
    called = _checked_name(name or settings.alerts.catalogue)
    store = settings.galaxy_store(called)
    kept = open_store(store) if store else open_ngc()
    if verify and store and (damaged := verify_store(store)):
        raise TorosError(f"{store} is damaged in {', '.join(damaged)}: import it again")
    if json:
        print_json(_plain(called, kept))
        return
    _print(called, kept)


def _checked_name(name: str) -> str:
    if not NAME.fullmatch(name):
        raise typer.BadParameter(f"{name!r} is no name of a catalogue; allowed: up to 64 letters, digits and . _ -")
    return name


def _map(columns: list[str]) -> dict[str, str]:
    pairs = [each.partition("=") for each in columns]
    for ours, sign, theirs in pairs:
        if not sign or not ours or not theirs:
            raise typer.BadParameter(f"--column {ours}{sign}{theirs}; allowed: OURS=THEIRS, such as ra=RAJ2000")
    return {ours.strip(): theirs.strip() for ours, _, theirs in pairs}


def _plain(name: str, kept: Galaxies) -> dict[str, Any]:
    """Return what is known of a catalogue as plain values."""
    import numpy as np

    known = {key: int(np.isfinite(kept.columns[key]).sum()) for key in ("distance", "magnitude", "mass")}
    about: dict[str, Any] = {
        str(key): kept.about[key] for key in ("file", "form", "made", "left_out") if key in kept.about
    }
    shells = kept.shells.plain() | {"completeness": [round(float(c), 5) for c in kept.shells.completeness]}
    return {"name": name, "galaxies": len(kept), "with": known, "distances": _found(kept), "shells": shells, **about}


def _found(kept: Galaxies) -> dict[str, int]:
    """Return how many distances were found which way."""
    import numpy as np

    from toros.alerts.galaxies.columns import FOUND

    counts = np.bincount(kept.columns["found"], minlength=len(FOUND))
    return {words: int(count) for words, count in zip(FOUND, counts, strict=True) if count}


def _print(name: str, kept: Galaxies) -> None:
    from rich.table import Table

    from toros.cli.screen import console

    plain = _plain(name, kept)
    print_ = console().print
    print_(f"{name}: {plain['galaxies']:,} galaxies; with a distance {plain['with']['distance']:,}, a B magnitude "
           f"{plain['with']['magnitude']:,}, a stellar mass {plain['with']['mass']:,}")  # fmt: skip
    for words, count in plain["distances"].items():
        print_(f"  distance {words}: {count:,}")
    table = Table(title="by luminosity distance, with the part of the expected light in B", min_width=64)
    for heading in ("Mpc", "galaxies", "completeness"):
        table.add_column(heading, justify="right")
    shells = plain["shells"]
    edges = shells["edges_mpc"]
    for near, far, count, part in zip(edges[:-1], edges[1:], shells["galaxies"], shells["completeness"], strict=True):
        table.add_row(f"{near:g} to {far:g}", f"{count:,}", f"{100 * part:.1f} %")
    print_(table)
    print_("Expected: Schechter function of Gehrels et al. 2016 (ApJ 820, 136), H0 = 70 km/s/Mpc, over the whole sky.")
