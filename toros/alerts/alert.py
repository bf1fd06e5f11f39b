"""An alert, whatever it was written in: what all of them have in common."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from toros.clock import iso

__all__ = ["KINDS", "TYPES", "Alert", "Coincidence", "Place", "clock_note", "event_name", "span_in_words"]

TYPES = ("EARLYWARNING", "PRELIMINARY", "INITIAL", "UPDATE", "RETRACTION")
KINDS = ("gw", "grb", "neutrino", "x-ray", "frb", "transient", "other")
EVENT_NAME = re.compile(r"[A-Za-z0-9_.+-]{1,64}")
CLOCK_OFF = timedelta(minutes=5)  # an alert from farther in the future than this has a wrong clock behind it
LATE = timedelta(minutes=30)  # LVK's preliminary alerts take 1 to 10 minutes, a broker's backlog some more


@dataclass(frozen=True)
class Place:
    """A position with its error: a circle, or an ellipse where `minor` is given.

    Attributes
    ----------
    ra, dec : float
        ICRS; degrees.
    radius : float or None
        Of the error circle, or the longer half axis of the ellipse; degrees. None where no error is known.
    minor : float or None
        The shorter half axis; degrees. None for a circle.
    angle : float or None
        Position angle of the longer axis, from north through east; degrees. None for a circle.
    containment : float
        Probability that the source is inside; 0 to 1.
    """

    ra: float
    dec: float
    radius: float | None = None
    minor: float | None = None
    angle: float | None = None
    containment: float = 0.9


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
    skymap_url : str or None
        Where that map lies, if the alert does not bring it.
    ivorn : str
        The other alert's own name; empty where it is not told.
    """

    observatory: str
    search: str
    time_difference: float | None
    far: float | None
    skymap: bytes | None = field(default=None, repr=False)
    skymap_url: str | None = None
    ivorn: str = ""


@dataclass(frozen=True)
class Alert:
    """One alert about one event.

    Attributes
    ----------
    source : str
        Who sent it: LVK, Fermi, Swift, IceCube, ...
    kind : str
        gw, grb, neutrino, x-ray, frb, transient or other.
    event : str
        Name of the event, the same in all of its alerts: letters, digits and `_.+-`, at most 64.
    alert_type : str
        EARLYWARNING, PRELIMINARY, INITIAL, UPDATE or RETRACTION.
    content_hash : str
        SHA-256 of what the alert says, whatever the order of its keys and the blanks between them.
    time_created : datetime or None
        When the alert was written; UTC. None where it does not say.
    event_time : datetime or None
        When the event happened; UTC.
    format : str
        gwalert, voevent or gcn.
    ivorn : str
        The alert's own name, which others cite; empty where it has none.
    serial : int or None
        Counts the alerts of the event where its sender does.
    cites : tuple of str
        Names of the alerts that this one follows, replaces or takes back.
    far : float or None
        False-alarm rate; hertz.
    significant : bool or None
        The sender's own verdict; None where the alert gives none.
    group, pipeline, search : str
        For LVK: CBC or Burst; who found it; in which search (MDC: mock data challenge). Empty where not told.
    instruments : tuple of str
        Detectors, such as H1 or GBM.
    properties, classification : mapping of str to float
        Probabilities.
    place : Place or None
        A position with its error.
    skymap : bytes or None
        A map of probability, FITS.
    skymap_url : str or None
        Where a map lies that the alert does not bring.
    coincidence : Coincidence or None
        With another observatory's signal.
    is_mock : bool
        Nothing happened in the sky: a mock or injected event.
    is_test : bool
        The sender marks the alert as a test. Mock alerts of LVK travel as real ones.
    notes : tuple of str
        What was guessed, or is unusual, in plain words.
    """

    source: str
    kind: str
    event: str
    alert_type: str
    content_hash: str
    time_created: datetime | None = None
    event_time: datetime | None = None
    format: str = "gwalert"
    ivorn: str = ""
    serial: int | None = None
    cites: tuple[str, ...] = ()
    far: float | None = None
    significant: bool | None = None
    group: str = ""
    pipeline: str = ""
    search: str = ""
    instruments: tuple[str, ...] = ()
    properties: Mapping[str, float] = field(default_factory=dict)
    classification: Mapping[str, float] = field(default_factory=dict)
    place: Place | None = None
    skymap: bytes | None = field(default=None, repr=False)
    skymap_url: str | None = None
    coincidence: Coincidence | None = None
    is_mock: bool = False
    is_test: bool = False
    notes: tuple[str, ...] = ()

    @property
    def identity(self) -> str:
        """What no other alert has: several of one event and type may be written in the same second."""
        written = iso(self.time_created) if self.time_created else "-"
        return f"{self.event}/{self.alert_type}/{written}/{self.content_hash}"

    @property
    def is_retraction(self) -> bool:
        """True where the event is taken back."""
        return self.alert_type == "RETRACTION"

    @property
    def coincident(self) -> bool:
        """True where another observatory saw it too."""
        return self.coincidence is not None

    @property
    def formats(self) -> tuple[str, ...]:
        """What it is written in: of what was received by several routes there may be more."""
        return (self.format,)

    @property
    def best_skymap(self) -> bytes | None:
        """The map combined with the other observatory's where there is one, else the map."""
        return (self.coincidence and self.coincidence.skymap) or self.skymap

    @property
    def best_skymap_url(self) -> str | None:
        """Where the best map lies; None where the alert brings it, or there is none."""
        if self.coincidence and self.coincidence.skymap_url and not self.coincidence.skymap:
            return self.coincidence.skymap_url
        return None if self.best_skymap else self.skymap_url

    @property
    def meaning(self) -> str:
        """SHA-256 of what an observer acts upon: alike in two alerts that ask for the same observations."""
        said = (
            self.event_time and iso(self.event_time), self.far, self.significant, self.group, self.search,
            dict(self.properties), dict(self.classification), self.place and vars(self.place), self.best_skymap_url,
            hashlib.sha256(self.best_skymap or b"").hexdigest(),
        )  # fmt: skip
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def event_name(*parts: str) -> str:
    """Return the parts as one name of an event; what no name may hold becomes `_`, what is too long a hash.

    Parameters
    ----------
    *parts : str
        Such as the source and its trigger number; empty ones are left out.
    """
    whole = "-".join(part.strip() for part in parts if part.strip())
    name = re.sub(r"[^A-Za-z0-9_.+-]+", "_", whole).strip("_.")
    if not EVENT_NAME.fullmatch(name):
        return f"{name[:47]}-{hashlib.sha256(whole.encode('utf-8', 'replace')).hexdigest()[:16]}".lstrip("-")
    return name


def clock_note(alert: Alert, arrived: datetime) -> str | None:
    """Return what is odd about an alert's clock, judged by when it arrived; None where nothing is.

    Parameters
    ----------
    alert : Alert
        What was received.
    arrived : datetime
        When; UTC.
    """
    if alert.time_created is None:
        return "the alert does not say when it was written: its arrival counts"
    ahead = alert.time_created - arrived
    if ahead > CLOCK_OFF:
        return f"the alert was written {span_in_words(ahead)} after it arrived: its sender's clock is wrong"
    if -ahead > LATE:
        return (
            f"the alert arrived {span_in_words(-ahead)} after it was written: it is old, or its sender's clock is wrong"
        )
    if alert.event_time is not None and alert.event_time - arrived > CLOCK_OFF:
        return f"the event is {span_in_words(alert.event_time - arrived)} in the future: its sender's clock is wrong"
    return None


def span_in_words(length: timedelta) -> str:
    """Return a length of time as a person says it: minutes, hours or days."""
    minutes = length / timedelta(minutes=1)
    if minutes < 120:
        return f"{minutes:.0f} minutes"
    return f"{minutes / 60:.0f} hours" if minutes < 2880 else f"{minutes / 1440:.0f} days"
