"""The life of an event as the store remembers it: what its next alert does, and what stands ordered."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from toros.alerts.alert import Alert
from toros.alerts.assessment import PASSED_BY
from toros.alerts.policy import Decision
from toros.alerts.twins import twin_of
from toros.network.service import Onward
from toros.store.alerts import AlertRow, PlanRow
from workorders.desk import Cancel

__all__ = [
    "Remembered", "cancels_of", "remembered", "standing_plans", "stands", "tells_more", "told_of", "twin_row",
    "where_of",
]  # fmt: skip


@dataclass(frozen=True)
class Remembered:
    """What of a row its story needs; see `toros.alerts.story.Told` and `toros.alerts.twins.Voiced`."""

    event: str
    alert_type: str
    content_hash: str
    ivorn: str
    serial: int | None
    cites: tuple[str, ...]
    time_created: datetime | None
    significant: bool | None
    far: float | None
    coincident: bool
    meaning: str
    formats: tuple[str, ...]
    order_id: str = ""


def remembered(rows: Iterable[AlertRow]) -> list[Remembered]:
    """Return rows as their story needs them, in the order of arrival; what came in two formats is one."""
    told: dict[str, Remembered] = {}
    for row in rows:
        each, first = _remembered(row), row.result.get("same_as", "")
        if first in told:
            told[first] = _together(told[first], each)
        else:
            told[row.order_id] = each
    return list(told.values())


def _remembered(row: AlertRow) -> Remembered:
    return Remembered(
        row.event, row.alert_type, row.hash, row.ivorn, row.serial, tuple(row.cites),
        datetime.fromisoformat(row.time_created).replace(tzinfo=UTC), row.significant, row.far,
        "coincidence" in row.result, row.meaning, (row.format,), row.order_id,
    )  # fmt: skip


def _together(first: Remembered, again: Remembered) -> Remembered:
    """Return an alert with what only its other format tells: names, numbers and citations by which others follow it."""
    return replace(
        first, ivorn=first.ivorn or again.ivorn, cites=first.cites or again.cites,
        serial=again.serial if first.serial is None else first.serial, formats=(*first.formats, *again.formats),
    )  # fmt: skip


def told_of(alert: Alert) -> Remembered:
    """Return an alert that just arrived, as its story needs it."""
    return Remembered(
        alert.event, alert.alert_type, alert.content_hash, alert.ivorn, alert.serial, alert.cites, alert.time_created,
        alert.significant, alert.far, alert.coincident, alert.meaning, alert.formats,
    )  # fmt: skip


def where_of(alert: Alert, fetched: Path | None = None) -> str | None:
    """Return a SHA-256 of the map that counts for an alert, else of its place; None where it tells neither.

    Parameters
    ----------
    alert : Alert
    fetched : Path, optional
        The map that it only names, in a file that is called by its own SHA-256.
    """
    if alert.best_skymap is not None:
        return hashlib.sha256(alert.best_skymap).hexdigest()
    if fetched is not None:
        return fetched.stem
    if alert.place is None:
        return None
    return hashlib.sha256(json.dumps(vars(alert.place), sort_keys=True).encode()).hexdigest()


def twin_row(alert: Alert, rows: Sequence[AlertRow]) -> AlertRow | None:
    """Return the row of the alert that came before in another format; None where there is none."""
    twin = twin_of(alert, remembered(rows))
    return next((row for row in rows if twin is not None and row.order_id == twin.order_id), None)


def tells_more(alert: Alert, twin: AlertRow) -> bool:
    """True where an alert has a place, or another map, that was lacking when its twin was looked at.

    A packet names a map that could perhaps not be fetched; the JSON that brings it is then the first to be of use.
    """
    if twin.result.get("effect") in PASSED_BY:
        return False
    known = twin.result.get("where_sha256")
    return known is None if alert.best_skymap is None else known != where_of(alert)


def stands(plan: PlanRow, row: AlertRow, alert: Alert, where: str | None, night: str) -> bool:
    """True where a plan is as good for a later alert: the same place, as urgent, and something may still be begun.

    Parameters
    ----------
    plan : PlanRow
    row : AlertRow
        The alert that has ordered it.
    alert : Alert
        The later one.
    where : str or None
        Of the later one; see `where_of`.
    night : str
        Now, by the observatory's clock.
    """
    targets = row.result.get("telescopes", {}).get(plan.telescope, {}).get("targets", ())
    ends = [each["end"] for each in targets if "end" in each]
    in_time = max(ends) > night if ends else True
    same_place = where is not None and where == row.result.get("where_sha256")
    return same_place and row.significant == alert.significant and in_time


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
