"""Listeners on the screen, and what `toros doctor` says of their configuration."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.table import Table

    from toros.cli.checks import Check
    from toros.config import Config

__all__ = ["listener_checks", "listeners_table"]

SIGNS = {
    "connected": "[green]● connected[/]",
    "connecting": "[yellow]▲ connecting[/]",
    "silent": "[bold red]✗ silent[/]",
}
FACTS = ("connected_since", "last_message", "last_heartbeat", "received", "repeated", "lag", "trouble")


def listeners_table(found: Mapping[str, Mapping[str, Any]]) -> Table | None:
    """Return how the sources are that desks listen to; None where there are none."""
    from rich.table import Table
    from rich.text import Text

    from toros.cli.screen import clean

    rows = [one for answer in found.values() for one in answer.get("listeners", ())]
    if not rows:
        return None
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("listener", "", "where", *(fact.replace("_", " ") for fact in FACTS)):
        table.add_column(heading, no_wrap=heading != "trouble")
    for row in rows:
        facts = (Text(clean(row.get(fact, ""))) for fact in FACTS)
        sign = SIGNS.get(str(row.get("state")), "?")
        table.add_row(Text(clean(row.get("name", ""))), sign, Text(clean(row.get("where", ""))), *facts)
    return table


def listener_checks(config: Config) -> Iterator[Check]:
    """Check the listeners of this node's alert robot."""
    from toros.cli.checks import Check

    if config.services["alert_robot"].http is not None:
        return
    chosen = config.alerts.listeners
    on = [one for kind in (chosen.kafka, chosen.vtp, chosen.folder) for one in kind.values() if one.enabled]
    if not on:
        yield Check("listeners", "ok", "none is on: alerts come through the desk alone")
    for name, one in chosen.kafka.items():
        if one.enabled:
            yield _kafka(name, config)
    for name, source in chosen.vtp.items():
        if source.enabled:
            yield Check(f"listener vtp:{name}", "ok", f"{source.host}:{source.port}")
    for name, watched in chosen.folder.items():
        if watched.enabled:
            yield _folder(f"listener folder:{name}", watched.path)


def _kafka(name: str, config: Config) -> Check:
    from toros.alerts.listeners.configured import kafka_secret
    from toros.cli.checks import Check
    from toros.errors import ConfigurationError

    subject, one = f"listener kafka:{name}", config.alerts.listeners.kafka[name]
    if importlib.util.find_spec("gcn_kafka") is None:
        return Check(subject, "problem", "the package gcn-kafka is not installed", "pip install 'toros[kafka]'")
    if one.login != "none":
        try:
            kafka_secret(name, one)
        except ConfigurationError as error:
            return Check(subject, "problem", str(error), "credentials for GCN: https://gcn.nasa.gov/quickstart")
    file = one.secret_file
    if file is not None and file.exists() and file.stat().st_mode & 0o077:
        return Check(subject, "problem", f"{file} can be read by others", f"chmod 600 {file}")
    where = ", ".join(one.servers) or one.domain
    return Check(subject, "ok", f"{len(one.topics)} topics at {where}")


def _folder(subject: str, folder: Path) -> Check:
    from toros.cli.checks import Check

    above = next((one for one in (folder, *folder.parents) if one.exists()), folder)
    if not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
        advice = f"chown or chmod {above}: files are moved to done/ inside it"
        return Check(subject, "problem", f"{folder} cannot be written by this user", advice)
    return Check(subject, "ok", f"{folder}" + ("" if above == folder else " will be made"))
