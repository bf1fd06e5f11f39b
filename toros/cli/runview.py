"""What `toros run` shows: one log of all daemons, and on a terminal a live table below it."""

from __future__ import annotations

import json
import re
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from toros.cli.screen import clean, console

if TYPE_CHECKING:
    from rich.table import Table

    from toros.config import Config
    from toros.network.supervisor import ChildState, Supervisor

__all__ = ["RunView"]

EVERY = 1.0  # between two looks at the desks; seconds
COLOURS = ("cyan", "magenta", "green", "yellow", "blue", "bright_cyan", "bright_magenta", "bright_green")
LEVELS = {"DEBUG": "dim", "INFO": "", "WARNING": "yellow", "ERROR": "bold red", "CRITICAL": "bold white on red"}
LINE = re.compile(r"^\d{4}-\d\d-\d\dT(?P<time>\d\d:\d\d:\d\d)\S*\s+(?P<level>[A-Z]+)\s+(?P<words>.*)$")
OWN_NAME = re.compile(r"^\w+\[\d+\] ")  # the daemon and its process, which stand at the beginning of the line already
PHASES = {
    "starting": "cyan", "ready": "green", "waiting": "bold red", "stopping": "yellow", "stopped": "dim",
}  # fmt: skip


class RunView:
    """One log, and one table.

    Parameters
    ----------
    config : Config
    plain : bool
        Neither colours nor a table, whatever the output is.
    """

    def __init__(self, config: Config, *, plain: bool = False) -> None:
        self._config = config
        self._width = max(len(name) for name in config.services)
        self._colours: dict[str, str] = {name: COLOURS[i % len(COLOURS)] for i, name in enumerate(config.services)}
        self._plain = plain or not sys.stdout.isatty()
        self._console = console()
        self._lock = threading.Lock()
        self._last: dict[str, str] = {}
        self._counts: Mapping[str, Mapping[str, Any]] = {}

    def say(self, name: str, line: str) -> None:
        """Print a line of a daemon; from any thread."""
        moment, level, words = _parts(line)
        words = clean(words)
        with self._lock:
            self._last[name] = words
            if self._plain:
                print(f"{moment} {name:<{self._width}} {level:<7} {words}", flush=True)
                return
        from rich.text import Text

        style = LEVELS.get(level, "")
        said = Text(f"{moment} ", style="dim")
        said.append(f"{name:<{self._width}} ", style=self._colours.get(name, "bold"))
        said.append(words, style=style)
        self._console.print(said)

    @contextmanager
    def watching(self, supervisor: Supervisor) -> Iterator[None]:
        """Keep the table up to date while the block runs."""
        if self._plain:
            yield
            return
        from rich.live import Live

        over = threading.Event()
        looker = threading.Thread(target=self._look, args=(over,), name="look", daemon=True)
        looker.start()
        with Live(console=self._console, get_renderable=lambda: self.table(supervisor.states()), refresh_per_second=4):
            try:
                yield
            finally:
                over.set()

    def table(self, states: list[ChildState]) -> Table:
        """Return the daemons as a table."""
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, header_style="bold", pad_edge=False, expand=True)
        for heading in ("daemon", "state", "pid", "MB", "queued", "running", "done", "buried", "to send"):
            table.add_column(heading, justify="left" if heading in ("daemon", "state") else "right", no_wrap=True)
        table.add_column("last message", no_wrap=True, overflow="ellipsis", ratio=1)
        for state in states:
            told = self._counts.get(state.name, {})
            counts, outbox = told.get("counts", {}), told.get("outbox", {})
            phase = f"{state.phase} ×{state.starts}" if state.starts > 1 else state.phase
            table.add_row(
                Text(state.name, style=self._colours.get(state.name, "")), Text(phase, style=PHASES[state.phase]),
                str(state.pid or ""), f"{state.rss / 1e6:.0f}",
                *[str(counts.get(name, "")) for name in ("queued", "running", "done", "buried")],
                str(outbox.get("waiting", "")), Text(self._last.get(state.name, "") or clean(state.status)),
            )  # fmt: skip
        return table

    def _look(self, over: threading.Event) -> None:
        from toros.cli.desks import Desks
        from toros.cli.status import look_at_desks

        while not over.wait(EVERY):
            found = look_at_desks(Desks(self._config, timeout=2.0))
            self._counts = {**self._counts, **{name: each for name, each in found.items() if "silent" not in each}}


def _parts(line: str) -> tuple[str, str, str]:
    """Return a line of a daemon's log as time, level and words."""
    if line.startswith("{"):
        try:
            fields = json.loads(line)
            moment = str(fields.get("time", fields.get("timestamp", "")))[11:19]
            return moment or _now(), str(fields.get("level", "INFO")), str(fields.get("message", line))
        except (ValueError, AttributeError):
            pass
    match = LINE.match(line)
    return (match["time"], match["level"], OWN_NAME.sub("", match["words"])) if match else (_now(), "", line)


def _now() -> str:
    return time.strftime("%H:%M:%S", time.gmtime())
