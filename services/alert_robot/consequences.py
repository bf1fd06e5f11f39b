"""What follows from an alert: what every telescope is ordered, and what is taken back of what it was ordered before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from services.alert_robot.life import cancels_of, standing_plans, stands
from services.alert_robot.orders import added_targets, digest_of, list_of_targets, new_ones
from toros.alerts.story import Effect
from toros.clock import iso
from toros.network.service import Context, Onward
from toros.store.alerts import AlertRow, PlanRow, alerts_of, plans_of
from workorders import WorkOrder
from workorders.alerts import TellAlert

if TYPE_CHECKING:
    from toros.alerts.alert import Alert
    from toros.alerts.assessment import Assessment, FollowUp
    from toros.alerts.policy import Rule
    from toros.config import Config
    from workorders.observing import ReceiveTargets

__all__ = ["Arrived", "Consequences", "consequences_of", "telling_of"]


@dataclass
class Consequences:
    """What follows from an alert, gathered telescope by telescope."""

    orders: list[WorkOrder | Onward] = field(default_factory=list)
    plans: list[PlanRow] = field(default_factory=list)
    taken_back: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    followed: list[FollowUp] = field(default_factory=list)


@dataclass(frozen=True)
class Arrived:
    """An alert that has arrived, and what it does.

    Attributes
    ----------
    order : WorkOrder
        That brought it.
    alert : Alert
    effect : Effect
        On the story of its event.
    where : str or None
        Of its map or place; see `where_of`.
    mock : bool
        Nothing happened in the sky.
    known : frozenset of str
        The orders that brought the alerts of its event before: what it does holds while there is no other.
    """

    order: WorkOrder
    alert: Alert
    effect: Effect
    where: str | None
    mock: bool
    known: frozenset[str]


def consequences_of(
    arrived: Arrived, assessment: Assessment, rules: Mapping[str, Rule], context: Context
) -> Consequences:  # fmt: skip
    """Return what every telescope is ordered, and what is taken back of what it was ordered before."""
    event = arrived.alert.event
    plans = context.read(lambda session: list(plans_of(session, event)))
    rows = {row.order_id: row for row in context.read(lambda session: list(alerts_of(session, event)))}
    did = Consequences()
    for follow_up in assessment.follow_ups:
        standing = standing_plans(plans, follow_up.telescope, iso(context.clock.now()))
        _Telescope(arrived, follow_up, rules[follow_up.telescope], standing, rows, context).act(did)
    if arrived.effect is Effect.RETRACTION:
        did.notes.append("the event is retracted" if did.taken_back else "the event is retracted; nothing was ordered")
    if did.followed:
        did.orders += added_targets(arrived.alert, did.followed, mock=arrived.mock)
    return did


def telling_of(arrived: Arrived, did: Consequences, config: Config, *, picture: bool) -> list[TellAlert]:
    """Return the orders that draw the picture and tell the people, and the older broker where it is asked for.

    People hear of what somebody follows up, and of what is taken back; the broker of every new alert.
    """
    receivers: list[str | None] = []
    if did.plans or did.taken_back:
        receivers += config.alerts.tell or ([None] if picture else [])
    broker = config.alerts.broker
    is_wanted = arrived.alert.kind == "gw" and (broker.mock or not arrived.mock)
    if broker.url is not None and is_wanted and arrived.effect is not Effect.DUPLICATE:
        receivers.append(broker.url)
    return [TellAlert(alert=arrived.order.id, receiver=each) for each in receivers]


@dataclass(frozen=True)
class _Telescope:
    """One telescope, what it is to do, and what stands ordered there."""

    arrived: Arrived
    follow_up: FollowUp
    rule: Rule
    standing: Sequence[PlanRow]
    rows: Mapping[str, AlertRow]
    context: Context

    def act(self, did: Consequences) -> None:
        """Add what it is ordered and what is taken back."""
        name, decision = self.follow_up.telescope, self.follow_up.decision
        wanted = self._wanted() if decision.observe and self.follow_up.plan.targets else None
        if wanted is not None and (same := self._ordered_already(wanted)):
            did.notes.append(f"{name}: {same}")
            return
        if decision.takes_back != "nothing" and self.standing:
            did.orders += cancels_of(self.standing, decision, self._why())
            did.taken_back += [plan.order_id for plan in self.standing]
        elif wanted is not None:
            wanted = new_ones(wanted, self.standing)
        if wanted is None:
            return
        did.orders.append(wanted)
        did.followed.append(self.follow_up)
        did.plans.append(self._plan(wanted))

    def _wanted(self) -> ReceiveTargets:
        arrived, now = self.arrived, self.context.clock.now()
        one = self.context.config.telescopes.get(self.follow_up.telescope)
        instance = self.follow_up.telescope if one is not None and one.http is not None else None
        return list_of_targets(arrived.alert, self.follow_up, self.rule, instance, now, mock=arrived.mock)

    def _ordered_already(self, wanted: ReceiveTargets) -> str:
        """Return in words what makes another order needless; empty where it is not."""
        digest, night = digest_of(wanted), iso(self.context.observatory_clock.now())
        for plan in self.standing:
            if plan.digest == digest:
                return f"the same is ordered already, by {plan.order_id}"
            row = self.rows.get(plan.alert)
            if row is not None and stands(plan, row, self.arrived.alert, self.arrived.where, night):
                return f"the place is the same: what {plan.order_id} has ordered stands"
        if self.rule.wanted.on_update == "add" and self.standing and new_ones(wanted, self.standing) is None:
            return "all of it is ordered already"
        return ""

    def _why(self) -> str:
        """Return why something is taken back, as a sentence."""
        alert, now = self.arrived.alert, iso(self.context.clock.now())
        if alert.is_retraction:
            return f"{alert.event} was retracted, at {now}"
        return f"{alert.event} has an {alert.alert_type.lower()} that asks for something else, at {now}"

    def _plan(self, wanted: ReceiveTargets) -> PlanRow:
        assert wanted.expires is not None
        return PlanRow(
            order_id=wanted.id, alert=self.arrived.order.id, event=self.arrived.alert.event,
            telescope=self.follow_up.telescope, instance=wanted.to, digest=digest_of(wanted),
            targets=[each.name for each in wanted.targets], written=iso(self.context.clock.now()),
            expires=wanted.expires,
        )  # fmt: skip
