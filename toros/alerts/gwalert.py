"""LVK alerts as the topic igwn.gwalert carries them: JSON with a multi-order map inside."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

from toros.alerts.alert import TYPES, Alert, Coincidence
from toros.alerts.fields import Fields, decoded, wrong
from toros.errors import Unreadable

__all__ = ["gwalert", "read_gwalert"]

SUPEREVENT = re.compile(r"(?:[MT]?S)\d{6}[a-z]{1,8}")


def read_gwalert(text: str) -> Alert:
    """Read one alert.

    Parameters
    ----------
    text : str
        The JSON text.

    Raises
    ------
    Unreadable
        The text is no such alert; the sentence names the field.
    """
    return gwalert(decoded(text))


def gwalert(values: dict[str, Any]) -> Alert:
    """Return the alert that a decoded JSON object is.

    Parameters
    ----------
    values : dict
        The whole object; a map in it is base 64 text, or bytes where it came as Avro.

    Raises
    ------
    Unreadable
        It is no such alert; the sentence names the field.
    """
    fields = Fields(values)
    name, alert_type = _name(fields), _type(fields)
    event = fields.inner("event")
    if event is None and alert_type != "RETRACTION":
        raise Unreadable(f"the alert has no event, which only a retraction may lack; alert_type: {alert_type}")
    about = {} if event is None or alert_type == "RETRACTION" else _about(event)
    search = str(about.get("search", ""))
    return Alert(
        source="LVK", kind="gw", event=name, alert_type=alert_type, content_hash=_hash(values),
        time_created=fields.moment("time_created"), format="gwalert",
        coincidence=_coincidence(fields.inner("external_coinc")) if about else None,
        is_mock=name.startswith(("MS", "TS")) or search == "MDC", is_test=name.startswith("TS"),
        **about,
    )  # fmt: skip


def _name(fields: Fields) -> str:
    name = fields.text("superevent_id")
    if not SUPEREVENT.fullmatch(name):
        raise wrong("superevent_id", name, "a name such as S230520ae, MS181101ab or TS181101ab")
    return name


def _type(fields: Fields) -> str:
    alert_type = fields.text("alert_type").replace("_", "").upper()
    if alert_type not in TYPES:
        raise wrong("alert_type", alert_type, ", ".join(TYPES))
    return alert_type


def _hash(values: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True, default=bytes.hex).encode()).hexdigest()


def _about(event: Fields) -> dict[str, Any]:
    """Return what is said of the event itself."""
    significant = event.truth("significant")
    return {
        "event_time": event.moment("time"),
        "far": event.number("far", at_least=0.0),
        "significant": significant,
        "group": event.text("group", ""),
        "pipeline": event.text("pipeline", ""),
        "search": event.text("search", ""),
        "instruments": event.texts("instruments"),
        "properties": event.probabilities("properties"),
        "classification": event.probabilities("classification"),
        "skymap": event.file("skymap"),
        "notes": () if significant is not None else ("the alert does not say whether it is significant",),
    }


def _coincidence(fields: Fields | None) -> Coincidence | None:
    if fields is None:
        return None
    far = fields.number("time_sky_position_coincidence_far", at_least=0.0)
    return Coincidence(
        observatory=fields.text("observatory", ""),
        search=fields.text("search", ""),
        time_difference=fields.number("time_difference"),
        far=fields.number("time_coincidence_far", at_least=0.0) if far is None else far,
        skymap=fields.file("combined_skymap"),
        ivorn=fields.text("ivorn", ""),
    )
