"""Notices in the unified JSON schema of GCN, whichever mission sends them."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from toros.alerts.alert import Alert, Place, event_name
from toros.alerts.fields import Fields, wrong
from toros.errors import Unreadable
from toros.sky.coordinates import separation

__all__ = ["gcn_notice"]

TYPES = {"initial": "INITIAL", "subsequent": "UPDATE", "update": "UPDATE", "retraction": "RETRACTION"}
TENSES = ("current", "archival", "planned", "injection", "commanded", "test")
CONTAINMENT = 0.9  # the schema's own default
SHORTEST = 4  # characters of an identifier that no other event will have
SCHEMA = re.compile(r"(?:.*/)?gcn/notices/([\w/.-]{1,120}?)(?:\.schema\.json)?")
TOPIC = re.compile(r"gcn\.notices\.([\w.-]{1,120})")


@dataclass(frozen=True)
class Sender:
    """What a mission is called here, what it sees, and how it begins in schemas and topics."""

    beginning: str
    source: str
    kind: str


SENDERS = (
    Sender("fermi", "Fermi", "grb"),
    Sender("swift", "Swift", "grb"),
    Sender("svom", "SVOM", "grb"),
    Sender("burstcube", "BurstCube", "grb"),
    Sender("glowbug", "Glowbug", "grb"),
    Sender("gecam", "GECAM", "grb"),
    Sender("einstein_probe", "EinsteinProbe", "x-ray"),
    Sender("maxi", "MAXI", "x-ray"),
    Sender("icecube", "IceCube", "neutrino"),
    Sender("km3net", "KM3NeT", "neutrino"),
    Sender("superk", "SuperK", "neutrino"),
    Sender("super-kamiokande", "SuperK", "neutrino"),
    Sender("chime", "CHIME", "frb"),
    Sender("dsa110", "DSA110", "frb"),
    Sender("dsa-110", "DSA110", "frb"),
    Sender("boom", "BOOM", "transient"),
)


def gcn_notice(values: dict[str, Any], topic: str = "") -> Alert:
    """Return the alert that a decoded notice is.

    Parameters
    ----------
    values : dict
        The whole notice.
    topic : str
        The Kafka topic that carried it; names the sender where the notice does not.

    Raises
    ------
    Unreadable
        It is of no known schema, names no event, or a field of it makes no sense; the sentence names the field.
    """
    fields = _flat(Fields(values))
    sender = _sender(fields, topic)
    name, alert_type, tense = _event(fields, sender), _type(fields), _tense(fields)
    retracted = alert_type == "RETRACTION"
    place, about_place = (None, []) if retracted else _place(fields)
    written = fields.moment("alert_datetime") if _told(fields, "alert_datetime") else None
    happened = fields.moment("trigger_time") if _told(fields, "trigger_time") else None
    notes = [*_about_times(written is None, happened is None and not retracted), *about_place]
    if tense in ("archival", "planned", "commanded"):
        notes.append(f"the sender calls this alert {tense}")
    return Alert(
        source=sender.source, kind=sender.kind, event=name, alert_type=alert_type,
        content_hash=hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest(),
        time_created=written, event_time=happened, format="gcn", serial=_serial(fields),
        far=fields.number("far", at_least=0.0), pipeline=fields.text("pipeline", ""), instruments=_instruments(fields),
        properties=_properties(fields), classification=_classification(fields), place=place,
        skymap=None if retracted else fields.file("healpix_file"),
        skymap_url=None if retracted else _url(fields, notes),
        is_mock=tense == "injection", is_test=tense == "test", notes=tuple(notes),
    )  # fmt: skip


def _flat(fields: Fields) -> Fields:
    """Return a notice about a target of `data.targets` as one whose event and position stand at its top."""
    data = fields.values.get("data")
    targets = data.get("targets") if isinstance(data, dict) else None
    if not isinstance(targets, list):
        return fields
    if len(targets) != 1 or not isinstance(targets[0], dict):
        raise wrong("data.targets", f"a list of {len(targets)}", "a list of one target: a notice is about one event")
    target = Fields(targets[0], "data.targets.")
    return Fields({"id": target.text("name"), "ra": target.number("ra"), "dec": target.number("dec"), **fields.values})


def _told(fields: Fields, name: str) -> bool:
    return fields.values.get(name) is not None


def _sender(fields: Fields, topic: str) -> Sender:
    """Return who sent the notice: by its mission, its schema, or the topic that carried it."""
    mission = fields.text("mission", "")
    schema = SCHEMA.fullmatch(fields.text("$schema", ""))
    carried = TOPIC.fullmatch(topic)
    for name in (mission, schema[1] if schema else "", carried[1] if carried else ""):
        for sender in SENDERS:
            if name and name.lower().startswith(sender.beginning):
                return sender
    if not (schema or carried or (mission and _told(fields, "alert_type"))):
        raise Unreadable(
            "the alert is JSON, but neither igwn.gwalert (it has no superevent_id) nor a notice of GCN "
            "(it has no $schema, and no mission with an alert_type)"
        )
    source = event_name(mission or re.split(r"[/.]", (schema or carried or [""])[1])[0])
    kind = {"Neutrino": "neutrino", "GW": "gw"}.get(fields.text("messenger", ""), "other")
    return Sender("", source, kind)


def _event(fields: Fields, sender: Sender) -> str:
    """Return the name of the event: of its identifiers the first that no other event will have, else its name."""
    for own in (*(each for each in _listed(fields, "id") if len(each) >= SHORTEST), *_listed(fields, "event_name")):
        return event_name(own if own.lower().startswith(sender.source.lower()) else f"{sender.source}-{own}")
    raise Unreadable("the notice has neither an id nor an event_name: what it is about cannot be told")


def _listed(fields: Fields, name: str) -> tuple[str, ...]:
    """Return a text, or a list of texts, as a list."""
    value = fields.values.get(name)
    if isinstance(value, str | int) and not isinstance(value, bool):
        value = [str(value)]
    return tuple(each.strip() for each in Fields({name: value}).texts(name) if each.strip())


def _type(fields: Fields) -> str:
    told = fields.text("alert_type", "initial")
    if told.lower() not in TYPES:
        raise wrong("alert_type", told, ", ".join(TYPES))
    return TYPES[told.lower()]


def _tense(fields: Fields) -> str:
    tense = fields.text("alert_tense", "current")
    if tense not in TENSES:
        raise wrong("alert_tense", tense, ", ".join(TENSES))
    return tense


def _about_times(unwritten: bool, unhappened: bool) -> list[str]:
    notes = ["the alert does not say when it was written: its arrival counts"] if unwritten else []
    return notes + (["the alert does not say when the event happened"] if unhappened else [])


def _serial(fields: Fields) -> int | None:
    number = fields.number("record_number", at_least=0.0)
    return None if number is None or number > 1e9 or number != int(number) else int(number)


def _instruments(fields: Fields) -> tuple[str, ...]:
    instrument = fields.text("instrument", "")
    return (instrument,) if instrument else ()


def _properties(fields: Fields) -> Mapping[str, float]:
    astrophysical = fields.number("p_astro", at_least=0.0)
    return {} if astrophysical is None else {"p_astro": astrophysical}


def _classification(fields: Fields) -> Mapping[str, float]:
    return fields.probabilities("classification") if isinstance(fields.values.get("classification"), dict) else {}


def _place(fields: Fields) -> tuple[Place | None, list[str]]:
    ra, dec = fields.number("ra"), fields.number("dec")
    if ra is None or dec is None:
        has_map = _told(fields, "healpix_url") or _told(fields, "healpix_file")
        return None, [] if has_map else ["the alert brings no position"]
    if not (-360.0 <= ra <= 360.0 and -90.0 <= dec <= 90.0):
        raise wrong("ra, dec", (ra, dec), "degrees: ra from 0 to 360, dec from -90 to 90")
    radius, minor, angle, notes = _error(fields, ra, dec)
    if radius is None:
        notes = [*notes, "the alert tells no error of its position"]
    return Place(ra % 360.0, dec, radius, minor, angle, _containment(fields)), notes


def _containment(fields: Fields) -> float:
    told = fields.number("containment_probability")
    if told is None:
        return CONTAINMENT
    if not 0.0 < told < 1.0:
        raise wrong("containment_probability", told, "between 0 and 1")
    return told


def _error(fields: Fields, ra: float, dec: float) -> tuple[float | None, float | None, float | None, list[str]]:
    """Return half axes and position angle: those of a circle, of an ellipse, or of the circle around a rectangle."""
    told = fields.values.get("ra_dec_error")
    if isinstance(told, list):
        if len(told) not in (2, 3):
            raise wrong("ra_dec_error", told, "a radius, or both half axes and the position angle; degrees")
        parts = Fields(dict(zip(("[0]", "[1]", "[2]"), told, strict=False)), "ra_dec_error")
        one, other = (parts.number(f"[{index}]", at_least=0.0) or 0.0 for index in (0, 1))
        angle = parts.number("[2]") or 0.0
        if not (0 < one <= 180 and 0 < other <= 180):
            return None, None, None, [f"the error of the position is {told}: it is left out"]
        longer_first = one >= other
        return max(one, other), min(one, other), (angle if longer_first else angle + 90.0) % 180.0, []
    radius = fields.number("ra_dec_error", at_least=0.0)
    if radius is not None and 0 < radius <= 180:
        return radius, None, None, []
    corners = fields.values.get("rectangular_error_corners")
    if isinstance(corners, list) and 3 <= len(corners) <= 8:
        return _around(corners, ra, dec), None, None, ["the error is a rectangle: the circle around it is taken"]
    return None, None, None, []


def _around(corners: list[Any], ra: float, dec: float) -> float:
    """Return the largest distance of a corner from the middle; degrees."""
    if not all(isinstance(each, list) and len(each) == 2 for each in corners):
        raise wrong("rectangular_error_corners", corners, "pairs of ra and dec; degrees")
    name = "rectangular_error_corners"
    pairs = [Fields({"ra": each[0], "dec": each[1]}, f"{name}.") for each in corners]
    return max(separation(ra, dec, pair.number("ra") or 0.0, pair.number("dec") or 0.0) for pair in pairs)


def _url(fields: Fields, notes: list[str]) -> str | None:
    """Return where the map lies; a link to a page is none."""
    url = fields.text("healpix_url", "")
    if not url:
        return None
    if re.fullmatch(r"https?://\S+\.(?:fits?|fits?\.gz|multiorder\.fits)(?:,\d+)?", url, re.IGNORECASE):
        return url
    notes.append("the link to the map is that of a page: it is left out")
    return None
