"""`toros observation proposal` and its neighbours: what observations are asked with, and of whom."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from toros.cli.asking import ask, do
from toros.cli.options import ConfigFile, Json

__all__ = ["facilities", "groups", "proposal", "proposals", "template", "templates"]

Named = Annotated[str, typer.Argument(metavar="NAME", help="As people type it.", show_default=False)]
One = Annotated[str | None, typer.Argument(metavar="[NAME]", help="Only this one.", show_default=False)]
Facility = Annotated[str | None, typer.Option(help="Such as own_telescope or manual.", show_default=False)]
Limit = Annotated[int, typer.Option(min=1, max=1000, help="Most rows.")]
After = Annotated[int, typer.Option(min=0, help="The page after this number.")]
Time = typer.Option(metavar="TIME", help="UTC, such as 2026-11-20T02:14:05.", show_default=False)


def facilities(name: One = None, config: ConfigFile = None, json: Json = False) -> None:
    """Tell who can be asked for observations; of one, every parameter of its form.

    Examples:

      toros observation facilities

      toros observation facilities own_telescope
    """
    from toros.cli.observing_screen import print_facilities, print_form
    from toros.cli.screen import print_json

    answer = ask("list_facilities", {"facility": name}, config)
    if json:
        print_json(answer)
    elif name is None:
        print_facilities(answer)
    else:
        print_form(answer["facilities"][0])


def templates(
    name: One = None,
    facility: Facility = None,
    limit: Limit = 100,
    after: After = 0,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """List templates: parameters that were saved under a name.

    Examples:

      toros observation templates

      toros observation templates "first look" --json
    """
    from toros.cli.observing_screen import print_templates
    from toros.cli.screen import print_json

    asked = {"template": name, "facility": facility, "limit": limit, "after": after}
    (print_json if json else print_templates)(ask("find_templates", asked, config))


def template(
    name: Named,
    parameters: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="KEY=VALUE…",
            help="Of the facility's form: `toros observation facilities NAME`.",
            show_default=False,
        ),
    ] = None,
    facility: Annotated[str, typer.Option(help="Whose form the parameters belong to.")] = "own_telescope",
    delete: Annotated[bool, typer.Option("--delete", help="Forget the template.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check it, keep nothing.")] = False,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Save parameters under a name, in place of what the name stood for; or forget them.

    `toros observation request TARGET --template NAME` asks with them; what it says itself goes before.

    Examples:

      toros observation template "first look" exposure_time=60 exposures=3 filter=r

      toros observation template "by eye" --facility manual observer=ann

      toros observation template "first look" --delete
    """
    from toros.cli.fields import fields_of_words

    if delete and parameters:
        raise typer.BadParameter("--delete takes no parameters")
    if not (delete or parameters):
        raise typer.BadParameter("give parameters such as exposure_time=60, or --delete")
    order: dict[str, Any] = {"template": name, "facility": facility, "delete": delete or None}
    order["parameters"] = fields_of_words(parameters or [], "")
    do("save_template", order, config, dry_run=dry_run, json=json)


def groups(
    name: One = None, limit: Limit = 100, after: After = 0, config: ConfigFile = None, json: Json = False
) -> None:
    """List groups of observations, with how many of each have which status.

    A group is made by `toros observation request TARGET --group NAME`, and its observations are shown by `toros
    observation list --group NAME`.

    Examples:

      toros observation groups

      toros observation groups "S231113bw follow-up" --json
    """
    from toros.cli.observing_screen import print_groups
    from toros.cli.screen import print_json

    asked = {"group": name, "limit": limit, "after": after}
    (print_json if json else print_groups)(ask("find_observation_groups", asked, config))


def proposals(
    name: One = None, limit: Limit = 100, after: After = 0, config: ConfigFile = None, json: Json = False
) -> None:
    """List proposals with their time: granted, asked for, used and left; in hours.

    Examples:

      toros observation proposals

      toros observation proposals P7 --json
    """
    from toros.cli.observing_screen import print_proposals
    from toros.cli.screen import print_json

    asked = {"proposal": name, "limit": limit, "after": after}
    (print_json if json else print_proposals)(ask("find_proposals", asked, config))


def proposal(
    name: Named,
    hours: Annotated[float | None, typer.Option(min=0, help="Time granted; hours.", show_default=False)] = None,
    title: Annotated[str | None, typer.Option(help="What it is for.", show_default=False)] = None,
    investigator: Annotated[str | None, typer.Option(help="The user who leads it.", show_default=False)] = None,
    member: Annotated[
        list[str] | None,
        typer.Option("--member", "-m", help="A user who may spend its time too; all of them anew.", show_default=False),
    ] = None,
    facility: Annotated[str | None, typer.Option(help="The only one that it is for.", show_default=False)] = None,
    start: Annotated[str | None, Time] = None,
    end: Annotated[str | None, Time] = None,
    close: Annotated[
        bool | None, typer.Option("--close/--open", help="Nothing more may be asked for in its name; or again.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check it, grant nothing.")] = False,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Grant time, or change what was granted; what is not given stays. Only administrators may.

    An observation that is asked for with `--proposal NAME` spends its time, and is refused where too little is left.

    Examples:

      toros observation proposal P7 --hours 40 --title "Kilonovae" --investigator beatriz --member ann

      toros observation proposal P7 --hours 60 --end 2027-03-01

      toros observation proposal P7 --close
    """
    order = {
        "proposal": name, "hours": hours, "title": title, "investigator": investigator, "members": member or None,
        "facility": facility, "start": start, "end": end, "closed": close,
    }  # fmt: skip
    do("save_proposal", order, config, dry_run=dry_run, json=json)
