"""The alert robot: understands alerts, ranks what they may be, orders observations, and takes them back."""

from __future__ import annotations

from services.alert_robot.processing import process_alert, retract_alert
from services.alert_robot.questions import list_alerts, rank_galaxies, show_alert
from services.alert_robot.telling import tell_alert
from toros.alerts.ahead import assess_ahead
from toros.alerts.listeners.configured import configured_listeners
from toros.network.service import Handler, Service
from toros.store.alerts import METADATA, keep_deliveries

__all__ = ["SERVICE", "list_alerts", "process_alert", "rank_galaxies", "retract_alert", "show_alert", "tell_alert"]

SERVICE = Service(
    name="alert_robot",
    handlers={
        "process_alert": Handler(process_alert),
        "retract_alert": Handler(retract_alert),
        "tell_alert": Handler(tell_alert),
        "rank_galaxies": Handler(rank_galaxies),
        "list_alerts": Handler(list_alerts),
        "show_alert": Handler(show_alert),
    },
    tables=METADATA,
    listeners=configured_listeners,
    lanes={"work": 1, "notices": 1},
    forgetting=keep_deliveries,
    ahead=assess_ahead,
)
