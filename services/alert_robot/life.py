"""The life of an event as the store remembers it: what its next alert does, and what stands ordered."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from toros.alerts.alert import Alert
from toros.alerts.policy import Decision
from toros.network.service import Onward
from toros.store.alerts import AlertRow, PlanRow
from workorders.desk import Cancel

__all__ = ["Remembered", "cancels_of", "remembered", "standing_plans", "told_of"]


@dataclass(frozen=True)
class Remembered:
    """What of a row its story needs; see `toros.alerts.story.Told`."""

    event: str
    alert_type: str
    content_hash: str
    ivorn: str
    serial: int | None
    cites: tuple[str, ...]
    time_created: datetime | None
    significant: bool | None
    meaning: str
    order_id: str = ""


def remembered(rows: Iterable[AlertRow]) -> list[Remembered]:
    """Return rows as their story needs them, in the order of arrival."""
    return [
        Remembered(
            row.event, row.alert_type, row.hash, row.ivorn, row.serial, tuple(row.cites),
            datetime.fromisoformat(row.time_created).replace(tzinfo=UTC), row.significant, row.meaning, row.order_id,
        )
        for row in rows
    ]  # fmt: skip


def told_of(alert: Alert) -> Remembered:
    """Return an alert that just arrived, as its story needs it."""
    return Remembered(
        alert.event, alert.alert_type, alert.content_hash, alert.ivorn, alert.serial, alert.cites, alert.time_created,
        alert.significant, alert.meaning,
    )  # fmt: skip


def standing_plans(plans: Sequence[PlanRow], telescope: str, now: str) -> list[PlanRow]:
    """Return what is ordered at a telescope and neither taken back nor expired."""
    return [
        plan for plan in plans if plan.telescope == telescope and plan.taken_back is None and plan.expires > now
    ]  # fmt: skip


def cancels_of(plans: Iterable[PlanRow], decision: Decision, reason: str) -> list[Onward]:
    """Return the orders that take plans back, with all that followed from them."""
    if decision.takes_back == "nothing":
        return []
    running: Literal["stop", "finish"] = "stop" if decision.takes_back == "all" else "finish"
    return [
        Onward(
            Cancel(order_id=plan.order_id, to=plan.instance, running=running, reason=reason, priority=10.0), "telescope"
        )
        for plan in plans
    ]  # fmt: skip
