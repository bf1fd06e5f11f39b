"""LVK alerts as the topic igwn.gwalert carries them: JSON with a multi-order map inside."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from toros.alerts.fields import Fields, decoded, wrong
from toros.errors import Permanent

__all__ = ["Alert", "Coincidence", "read_gwalert"]

TYPES = ("EARLYWARNING", "PRELIMINARY", "INITIAL", "UPDATE", "RETRACTION")
EVENT_NAME = re.compile(r"(?:[MT]?S)\d{6}[a-z]{1,8}")


@dataclass(frozen=True)
class Coincidence:
    """A signal that another observatory saw at the same time.

    Attributes
    ----------
    observatory : str
        Who saw it.
    search : str
        What they were looking for, such as GRB.
    time_difference : float or None
        Seconds.
    far : float or None
        How often chance would do this, from time and position where both are known; hertz.
    skymap : bytes or None
        The combined multi-order map, FITS.
    """

    observatory: str
    search: str
    time_difference: float | None
    far: float | None
    skymap: bytes | None = field(repr=False)


@dataclass(frozen=True)
class Alert:
    """One alert about one event.

    Attributes
    ----------
    event : str
        Name of the superevent, such as S230520ae.
    alert_type : str
        EARLYWARNING, PRELIMINARY, INITIAL, UPDATE or RETRACTION.
    time_created : datetime
        When the alert was written; UTC. Alerts carry no serial number: this orders them.
    content_hash : str
        SHA-256 of what the alert says, whatever the order of its keys and the blanks between them.
    event_time : datetime or None
        When the event happened; UTC. None in a retraction, like everything below.
    far : float or None
        False-alarm rate; hertz.
    significant : bool or None
        LVK's own verdict; None where the alert does not say (older ones).
    group, pipeline, search : str
        CBC or Burst; who found it; in which search (MDC: mock data challenge).
    instruments : tuple of str
        Detectors, such as H1.
    properties, classification : mapping of str to float
        Probabilities; of the classification they add up to one.
    skymap : bytes or None
        The multi-order map, FITS.
    coincidence : Coincidence or None
        With another observatory's signal.
    """

    event: str
    alert_type: str
    time_created: datetime
    content_hash: str
    event_time: datetime | None = None
    far: float | None = None
    significant: bool | None = None
    group: str = ""
    pipeline: str = ""
    search: str = ""
    instruments: tuple[str, ...] = ()
    properties: Mapping[str, float] = field(default_factory=dict)
    classification: Mapping[str, float] = field(default_factory=dict)
    skymap: bytes | None = field(default=None, repr=False)
    coincidence: Coincidence | None = None

    @property
    def is_retraction(self) -> bool:
        """True where the event is taken back."""
        return self.alert_type == "RETRACTION"

    @property
    def is_mock(self) -> bool:
        """True where nothing happened in the sky: a mock or test event, by its name or its search."""
        return self.event.startswith(("MS", "TS")) or self.search == "MDC"

    @property
    def best_skymap(self) -> bytes | None:
        """The map combined with the other observatory's where there is one, else the map."""
        return (self.coincidence and self.coincidence.skymap) or self.skymap


def read_gwalert(text: str) -> Alert:
    """Read one alert.

    Parameters
    ----------
    text : str
        The JSON text.

    Raises
    ------
    Permanent
        The text is no such alert; the sentence names the field.
    """
    fields = Fields(decoded(text))
    event_name = fields.text("superevent_id")
    if not EVENT_NAME.fullmatch(event_name):
        raise wrong("superevent_id", event_name, "a name such as S230520ae, MS181101ab or TS181101ab")
    alert_type = fields.text("alert_type").replace("_", "").upper()
    if alert_type not in TYPES:
        raise wrong("alert_type", alert_type, ", ".join(TYPES))
    created = fields.moment("time_created")
    identity = hashlib.sha256(json.dumps(fields.values, sort_keys=True).encode()).hexdigest()
    if alert_type == "RETRACTION":
        return Alert(event_name, alert_type, created, identity)
    event = fields.inner("event")
    if event is None:
        raise Permanent(f"the alert has no event, which only a retraction may lack; alert_type: {alert_type}")
    return Alert(
        event_name, alert_type, created, identity,
        event_time=event.moment("time"),
        far=event.number("far", at_least=0.0),
        significant=event.truth("significant"),
        group=event.text("group", ""), pipeline=event.text("pipeline", ""), search=event.text("search", ""),
        instruments=event.texts("instruments"),
        properties=event.probabilities("properties"), classification=event.probabilities("classification"),
        skymap=event.file("skymap"),
        coincidence=_coincidence(fields.inner("external_coinc")),
    )  # fmt: skip


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
    )
