"""`toros target`: targets, kept by the data manager."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from toros.cli import ephemerides, lightcurves, target_tables
from toros.cli.asking import ask, do, done, tell
from toros.cli.options import ConfigFile, Json

if TYPE_CHECKING:
    pass

__all__ = ["targets"]

targets = typer.Typer(
    help="Things in the sky: add, show, find, change, merge, and lists of them.", no_args_is_help=True
)

Named = Annotated[str, typer.Argument(metavar="NAME", help="Any of its names, as one types it.", show_default=False)]
Fields = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="KEY=VALUE…", help="Fields, such as importance=9; see `toros describe`.", show_default=False
    ),
]
Aliases = Annotated[list[str] | None, typer.Option("--alias", "-a", help="Another name.", show_default=False)]
Tags = Annotated[list[str] | None, typer.Option("--tag", "-t", help="A word to find it by.", show_default=False)]
Extras = Annotated[
    list[str] | None, typer.Option("--extra", "-e", metavar="KEY=VALUE", help="What else to keep.", show_default=False)
]
Ra = Annotated[str | None, typer.Option(help="Degrees, or hours 13:09:48.1.", show_default=False)]
Dec = Annotated[str | None, typer.Option(help="Degrees, or -23:22:53.", show_default=False)]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, change nothing.")]


@targets.callback()
def _targets() -> None:
    """Things in the sky: add, show, find, change, merge, and lists of them."""


@targets.command()
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What to call it.", show_default=False)],
    fields: Fields = None,
    ra: Ra = None,
    dec: Dec = None,
    alias: Aliases = None,
    tag: Tags = None,
    extra: Extras = None,
    new: Annotated[bool, typer.Option("--new", help="A new one although a target lies there already.")] = False,
    dry_run: DryRun = False,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Add a target, or find that we have it: by its name, or by its place.

    Examples:

      toros target add "AT 2017gfo" --ra 13:09:48.09 --dec -23:22:53.3 --tag gw importance=9.5 cadence=0.5

      toros target add "1 Ceres" scheme=mpc_minor_planet epoch_of_elements=60600 inclination=10.59 …

      toros target add M31 --ra 10.6847 --dec 41.269 --alias "NGC 224" --extra redshift=-0.001 --json
    """
    order = _fields(fields, "add_target") | {"name": name} | _said(ra, dec, alias, tag, extra)
    order |= {"on_match": "new"} if new else {}
    do("add_target", order, config, dry_run=dry_run, json=json)


@targets.command()
def show(
    name: Named,
    sky: Annotated[
        bool, typer.Option("--sky", help="Also where it stands, how far from sun and moon, when it can be observed.")
    ] = False,
    at: Annotated[
        str | None, typer.Option(metavar="TIME", help="UTC, that --sky is for; now if absent.", show_default=False)
    ] = None,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Show all that is known of a target, and how it stands in the sky.

    Examples:

      toros target show "at 2017gfo"

      toros target show ceres --sky

      toros target show sss17a --at 2026-11-20T23:30 --json
    """
    asked: dict[str, Any] = {"target": name, "sky": sky} | ({} if at is None else {"at": at})
    answer = ask("show_target", asked, config)
    if json:
        from toros.cli.screen import print_json

        print_json(answer["target"] | {key: answer[key] for key in ("sky",) if key in answer})
        return
    from toros.cli.ephemerides import print_sky
    from toros.cli.target_screen import print_target

    print_target(answer["target"])
    if "sky" in answer:
        print_sky(answer["sky"])


@targets.command()
def find(
    name: Annotated[
        str | None,
        typer.Argument(metavar="[NAME]", help="A name, or its beginning and *.", show_default=False),
    ] = None,
    around: Annotated[
        str | None, typer.Option(metavar="NAME|RA,DEC", help="Centre of a cone; degrees.", show_default=False)
    ] = None,
    radius: Annotated[float, typer.Option(min=0, max=180, help="Of the cone; degrees.")] = 1.0,
    tag: Tags = None,
    target_list: Annotated[
        str | None, typer.Option("--list", "-l", metavar="LIST", help="In this list.", show_default=False)
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option("--where", "-w", metavar="FIELD=VALUE", help="Also FIELD>=…, FIELD<=….", show_default=False),
    ] = None,
    extra: Annotated[
        list[str] | None,
        typer.Option("--extra", "-e", metavar="NAME=VALUE", help="Also NAME>=…, NAME<=….", show_default=False),
    ] = None,
    sort: Annotated[str | None, typer.Option(help="A field, or priority.", show_default=False)] = None,
    descending: Annotated[bool, typer.Option("--descending", help="The largest first.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Most targets.")] = 100,
    after: Annotated[
        str | None, typer.Option(help="The page after this: `next` of the one before.", show_default=False)
    ] = None,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Find targets by name, place, tag, list, extra and every field.

    Examples:

      toros target find --around 197.45,-23.38 --radius 2

      toros target find "SN 2024*" --where "last_magnitude<=18" --sort last_magnitude

      toros target find --around "NGC 4993" --tag gw --extra "redshift<=0.05" --json

      toros target find --sort priority --limit 20
    """
    from toros.cli.conditions import conditions

    asked: dict[str, Any] = {
        "name": name, "cone": _cone(around, radius), "tags": tag or [], "target_list": target_list,
        "where": conditions(where or []), "extras": conditions(extra or []), "sort": sort, "descending": descending,
        "limit": limit, "after": after,
    }  # fmt: skip
    answer = ask("find_targets", {key: value for key, value in asked.items() if value is not None}, config)
    if json:
        from toros.cli.screen import print_json

        print_json(answer)
        return
    from toros.cli.target_screen import print_targets

    print_targets(answer)


@targets.command()
def update(
    name: Named,
    fields: Fields = None,
    ra: Ra = None,
    dec: Dec = None,
    alias: Aliases = None,
    tag: Tags = None,
    extra: Extras = None,
    rename: Annotated[str | None, typer.Option(help="Its new main name.", show_default=False)] = None,
    forget_alias: Annotated[list[str] | None, typer.Option(help="A name that it has no longer.")] = None,
    untag: Annotated[list[str] | None, typer.Option(help="A tag that it has no longer.")] = None,
    forget_extra: Annotated[list[str] | None, typer.Option(help="An extra that it has no longer.")] = None,
    clear: Annotated[list[str] | None, typer.Option(help="A field to make empty.")] = None,
    dry_run: DryRun = False,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Change what is said of a target; what is not given stays.

    Examples:

      toros target update at2017gfo classification=kilonova cadence=1 --tag followed --untag new

      toros target update ZTF24x --rename "SN 2024abc" --extra redshift=0.03
    """
    order = _fields(fields, "update_target") | {"target": name} | _said(ra, dec, alias, tag, extra)
    more = {
        "name": rename, "forget_aliases": forget_alias, "untag": untag, "forget_extras": forget_extra, "clear": clear,
    }  # fmt: skip
    order |= {key: value for key, value in more.items() if value}
    do("update_target", order, config, dry_run=dry_run, json=json)


@targets.command()
def merge(
    primary: Annotated[str, typer.Argument(metavar="STAYS", help="The target that stays.", show_default=False)],
    secondary: Annotated[str, typer.Argument(metavar="GOES", help="The target that goes.", show_default=False)],
    dry_run: DryRun = False,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Make one target of two that are the same; all that the second has moves to the first.

    Examples:

      toros target merge "SN 2024abc" ZTF24aaabcde
    """
    order: dict[str, Any] = {"primary": primary, "secondary": secondary}
    do("merge_targets", order, config, dry_run=dry_run, json=json)


@targets.command(name="list")
def list_(
    name: Annotated[str, typer.Argument(metavar="LIST", help="Name of the list.", show_default=False)],
    add: Annotated[list[str] | None, typer.Option(help="A target to put in.", show_default=False)] = None,
    remove: Annotated[list[str] | None, typer.Option(help="A target to take out.", show_default=False)] = None,
    rename: Annotated[str | None, typer.Option(help="Its new name.", show_default=False)] = None,
    access: Annotated[str | None, typer.Option(help="open, public or private.", show_default=False)] = None,
    delete: Annotated[bool, typer.Option("--delete", help="Delete the list; its targets stay.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Most targets shown.")] = 100,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Show a list of targets, or change it.

    Examples:

      toros target list Tonight --add M31 --add "AT 2017gfo"

      toros target list Tonight

      toros target list Tonight --remove m31 --rename Tomorrow --access open
    """
    rows = []
    for action, named in (("add", add), ("remove", remove)):
        if named:
            order = {"target_list": name, "action": action, "targets": named}
            rows.append(done("group_targets", order, config))
    if rename or access or delete:
        saved: dict[str, Any] = {"name": rename, "access": access, "delete": delete}
        order = {"target_list": name, **{key: value for key, value in saved.items() if value}}
        rows.append(done("save_list", order, config))
    if rows:
        tell(rows, json=json)
    find(target_list=name, limit=limit, config=config, json=json)


def _cone(around: str | None, radius: float) -> dict[str, Any] | None:
    """Return a cone around a position, or around a target."""
    if around is None:
        return None
    ra, comma, dec = around.partition(",")
    try:
        return {"ra": float(ra), "dec": float(dec), "radius": radius} if comma else {"target": around, "radius": radius}
    except ValueError:
        return {"target": around, "radius": radius}


def _fields(words: list[str] | None, request: str) -> dict[str, Any]:
    from toros.cli.fields import fields_of_words

    return fields_of_words(words or [], request)


def _said(
    ra: str | None, dec: str | None, aliases: list[str] | None, tags: list[str] | None, extras: list[str] | None
) -> dict[str, Any]:
    """Return what the options say, in the fields of an order; coordinates under the names that take sexagesimal."""
    said = {"RA": ra, "Dec": dec, "aliases": aliases, "tags": tags, "extras": _fields(extras, "") if extras else None}
    return {key: value for key, value in said.items() if value}


for _command in (
    ephemerides.ephemeris, lightcurves.ingest, lightcurves.plot, lightcurves.export, target_tables.write,
):  # fmt: skip
    targets.command()(_command)
targets.command(name="import")(target_tables.import_)
