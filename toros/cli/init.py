"""`toros init`: a node from nothing: its configuration, its folders, its first identities."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toros.cli.options import Json

if TYPE_CHECKING:
    from toros.config import Config

__all__ = ["init", "make_node"]

OPERATOR = "operator"


def init(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Where the configuration is written.", file_okay=False)
    ] = Path("toros-node"),
    state: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Folder for databases, frames and logs; FOLDER/state by default.", show_default=False
        ),
    ] = None,
    logs: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="Log file; {service} in it is replaced. Below state by default.", show_default=False
        ),
    ] = None,
    authentication: Annotated[
        bool, typer.Option("--authentication/--no-authentication", help="Ask every caller for a token.")
    ] = True,
    json: Json = False,
) -> None:
    """Make a node: a commented configuration, its folders, and an identity for every daemon and for the operator.

    What exists already is left as it is, so that a node can be completed by running this again. Tokens are written into
    files that their owner alone can read; the operator's is printed once.

    Examples:

      toros init

      toros init /etc/toros --state /var/lib/toros --logs /etc/toros/logs/toros.log
    """
    made = make_node(folder, state=state, logs=logs, authentication=authentication)
    if json:
        from toros.cli.screen import print_json

        print_json(made)
        return
    for path in made["written"]:
        typer.echo(f"wrote {path}")
    for path in made["kept"]:
        typer.echo(f"kept  {path}")
    if "operator_token" in made:
        typer.echo(f"\nThe operator's token, printed this once: {made['operator_token']}")
    typer.echo(f"\nNext: export TOROS_CONF={made['configuration']} && toros doctor && toros run")


def make_node(
    folder: Path,
    *,
    state: Path | None = None,
    logs: str | None = None,
    authentication: bool = True,
    changes: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Write what is missing of a node and return what was written and kept.

    Parameters
    ----------
    folder : Path
        Of the configuration.
    state : Path, optional
        `folder`/state by default.
    logs : str, optional
        Log file; logs/{service}.log below state by default.
    authentication : bool
        Whether callers must show tokens, and identities are made.
    changes : dict, optional
        Settings other than the defaults, nested like the file.
    """
    from toros.config import load_config

    folder = folder.expanduser().absolute()
    file = folder / "toros.conf.yaml"
    home = (state or folder / "state").expanduser().absolute()
    made: dict[str, Any] = {"configuration": str(file), "written": [], "kept": []}
    folder.mkdir(parents=True, exist_ok=True)
    if file.exists():
        made["kept"].append(str(file))
    else:
        _write_configuration(file, home, logs, authentication, changes or {})
        made["written"].append(str(file))
    config = load_config(file)
    _make_folders(config, made)
    if config.security.authentication:
        _make_identities(config, made)
    return made


def _write_configuration(
    file: Path, state: Path, logs: str | None, authentication: bool, changes: dict[str, Any]
) -> None:
    from toros.config.commented import commented_configuration

    settings: dict[str, Any] = {
        "state": str(state),
        "logging": {"file": logs or "logs/{service}.log"},
        "security": {"authentication": authentication},
    }
    if authentication:
        settings["security"]["token_file"] = f"tokens/{OPERATOR}.token"
    for name, change in changes.items():
        settings[name] = {**settings[name], **change} if isinstance(settings.get(name), dict) else change
    file.write_text(commented_configuration(settings), encoding="utf-8")
    file.chmod(0o644)


def _make_folders(config: Config, made: dict[str, Any]) -> None:
    for path in (config.state, *config.files.roots.values(), Path(config.logging.file).parent):
        if not path.exists():
            path.mkdir(parents=True, mode=0o750)
            made["written"].append(str(path))


def _make_identities(config: Config, made: dict[str, Any]) -> None:
    """Make the identities that are missing, each with its token in a file of its own."""
    from toros.cli.permissions import needs_of
    from toros.network.auth import new_identity

    tokens = config.state / "tokens"
    tokens.mkdir(mode=0o700, exist_ok=True)
    for name in (*config.services, OPERATOR):
        path = tokens / f"{name}.token"
        if path.exists():
            made["kept"].append(str(path))
            continue
        requests = ("*",) if name == OPERATOR else needs_of(name, config)
        token = new_identity(
            config.security.identities, name, requests, speaks_for_others=name != OPERATOR, replace=True
        )
        _write_secret(path, token)
        made["written"].append(str(path))
        if name == OPERATOR:
            made["operator_token"] = token


def _write_secret(path: Path, token: str) -> None:
    import os

    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(token + "\n")
