"""The orders that follow from what a telescope does about an alert."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from toros.clock import iso
from workorders.observing import ReceiveTargets, TargetToObserve
from workorders.targets import AddTarget, Alias

if TYPE_CHECKING:
    from toros.alerts.alert import Alert
    from toros.alerts.assessment import FollowUp
    from toros.alerts.plans import PlannedTarget
    from toros.alerts.policy import Rule
    from toros.store.alerts import PlanRow

__all__ = ["added_targets", "digest_of", "list_of_targets", "new_ones"]

SIGNIFICANT, OTHER, MOCK = 9.0, 5.0, 1.0  # priorities of follow-up observations
STEP = 0.01  # by which the priority falls from one target to the next, so that the most probable is first
ADDED = 20  # targets of an alert that the data manager keeps


def list_of_targets(
    alert: Alert, follow_up: FollowUp, rule: Rule, instance: str | None, now: datetime, *, mock: bool
) -> ReceiveTargets:
    """Return the list of targets that a telescope is to observe.

    Parameters
    ----------
    alert : Alert
    follow_up : FollowUp
        With a plan that has targets.
    rule : Rule
        How they are exposed, and for how long they are worth it.
    instance : str or None
        Whom the order is addressed to; None for this node's own telescope.
    now : datetime
    mock : bool
        Nothing happened: everything else goes first.
    """
    wanted = rule.wanted
    priority = MOCK if mock else SIGNIFICANT if alert.significant else OTHER
    expires = now + timedelta(hours=wanted.validity or 24.0)
    targets = [
        _target(planned, rule, name, max(priority - STEP * place, 0.0), expires)
        for place, planned in enumerate(follow_up.plan.targets) for name in wanted.filters
    ]  # fmt: skip
    return ReceiveTargets(
        to=instance, priority=priority, expires=iso(expires), dry_run=follow_up.decision.dry_run, event=alert.event,
        targets=targets[:500],
    )  # fmt: skip


def _target(
    planned: PlannedTarget, rule: Rule, filter_name: str, priority: float, expires: datetime
) -> TargetToObserve:  # fmt: skip
    aim, wanted = planned.aim, rule.wanted
    end = min(planned.end, expires) if planned.end else None
    fits = planned.start is not None and end is not None and iso(planned.start) < iso(end)
    return TargetToObserve(
        name=aim.name, ra=aim.ra, dec=aim.dec, exposure_time=wanted.exposure_time or 0.0,
        exposures=wanted.exposures or 1, filter=filter_name, priority=round(priority, 4),
        start=iso(planned.start) if fits and planned.start else None, end=iso(end) if fits and end else None,
        probability=min(max(aim.probability, 0.0), 1.0),
    )  # fmt: skip


def new_ones(order: ReceiveTargets, standing: Sequence[PlanRow]) -> ReceiveTargets | None:
    """Return the list without what stands ordered already; None where nothing is left."""
    known = {name for plan in standing for name in plan.targets}
    left = [each for each in order.targets if each.name not in known]
    return order.model_copy(update={"targets": left}) if left else None


def digest_of(order: ReceiveTargets) -> str:
    """Return a SHA-256 of what is observed, how, and how urgently, whenever that is."""
    said = [
        (each.name, round(each.ra, 4), round(each.dec, 4), each.exposure_time, each.exposures, each.filter)
        for each in order.targets
    ]
    return hashlib.sha256(json.dumps([order.dry_run, order.priority, said]).encode()).hexdigest()


def added_targets(alert: Alert, follow_ups: list[FollowUp], *, mock: bool) -> list[AddTarget]:
    """Return the orders by which the data manager keeps what is observed; of a mock alert nothing is kept."""
    chosen = {
        each.aim.name: each.aim for one in follow_ups for each in one.plan.targets if " field " not in each.aim.name
    }
    best = sorted(chosen.values(), key=lambda aim: -aim.probability)[:ADDED]
    return [
        AddTarget(
            name=aim.name, ra=aim.ra, dec=aim.dec, dry_run=mock, tags=["alert", alert.event],
            aliases=[] if aim.name == alert.event else [Alias(name=f"{alert.event} {aim.name}", source="alert_robot")],
            extras={f"probability {alert.event}": round(aim.probability, 6)}
            | ({"distance_mpc": round(aim.distance, 3)} if aim.distance else {}),
        )
        for aim in best
    ]  # fmt: skip
