"""Who hears of a change: an order for each mail address and webhook, retried by itself until it is delivered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from toros.data.observations.life import TERMINAL
from workorders.observations import SendNotice

if TYPE_CHECKING:
    from toros.data.observations.facilities.base import Report
    from toros.data.tables import Observation

__all__ = ["notices"]


def notices(observation: Observation, report: Report, *, time: str) -> list[SendNotice]:
    """Return the orders that tell who asked how an observation stands now; none where nothing has changed.

    Parameters
    ----------
    observation : Observation
        As it was before.
    report : Report
        What has become of it.
    time : str
        Now; UTC, ISO 8601.
    """
    before, after = observation.status, report.status or observation.status
    scheduled = report.scheduled_start or observation.scheduled_start
    if before == after and (before in TERMINAL or scheduled == observation.scheduled_start):
        return []
    target = observation.of_target.name
    subject = f"Observation {observation.number} of {target} is {after}"
    what = f"went from {before} to {after}" if before != after else f"is scheduled for {scheduled}"
    text = f"Observation {observation.number} of {target} with {observation.facility} {what}."
    if report.note:
        text += f"\n{report.note}"
    facts: dict[str, Any] = {
        "observation": observation.number, "target": target, "facility": observation.facility, "status": after,
        "before": before, "time": time, "facility_id": observation.facility_id, "order_id": observation.order_id,
        "scheduled_start": scheduled, "scheduled_end": report.scheduled_end or observation.scheduled_end,
        "note": report.note,
    }  # fmt: skip
    told = {name: value for name, value in facts.items() if value is not None}
    # In the data manager's own name: whoever reports or takes back may not send notices, and who asked is told anyway.
    return [
        SendNotice(receiver=each, subject=subject[:500], text=text, facts=told, user="data_manager")
        for each in observation.tell
    ]
