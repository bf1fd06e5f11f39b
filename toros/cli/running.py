"""`toros run` and `toros serve`: daemons on this machine."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toros.cli.options import ConfigFile, desk_names

if TYPE_CHECKING:
    from toros.config import Config
    from toros.network.supervisor import Supervisor

__all__ = ["run", "serve", "serve_commands"]

ServiceNames = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[SERVICE]…", help="Only these; all of this node where absent.", autocompletion=desk_names,
        show_default=False,
    ),
]  # fmt: skip


def run(
    services: ServiceNames = None,
    plain: Annotated[bool, typer.Option("--plain", help="No table and no colours, though on a terminal.")] = False,
    config: ConfigFile = None,
) -> None:
    """Run all daemons of this node, each as its own process, and show one log.

    A daemon that dies is started again, after a delay that grows. Ctrl-C or SIGTERM lets all of them finish or give
    back what they are at, and ends. Services that the configuration reaches by `http` live on other nodes and are not
    started.

    Examples:

      toros run

      toros run telescope preprocessor --config /etc/toros/toros.conf.yaml
    """
    from toros.cli.codes import ExitCode
    from toros.cli.failures import Ended
    from toros.cli.runview import RunView
    from toros.config import load_config
    from toros.network.supervisor import Supervisor

    settings = load_config(config)
    names = _wanted(settings, services)
    _refuse_taken_ports(settings, names)
    view = RunView(settings, plain=plain)
    supervisor = Supervisor(serve_commands(names, config), say=view.say)
    asked = _listen_to_signals(supervisor)
    with view.watching(supervisor):
        supervisor.start()
        while not asked:
            time.sleep(0.2)
        view.say("run", "stopping: every daemon finishes or gives back what it is at")
        codes = supervisor.stop()
    raise Ended(ExitCode.OK if not any(codes.values()) else ExitCode.FAILED)


def serve(
    service: Annotated[
        str, typer.Argument(metavar="SERVICE", help="Which daemon.", autocompletion=desk_names, show_default=False)
    ],
    config: ConfigFile = None,
) -> None:
    """Run one daemon in this process, as its systemd unit does.

    Examples:

      toros serve telescope
    """
    from toros.network.parent import end_with_supervisor

    end_with_supervisor()
    from toros.cli.failures import Ended
    from toros.config import load_config
    from toros.network.daemon import run_daemon

    settings = load_config(config)
    _wanted(settings, [service])
    _take_own_token(settings, service)
    raise Ended(run_daemon(service, settings))


def serve_commands(names: list[str], config: Path | None) -> dict[str, list[str]]:
    """Return the command line of each daemon."""
    named = ["--config", str(config.expanduser().absolute())] if config else []
    return {name: [sys.executable, "-m", "toros.cli", "serve", name, *named] for name in names}


def _take_own_token(config: Config, service: str) -> None:
    """Let the daemon ask others as itself, where `toros init` has made it an identity."""
    path = config.state / "tokens" / f"{service}.token"
    if config.security.authentication and "TOROS_TOKEN" not in os.environ and path.is_file():
        os.environ["TOROS_TOKEN"] = path.read_text(encoding="utf-8").strip()


def _wanted(config: Config, services: list[str] | None) -> list[str]:
    """Return the daemons to start; raise ConfigurationError for one that the configuration does not have."""
    from toros.errors import ConfigurationError

    if not services:
        return [name for name, settings in config.services.items() if settings.http is None]
    for name in services:
        if name not in config.services:
            raise ConfigurationError(
                f"there is no service {name!r}; the configuration has {', '.join(config.services)}"
            )
    return services


def _refuse_taken_ports(config: Config, names: list[str]) -> None:
    from toros.cli.ports import port_problem
    from toros.errors import ConfigurationError

    problems = [problem for name in names if (problem := port_problem(config, name))]
    if problems:
        raise ConfigurationError("; ".join(problems))


def _listen_to_signals(supervisor: Supervisor) -> list[float]:
    """Return a list of the times at which we were told to stop; the second time, after a second, means at once.

    A handler may interrupt itself, so it takes no lock: no event is set here.
    """
    asked: list[float] = []

    def heard(_number: int, _frame: Any) -> None:
        asked.append(time.monotonic())
        if asked[-1] - asked[0] > 1.0:
            supervisor.hurry()

    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, heard)
    os.environ.pop("NOTIFY_SOCKET", None)
    return asked
