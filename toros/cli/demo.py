"""`toros demo`: a night, from a mock alert to recorded products, on this machine and in one folder."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toros.cli.options import Json
from toros.cli.screen import clean, console, orders_tree, print_json

if TYPE_CHECKING:
    from rich.table import Table

    from toros.cli.following import Story
    from toros.cli.rehearsal import Rehearsal

__all__ = ["demo", "find_all_products", "send_mock_alert"]

PAGE = 500  # products asked for at once
GALAXIES: Mapping[str, tuple[float, float]] = {  # that a mock alert leads to by itself; ICRS degrees
    "NGC0578": (22.62, -22.67), "NGC1566": (65.00, -54.94), "NGC2997": (146.41, -31.19), "NGC4993": (197.45, -23.38),
    "NGC5643": (218.17, -44.17), "NGC6744": (287.44, -63.86), "NGC7213": (332.32, -47.17),
}  # fmt: skip


def demo(
    folder: Annotated[
        Path, typer.Option(metavar="DIR", help="Where everything is written, and nothing elsewhere.", file_okay=False)
    ] = Path("demo-data"),
    seed: Annotated[int, typer.Option(min=0, help="Chooses the event, the sky and the noise.")] = 1,
    galaxy: Annotated[
        str | None,
        typer.Option(
            help="Where it happens: a galaxy of OpenNGC; one that stands high now, if absent.", show_default=False
        ),
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Play one more night beside those in the folder.")] = False,
    timeout: Annotated[float, typer.Option(min=1, help="Give up after so many seconds.")] = 240.0,
    json: Json = False,
) -> None:
    """Play a night: an alert becomes an observation, frames, calibrated frames and recorded products.

    Six daemons are started as processes of their own on free ports of this machine, a mock alert is handed in at a
    desk, and its orders are followed until all are done. The folder then holds the frames, the databases, the logs and
    a report to look at. Nothing is left running. An earlier demo in the folder is replaced, but for --keep.

    Ends with 0 only where every order is done and every frame that was ordered is among the products.

    Examples:

      toros demo

      toros demo --folder /tmp/night --seed 7
    """
    from toros.cli.codes import ExitCode
    from toros.cli.failures import Ended
    from toros.cli.rehearsal import Rehearsal, private_environment, take_folder

    take_folder(folder, keep=keep)
    _stay_inside(private_environment(folder.expanduser().absolute()))
    show = _Show(quiet=json)
    rehearsal = Rehearsal(folder, seed=seed, tell=lambda name, line: show.say(f"{name}: {line}", markup=False))
    show.say(f"[bold]TOROS[/] plays a night in {rehearsal.folder}")
    with rehearsal:
        rehearsal.wait_until_ready()
        show.daemons(rehearsal)
        wrong = _play(show, rehearsal, galaxy or _highest_galaxy(rehearsal), seed, timeout)
    wrong += [f"{name} ended with {code}" for name, code in rehearsal.codes.items() if code]
    show.end(wrong, rehearsal.log)
    raise Ended(ExitCode.FAILED if wrong else ExitCode.OK)


def _stay_inside(environment: Mapping[str, str]) -> None:
    """Let this process, too, write into the folder alone; and end as by Ctrl-C when it is told to."""
    for name in set(os.environ) - set(environment):
        del os.environ[name]
    os.environ.update(environment)
    signal.signal(signal.SIGTERM, signal.default_int_handler)


class _Show:
    """What the demo says: to a person line by line, to a program as one JSON object at its end."""

    def __init__(self, *, quiet: bool) -> None:
        self.quiet = quiet
        self.told: dict[str, Any] = {}
        self._began = time.monotonic()
        self._screen = console()

    def say(self, what: Any = "", **how: Any) -> None:
        """Print something for a person."""
        if not self.quiet:
            self._screen.print(what, **how)

    def took(self, what: str) -> float:
        """Note how long it is since the start; seconds."""
        seconds = round(time.monotonic() - self._began, 2)
        self.told.setdefault("seconds", {})[what] = seconds
        return seconds

    def daemons(self, rehearsal: Rehearsal) -> None:
        """Say which daemons run."""
        states = rehearsal.supervisor.states()
        self.told["daemons"] = {state.name: state.pid for state in states}
        who = ", ".join(f"{state.name} {state.pid}" for state in states)
        seconds = self.took("ready")
        self.say(f"{len(states)} daemons are ready after {seconds:.1f} s, each a process of its own: {who}")

    def end(self, wrong: Sequence[str], log: Path) -> None:
        """Say how it went."""
        seconds = self.took("all")
        self.told |= {"wrong": list(wrong), "log": str(log)}
        for sentence in wrong:
            self.say(f"✗ {sentence}", style="bold red", markup=False)
        if wrong:
            self.say(f"[bold red]The night failed[/] after {seconds:.1f} s; what the daemons said: {log}")
        else:
            self.say(
                f"[bold green]Every order is done and every frame is counted[/] after {seconds:.1f} s; "
                "all daemons have ended."
            )
        if self.quiet:
            print_json(self.told)


def _play(show: _Show, rehearsal: Rehearsal, galaxy: str, seed: int, timeout: float) -> list[str]:
    """Send the alert, follow it, show what came of it, and return what is wrong."""
    from toros.cli.audit import audit
    from toros.cli.following import follow_tree

    order_id = send_mock_alert(rehearsal, galaxy, seed)
    show.say(f"A mock alert in {galaxy} is handed in as order {order_id}\n")
    story = follow_tree(rehearsal.desks, order_id, timeout=timeout, quiet=show.quiet, title="the night so far")
    seconds = show.took("done") - show.told["seconds"]["ready"]
    show.say(orders_tree(story.nodes, f"[bold]the night[/], {seconds:.1f} s from the alert to the last product"))
    products = find_all_products(rehearsal, story)
    show.say()
    show.say(_products_table(products))
    page = _write_report(show, rehearsal, order_id)
    show.told |= {"order": order_id, "orders": story.rows, "products": products, "report": str(page)}
    if not story.ended:
        unfinished = [f"not done within {timeout:g} s: {row.get('request')} is {row.get('state')}"
                      for row in story.rows if row.get("state") != "done"]  # fmt: skip
        return [*unfinished, *(f"{desk} is silent: {reason}" for desk, reason in story.silent.items())]
    return audit(story.rows, products, rehearsal.config.alerts.exposures)


def _highest_galaxy(rehearsal: Rehearsal) -> str:
    """Return the galaxy that stands highest over the observatory now, so that the night is one that could be."""
    from datetime import UTC, datetime

    from toros.sky.coordinates import altitude

    site, now = rehearsal.config.observatory, datetime.now(UTC)
    return max(GALAXIES, key=lambda name: altitude(*GALAXIES[name], now, site.longitude, site.latitude))


def send_mock_alert(rehearsal: Rehearsal, galaxy: str = "NGC4993", seed: int = 1) -> str:
    """Hand a mock alert in at the alert robot's desk and return the order's id."""
    from toros.alerts.mock import mock_gwalert
    from toros.cli.desks import new_order

    try:
        alert = mock_gwalert(galaxy, seed)
    except KeyError:
        raise typer.BadParameter(f"OpenNGC has no galaxy {galaxy!r} with a redshift") from None
    desk, body = new_order({"request": "process_alert", "alert": alert})
    rehearsal.desks.send(desk, body)
    return str(body["id"])


def find_all_products(rehearsal: Rehearsal, story: Story) -> list[Mapping[str, Any]]:
    """Return what the data manager has recorded of the batches of a tree."""
    batches = [row["id"] for row in story.rows if row.get("request") == "calibrate_file_batch"]
    found: list[Mapping[str, Any]] = []
    for batch in batches:
        after, more = 0, True
        while more:
            question = {"request": "find_products", "batch": batch, "limit": PAGE, "after": after}
            answer = rehearsal.desks.ask("data_manager", question)
            found.extend(answer["products"])
            more = bool(answer.get("more")) and bool(answer["products"])
            after = int(found[-1]["number"]) if found else 0
    return found


def _products_table(products: Sequence[Mapping[str, Any]]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="bold", pad_edge=False, title="recorded products", title_justify="left")
    for heading in ("number", "type", "target", "filter", "exposure", "made from", "MB", "file"):
        table.add_column(heading, no_wrap=True, justify="right" if heading in ("number", "MB") else "left")
    for product in products:
        exposure = product.get("exposure_time")
        table.add_row(
            *(Text(clean(product.get(key, ""))) for key in ("number", "product_type", "target", "filter")),
            "" if exposure is None else f"{exposure:g} s",
            f"{len(product.get('inputs', ()))} frames", f"{int(product['size']) / 1e6:.1f}",
            Text(clean(product["file_location"])),
        )  # fmt: skip
    return table


def _write_report(show: _Show, rehearsal: Rehearsal, order_id: str) -> Path:
    from toros.portal.night_report import write_night_report

    page = write_night_report(rehearsal.config, order_id, rehearsal.folder / "night-report.html")
    seconds = show.took("report") - show.told["seconds"]["done"]
    show.say(f"\nThe night on one page: [bold]{page}[/] ({seconds:.1f} s)", soft_wrap=True)
    return page
