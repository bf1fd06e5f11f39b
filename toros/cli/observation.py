"""`toros observation`: observations, asked of any facility through the data manager."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from toros.cli.asking import ask, do
from toros.cli.options import ConfigFile, Json

__all__ = ["observations"]

observations = typer.Typer(
    help="Observations: asked of any facility, followed; with templates, groups and proposals.", no_args_is_help=True
)

Number = Annotated[int, typer.Argument(metavar="NUMBER", min=1, help="Of the observation.", show_default=False)]
Time = typer.Option(metavar="TIME", help="UTC, such as 2026-11-20T02:14:05.", show_default=False)
Facility = Annotated[str | None, typer.Option(help="Such as own_telescope or manual.", show_default=False)]
Group = Annotated[str | None, typer.Option(help="Name of a group.", show_default=False)]
Proposal = Annotated[str | None, typer.Option(help="Name of a proposal.", show_default=False)]


def _hours(words: str) -> Any:
    return typer.Option(min=0.0, metavar="HOURS", help=words, show_default=False)


@observations.callback()
def _observations() -> None:
    """Observations: asked of any facility, followed; with templates, groups and proposals."""


@observations.command()
def request(
    target: Annotated[str, typer.Argument(metavar="TARGET", help="Any name of the target.", show_default=False)],
    parameters: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="KEY=VALUE…",
            help="Of the facility's form: `toros observation facilities NAME`.",
            show_default=False,
        ),
    ] = None,
    facility: Facility = None,
    template: Annotated[str | None, typer.Option(help="Parameters saved under a name.", show_default=False)] = None,
    start: Annotated[str | None, Time] = None,
    end: Annotated[str | None, Time] = None,
    group: Group = None,
    proposal: Proposal = None,
    every: Annotated[float | None, _hours("Again every so many hours, whatever happens.")] = None,
    retry: Annotated[float | None, _hours("After a failure again, so many hours later.")] = None,
    resume: Annotated[float | None, _hours("Again so many hours later; after a failure at once.")] = None,
    until: Annotated[str | None, Time] = None,
    most: Annotated[int | None, typer.Option(min=1, help="Observations in all.", show_default=False)] = None,
    tell: Annotated[
        list[str] | None, typer.Option(help="Mail address or webhook that hears of changes.", show_default=False)
    ] = None,
    priority: Annotated[float | None, typer.Option(min=0, max=10, help="0 to 10.", show_default=False)] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check the parameters, ask nobody.")] = False,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Ask a facility for an observation of a target; where the target is, is filled in.

    Examples:

      toros observation request "AT 2017gfo" exposure_time=60 exposures=3 filter=r --priority 7

      toros observation request M31 --template "first look" --every 24 --until 2026-12-24 --proposal P7

      toros observation request M31 --facility manual observer=ann --end 2026-11-21T08:00 --tell ann@example.org
    """
    from toros.cli.fields import fields_of_words

    order: dict[str, Any] = {
        "target": target, "parameters": fields_of_words(parameters or [], ""), "facility": facility,
        "template": template, "start": start, "end": end, "group": group, "proposal": proposal,
        "cadence": _cadence({"repeat": every, "retry_failed": retry, "resume_after_failure": resume}, until, most),
        "tell": tell, "priority": priority,
    }  # fmt: skip
    do("request_observation", _given(order), config, dry_run=dry_run, json=json)


@observations.command(name="list")
def list_(
    target: Annotated[
        str | None, typer.Argument(metavar="[TARGET]", help="Of this target.", show_default=False)
    ] = None,
    status: Annotated[str | None, typer.Option(help="Such as PENDING.", show_default=False)] = None,
    facility: Facility = None,
    group: Group = None,
    proposal: Proposal = None,
    asked_by: Annotated[str | None, typer.Option(help="Who asked.", show_default=False)] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Most observations.")] = 100,
    before: Annotated[int | None, typer.Option(min=0, help="The page after this number.", show_default=False)] = None,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """List observations, the latest first.

    Examples:

      toros observation list --status PENDING --facility manual

      toros observation list M31 --json
    """
    asked = {
        "target": target, "status": status.upper() if status else None, "facility": facility, "group": group,
        "proposal": proposal, "asked_by": asked_by, "limit": limit, "before": 2**31 - 1 if before is None else before,
    }  # fmt: skip
    answer = ask("find_observations", _given(asked), config)
    if json:
        from toros.cli.screen import print_json

        print_json(answer)
        return
    from toros.cli.observation_screen import print_observations

    print_observations(answer)


@observations.command()
def show(number: Number, config: ConfigFile = None, json: Json = False) -> None:
    """Show all that is known of an observation: its parameters, history and products.

    Examples:

      toros observation show 17

      toros observation show 17 --json
    """
    answer = ask("show_observation", {"number": number}, config)["observation"]
    if json:
        from toros.cli.screen import print_json

        print_json(answer)
        return
    from toros.cli.observation_screen import print_observation

    print_observation(answer)


@observations.command()
def cancel(
    number: Number,
    reason: Annotated[str, typer.Option(help="Why, for those who look later.")] = "",
    keep_cadence: Annotated[bool, typer.Option("--keep-cadence", help="Let its cadence go on.")] = False,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Take an observation back, and end the cadence that it belongs to.

    Examples:

      toros observation cancel 17 --reason "it was a variable star"
    """
    order = {"number": number, "reason": reason, "keep_cadence": keep_cadence}
    do("cancel_observation", order, config, json=json)


@observations.command()
def report(
    number: Number,
    status: Annotated[str, typer.Argument(metavar="STATUS", help="COMPLETED, NOT_ATTEMPTED, …", show_default=False)],
    start: Annotated[str | None, Time] = None,
    end: Annotated[str | None, Time] = None,
    seconds: Annotated[
        float | None, typer.Option(min=0, help="Time that it took; seconds.", show_default=False)
    ] = None,
    note: Annotated[str | None, typer.Option(help="In words.", show_default=False)] = None,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Report how an observation that a person makes stands.

    Examples:

      toros observation report 17 COMPLETED --start 2026-11-21T02:10 --end 2026-11-21T03:40 --seconds 4800

      toros observation report 17 NOT_ATTEMPTED --note "clouds all night"
    """
    order = {
        "number": number, "status": status.upper(), "scheduled_start": start, "scheduled_end": end,
        "seconds_used": seconds, "note": note,
    }  # fmt: skip
    do("update_observation", _given(order), config, json=json)


def _given(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value not in (None, {}, [])}


def _cadence(strategies: dict[str, float | None], until: str | None, most: int | None) -> dict[str, Any] | None:
    """Return what shall follow; one strategy at most."""
    chosen = {name: hours for name, hours in strategies.items() if hours is not None}
    if len(chosen) > 1:
        raise typer.BadParameter("give one of --every, --retry and --resume")
    if not chosen:
        if until or most:
            raise typer.BadParameter("--until and --most belong to --every, --retry or --resume")
        return None
    ((strategy, hours),) = chosen.items()
    return _given({"strategy": strategy, "hours": hours, "until": until, "most": most})
