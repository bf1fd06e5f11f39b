"""What the older TOROS broker is told: the event, the notice, and which telescope observes which target."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

__all__ = ["broker_json"]

TYPES = {"EARLYWARNING": "EarlyWarning"}  # others are written as words are


def broker_json(result: Mapping[str, Any], run: str) -> str:
    """Return the older broker's JSON about an alert.

    Parameters
    ----------
    result : mapping
        Of `process_alert`, or of `retract_alert`.
    run : str
        The observing run, such as O4.
    """
    kind = result["alert_type"]
    told: dict[str, Any] = {
        "alert": {
            "ligo_run": run, "graceid": result["event"], "SEtype": "T" if result.get("mock") else "S",
            "datetime": result.get("event_time", "")[:19] or None,
        },
        "gcnnotice": {"gcntype": TYPES.get(kind, kind.capitalize()), "datetime": result["time_created"][:19]},
    }  # fmt: skip
    assignments = {
        name: {target["name"]: target["probability"] for target in one.get("targets", ())}
        for name, one in result.get("telescopes", {}).items() if one.get("observe")
    }  # fmt: skip
    return json.dumps(told | ({"assignments": assignments} if assignments else {}))
