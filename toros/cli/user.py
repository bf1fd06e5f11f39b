"""`toros user`: people, kept by the data manager and let in by every node."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from toros.cli.options import ConfigFile, Json

__all__ = ["users"]

users = typer.Typer(help="People: add, list, give tokens, put into groups, disable.", no_args_is_help=True)
DESK = "data_manager"

Named = Annotated[str, typer.Argument(metavar="NAME", help="By which the person asks.", show_default=False)]
Groups = Annotated[list[str] | None, typer.Option("--group", "-g", help="A group of theirs.", show_default=False)]
Role = Annotated[str | None, typer.Option(help="observer, scientist or admin.", show_default=False)]
FullName = Annotated[str | None, typer.Option(help="As in publications.", show_default=False)]
Email = Annotated[str | None, typer.Option(help="Where they are written to.", show_default=False)]
Password = Annotated[bool, typer.Option("--password", help="Ask for a password for the portal.")]


@users.callback()
def _users() -> None:
    """People: add, list, give tokens, put into groups, disable."""


@users.command()
def add(
    name: Named,
    role: Role = None,
    full_name: FullName = None,
    email: Email = None,
    group: Groups = None,
    password: Password = False,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Make a person known, or change what is said of one; what is not given stays.

    A password is asked for here and hashed here: it travels nowhere.

    Examples:

      toros user add beatriz --role scientist --full-name "Beatriz Sánchez" --group kilonovae --password

      toros user add beatriz --role admin --json
    """
    fields = {"name": name, "role": role, "full_name": full_name, "email": email, "groups": group or None}
    _save(fields | {"password_hash": _password() if password else None}, config, json=json)


@users.command(name="list")
def list_(
    group: Annotated[str | None, typer.Option("--group", "-g", help="Members of it.", show_default=False)] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Most people.")] = 100,
    after: Annotated[str | None, typer.Option(help="Those after this name.", show_default=False)] = None,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """List people with their roles, groups, and what their tokens are worth.

    Examples:

      toros user list

      toros user list --group kilonovae --json
    """
    from toros.cli.asking import asked_of
    from toros.cli.people_screen import print_users
    from toros.cli.screen import print_json

    answer = asked_of(DESK, "find_users", {"group": group, "limit": limit, "after": after}, config)
    (print_json if json else print_users)(answer)


@users.command()
def token(
    name: Named,
    request: Annotated[
        list[str] | None, typer.Option("--request", "-r", help="It is for this alone; may be repeated.")
    ] = None,
    expires: Annotated[str | None, typer.Option(metavar="TIME", help="Its end; UTC.", show_default=False)] = None,
    revoke: Annotated[bool, typer.Option("--revoke", help="Make the token worthless instead.")] = False,
    file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write it here, not on the screen.", show_default=False)
    ] = None,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Give a person a new token, shown this once; the one before is worth nothing any more.

    The token is made here; what is sent and kept is its SHA-256. With --json it is the field `token`.

    Examples:

      toros user token beatriz --expires 2027-11-20

      toros user token beatriz --request find_targets --request show_target --file beatriz.token

      toros user token beatriz --revoke --json
    """
    import hashlib
    import secrets

    if revoke:
        _save({"name": name, "revoke_token": True}, config, json=json)
        return
    made = secrets.token_urlsafe(32)
    digest = hashlib.sha256(made.encode()).hexdigest()
    if file is not None:
        _write(file, made)
    fields = {"name": name, "token_sha256": digest, "token_requests": request or None, "token_expires": expires}
    _save(fields, config, json=json, token=made if file is None else None)


@users.command()
def disable(
    name: Named,
    again: Annotated[bool, typer.Option("--enable", help="Let them in again instead.")] = False,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Let a person in no longer, at any node; what they own and changed stays theirs.

    Examples:

      toros user disable carlos

      toros user disable carlos --enable --json
    """
    _save({"name": name, "disabled": not again}, config, json=json)


@users.command()
def groups(
    name: Named,
    group: Annotated[
        list[str] | None, typer.Argument(metavar="[GROUP…]", help="All groups of theirs.", show_default=False)
    ] = None,
    none: Annotated[bool, typer.Option("--none", help="Out of all groups.")] = False,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Show the groups of a person, or say which they are from now on.

    Examples:

      toros user groups beatriz

      toros user groups beatriz kilonovae supernovae

      toros user groups beatriz --none --json
    """
    if group or none:
        _save({"name": name, "groups": [] if none else group}, config, json=json)
        return
    from toros.cli.asking import asked_of
    from toros.cli.codes import ExitCode
    from toros.cli.failures import Ended
    from toros.cli.screen import print_json

    found = asked_of(DESK, "find_users", {"name": name}, config)["users"]
    if not found:
        typer.echo(f"toros: there is no person {name}", err=True)
        raise Ended(ExitCode.FAILED)
    if json:
        print_json(found[0]["groups"])
    else:
        typer.echo("\n".join(found[0]["groups"]) or "no groups")


def _save(fields: dict[str, Any], config: Path | None, *, json: bool, token: str | None = None) -> None:
    """Order what is said of a person, and tell what came of it, with the token where it was taken."""
    from toros.cli.asking import done_by
    from toros.cli.codes import ExitCode
    from toros.cli.failures import Ended
    from toros.cli.screen import console, order_line, print_json

    row = done_by(DESK, "save_user", fields, config)
    done = row.get("state") == "done"
    if json:
        print_json(row | ({"token": token} if token and done else {}))
    else:
        console().print(order_line(row))
        if token and done:
            typer.echo(f"\nThe token of {fields['name']}, shown this once: {token}")
    raise Ended(ExitCode.OK if done else ExitCode.FAILED)


def _password() -> str:
    """Ask for a password twice and return its hash."""
    from toros.data.people.passwords import hash_password

    while True:
        try:
            return hash_password(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
        except ValueError as error:
            typer.echo(f"{error}; again", err=True)


def _write(file: Path, token: str) -> None:
    """Write a token into a new file that its owner alone can read."""
    import os

    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise typer.BadParameter(f"{file}: {error.strerror}", param_hint="--file") from None
    with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
        opened.write(token + "\n")
