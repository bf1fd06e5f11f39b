"""`toros target ephemeris`, and how a target stands in the sky, on the screen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from toros.cli.options import ConfigFile, Json

__all__ = ["ephemeris", "print_sky"]

COLUMNS = {  # heading: field, digits
    "UTC": ("time", None), "RA (deg)": ("ra", 5), "dec (deg)": ("dec", 5), "RA\"/h": ("ra_rate", 1),
    "dec\"/h": ("dec_rate", 1), "au": ("distance", 3), "mag": ("magnitude", 1), "alt": ("altitude", 0),
    "airmass": ("airmass", 2), "sun alt": ("sun_altitude", 0), "sun": ("sun_separation", 0),
    "moon": ("moon_separation", 0),
}  # fmt: skip
UNITS = {
    "ra": "deg", "dec": "deg", "ra_rate": "arcsec/h", "dec_rate": "arcsec/h", "distance": "au", "sun_distance": "au",
    "phase_angle": "deg", "altitude": "deg", "azimuth": "deg", "sun_altitude": "deg", "sun_separation": "deg",
    "moon_separation": "deg", "elements_age": "days",
}  # fmt: skip


def ephemeris(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Any name of the target.", show_default=False)],
    start: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="UTC; now if absent.", show_default=False)
    ] = None,
    end: Annotated[
        str | None, typer.Option("--to", metavar="TIME", help="UTC; a day later if absent.", show_default=False)
    ] = None,
    step: Annotated[float, typer.Option(metavar="MINUTES", help="From row to row; minutes.")] = 60.0,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Show where a target stands, row by row, as seen from the node's observatory.

    Examples:

      toros target ephemeris ceres

      toros target ephemeris ceres --from 2026-11-20T23:00 --to 2026-11-21T09:00 --step 30

      toros target ephemeris "AT 2017gfo" --from 2026-11-20 --to 2026-12-20 --step 1440 --json
    """
    from datetime import datetime, timedelta

    from toros.cli.desks import Desks, new_order
    from toros.cli.screen import print_json
    from toros.clock import MachineClock, iso
    from toros.config import load_config
    from workorders.quantities import utc

    begin = start or iso(MachineClock().now())
    if end is None:
        try:
            end = (datetime.fromisoformat(utc(begin)) + timedelta(days=1)).isoformat(timespec="milliseconds")
        except ValueError as error:
            wrong = f"{begin!r} {error}; allowed: such as 2026-11-20T23:00"
            raise typer.BadParameter(wrong, param_hint="--from") from None
    desks = Desks(load_config(config))
    times = {"start": begin, "end": end, "step": step}
    home, body = new_order({"request": "show_target", "target": name, "ephemeris": times}, "data_manager")
    rows = desks.ask(home, body)["ephemeris"]
    if json:
        print_json(rows)
        return
    from rich.table import Table
    from rich.text import Text

    from toros.cli.screen import console

    shown = {heading: how for heading, how in COLUMNS.items() if any(how[0] in row for row in rows)}
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in shown:
        table.add_column(heading, no_wrap=True, justify="left" if heading == "UTC" else "right")
    for row in rows:
        minute = {"time": row["time"][:16]}
        table.add_row(*(Text(_text((row | minute).get(field), digits)) for field, digits in shown.values()))
    console().print(table, crop=False)


def print_sky(sky: Mapping[str, Any]) -> None:
    """Print how a target stands in the sky, and when it can be observed."""
    from rich.table import Table
    from rich.text import Text

    from toros.cli.screen import clean, console

    table = Table(box=None, show_header=False, pad_edge=False, title="in the sky", title_justify="left")
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    for name, value in sky.items():
        if name != "visibility":
            table.add_row(name.replace("_", " "), Text(f"{_text(value, None)} {UNITS.get(name, '')}".rstrip()))
    for each in sky["visibility"]:
        table.add_row("visible from", Text(clean(f"{each['observatory']}: {_window(each)}")))
    console().print(table)


def _window(found: Mapping[str, Any]) -> str:
    if "start" not in found:
        return str(found["reason"])
    when = (
        f"{found['start'][:16]} to {found['end'][:16]} UTC; best at {found['best'][:16]}, altitude "
        f"{found['best_altitude']:.1f} deg, airmass {found['best_airmass']:.2f}, {found['moon_separation']:.0f} deg "
        "from the moon"
    )
    return f"{when}. Not today: {found['today']}" if "today" in found else when


def _text(value: Any, digits: int | None) -> str:
    if value is None:
        return ""
    return f"{value:.{digits}f}" if digits is not None else f"{value:.10g}" if isinstance(value, float) else str(value)
