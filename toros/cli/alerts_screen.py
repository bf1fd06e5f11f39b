"""Alerts on the screen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from toros.cli.screen import clean

if TYPE_CHECKING:
    from rich.table import Table

    from toros.alerts.replay import Replayed

__all__ = ["alerts_table", "replay_lines", "story_lines"]

COLUMNS = (
    "received", "event", "alert_type", "source", "kind", "significant", "mock", "effect", "observed_by", "reason",
)  # fmt: skip
LEFT_OUT = 3  # reasons of what cannot be observed that are shown


def alerts_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Return a table of alerts; columns that are empty in all rows are left out."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="bold", pad_edge=False)
    names = [name for name in COLUMNS if any(name in row for row in rows)] or ["event"]
    for name in names:
        table.add_column(name.replace("_", " "))
    for row in rows:
        table.add_row(*(Text(_cell(row, name)) for name in names))
    return table


def _cell(row: Mapping[str, Any], name: str) -> str:
    """Return a value as the table shows it: times to the second, yes and no, several names after one another."""
    value = row.get(name, "")
    if name == "received":
        return clean(value)[:19].replace("T", " ")
    if isinstance(value, bool):
        return "yes" if value else "no"
    return clean(", ".join(value) if isinstance(value, list) else value)


def story_lines(story: Mapping[str, Any]) -> Iterator[str]:
    """Yield the story of an event, line by line."""
    from toros.alerts.telling import lasting

    state = (
        "retracted" if story["retracted"] else "its orders expire by themselves" if story["expires_by_itself"] else ""
    )
    yield clean(f"{story['event']}{' (mock)' if story['mock'] else ''}{f': {state}' if state else ''}")
    for alert in story["alerts"]:
        result = alert["result"]
        yield ""
        yield clean(
            f"{alert['alert_type'].lower()} of {alert['source']}, written {alert['time_created']}: received "
            f"{lasting(result.get('latency_s', 0.0))} later, ranked {lasting(result.get('ranked_s', 0.0))} later"
        )
        yield from (clean(f"  - {note}") for note in result.get("notes", ()))
        for again in alert.get("again", ()):
            yield clean(f"  - it came as {again['format']} too, at {again['received']}: nothing was done twice")
        for name, one in result.get("telescopes", {}).items():
            yield from _telescope(name, one)
        yield from (_delivery(plan) for plan in alert["plans"])


def replay_lines(each: Replayed) -> Iterator[str]:
    """Yield what the rules would have done about an alert, line by line."""
    alert = each.alert
    yield clean(f"{each.file.name}: {alert.event} {alert.alert_type.lower()} of {alert.source} ({each.effect})")
    yield from (clean(f"  - {note}") for note in each.assessment.notes)
    for one in each.assessment.follow_ups:
        yield from _telescope(one.telescope, one.plain())
    yield ""


def _telescope(name: str, one: Mapping[str, Any]) -> Iterator[str]:
    from toros.alerts.telling import verdict_of

    yield clean(f"  {name}: {verdict_of(one)}")
    for target in one.get("targets", ()):
        yield clean(f"    {target['name']}: {'; '.join(target['reasons'])}")
    yield from (clean(f"    not {left['reason']}") for left in one.get("left_out", ())[:LEFT_OUT])


def _delivery(plan: Mapping[str, Any]) -> str:
    """Return how an order fares on its way to its telescope."""
    from toros.alerts.telling import lasting

    accepted = plan.get("accepted_s")
    how = plan["delivery"] if accepted is None else f"accepted {lasting(accepted)} after the alert was written"
    back = f", taken back {plan['taken_back']}" if "taken_back" in plan else ""
    why = f" ({plan['reason']})" if "reason" in plan else ""
    return clean(f"  {plan['telescope']} {plan['order_id']}: {len(plan['targets'])} targets, {how}{why}{back}")
