"""`toros data move-in`: what another system remembers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toros.cli.options import ConfigFile, Json

if TYPE_CHECKING:
    from toros.cli.desks import Desks

__all__ = ["move_in"]

Mapped = list[str] | None
PARTS = ("observations", "templates", "products", "photometry", "spectra", "exposures", "combinations")


def move_in(
    system: Annotated[
        str,
        typer.Argument(
            metavar="SYSTEM", help="tom (a TOM Toolkit), bhtom (exports), torosmanager.", show_default=False
        ),
    ],
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FILE]",
            exists=True,
            dir_okay=False,
            show_default=False,
            help="The SQLite database, or BHTOM's table of targets.",
        ),
    ] = None,
    database: Annotated[
        str | None, typer.Option(metavar="NAME", help="Instead of FILE: one of moving.databases.", show_default=False)
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            file_okay=False,
            show_default=False,
            help="Of the files: a TOM's media, BHTOM's photometry, nights; below one of files.roots.",
        ),
    ] = None,
    access: Annotated[
        str | None, typer.Option(help="Of targets that do not say it: open, public, private.", show_default=False)
    ] = None,
    observations: Annotated[bool, typer.Option(help="Move observation records and templates too.")] = True,
    products: Annotated[bool, typer.Option(help="Move data products too; their files need --folder.")] = True,
    photometry: Annotated[bool, typer.Option(help="Move photometry too.")] = True,
    spectra: Annotated[bool, typer.Option(help="Move spectra too.")] = True,
    user: Annotated[
        Mapped, typer.Option(metavar="THEIRS=OURS", help="Who a user is; may be repeated.", show_default=False)
    ] = None,
    group: Annotated[
        Mapped, typer.Option(metavar="THEIRS=OURS", help="What a group is called here.", show_default=False)
    ] = None,
    status: Annotated[
        Mapped, typer.Option(metavar="THEIRS=OURS", help="What a facility's status means.", show_default=False)
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be taken, change nothing.")] = False,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Take in what another system remembers: targets and lists, observations, files, photometry, spectra.

    The same again changes nothing. Every row that is not taken is in a report, with its reason.

    Examples:

      toros data move-in tom db.sqlite3 --folder media --dry-run

      toros data move-in tom --database our_tom --user admin=ada --json

      toros data move-in bhtom targets.csv --folder photometry
    """
    from toros.cli.desks import Desks
    from toros.cli.lightcurves import done, location_of
    from toros.cli.screen import print_json
    from toros.cli.target_tables import print_refused, with_report
    from toros.config import load_config

    desks = Desks(load_config(config))
    wanted = {"observations": observations, "products": products, "photometry": photometry, "spectra": spectra}
    given = {
        "file_location": location_of(file, desks) if file else None, "database": database, "access": access,
        "folder_location": _below_a_root(folder, desks) if folder else None, "users": _pairs("--user", user),
        "groups": _pairs("--group", group), "statuses": _pairs("--status", status),
    }  # fmt: skip
    order = {"request": "move_in", "system": system, "dry_run": dry_run, **wanted}
    result = with_report(done(order | {name: it for name, it in given.items() if it}, desks, quiet=json), desks)
    if json:
        print_json(result)
        return
    for line in _lines(result):
        typer.echo(line)
    if result["refused"]:
        typer.echo(f"rows that were not taken: {result['refused']}")
    print_refused(result, "line" if system == "bhtom" else "row")
    if dry_run:
        typer.echo("dry run: nothing was changed")


def _lines(result: dict[str, Any]) -> Iterator[str]:
    """Yield a line for each part."""
    if result["rows"]:
        yield f"targets: {result['new']} new, {result['same']} the same, {result['changed']} changed"
    if "lists" in result:
        listed = result["lists"]
        yield f"lists: {listed['lists']}, with {listed['listed']} targets that were not in them"
    for part in PARTS:
        if part in result:
            counts = {"new": 0, "same": 0, **result[part]}
            words = ("new", "the same") + (("revised",) if "revised" in counts else ()) + ("refused",)
            keys = [word.removeprefix("the ") for word in words]
            yield f"{part}: " + ", ".join(f"{counts[key]} {word}" for key, word in zip(keys, words, strict=True))
    if result.get("unknown_people"):
        yield f"users, groups and grants that have no place here: {result['unknown_people']}"
    for name, count in result.get("not_moved", {}).items():
        yield f"{name.replace('_', ' ')} that were not moved: {count}"


def _pairs(option: str, words: list[str] | None) -> dict[str, str]:
    """Return THEIRS=OURS as a mapping."""
    pairs = [word.partition("=") for word in words or []]
    for theirs, equals, ours in pairs:
        if not (theirs and equals and ours):
            raise typer.BadParameter(f"{theirs + equals + ours!r} is not THEIRS=OURS", param_hint=option)
    return {theirs: ours for theirs, _, ours in pairs}


def _below_a_root(folder: Path, desks: Desks) -> str:
    """Return a folder's root:path; it is not copied, and so must lie below a root."""
    path = folder.expanduser().resolve()
    for name, root in desks.config.files.roots.items():
        if path.is_relative_to(root.resolve()):
            below = path.relative_to(root.resolve()).as_posix()
            return f"{name}:{'' if below == '.' else below}"
    roots = ", ".join(f"{name} ({root})" for name, root in desks.config.files.roots.items())
    raise typer.BadParameter(f"{folder} lies below none of the roots {roots}: name it in files.roots, or copy it",
                             param_hint="--folder")  # fmt: skip
