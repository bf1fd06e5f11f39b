"""VOEvents of our own, for transients that we find: version 2.0, valid against its schema."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from toros.alerts.alert import Place
from toros.errors import BadValue

__all__ = ["Announcement", "Author", "Citation", "Measurement", "write_voevent"]

NAMESPACE = "http://www.ivoa.net/xml/VOEvent/v2.0"
INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
SYSTEM = "UTC-ICRS-TOPO"
IVORN = re.compile(r"ivo://[A-Za-z0-9][\w.-]{2,}(?:/[\w.~-]+)+#[\w.+:~-]{1,120}")
ROLES = ("observation", "prediction", "utility", "test")
RELATIONS = ("followup", "supersedes", "retraction")


@dataclass(frozen=True)
class Author:
    """Who answers for a packet: `ivorn` such as ivo://org.example/toros, and a person to write to."""

    ivorn: str
    title: str = ""
    contact_name: str = ""
    contact_email: str = ""


@dataclass(frozen=True)
class Measurement:
    """One value of What, with its unit and its UCD; measurements of one `group` stand together."""

    name: str
    value: str | float | int | bool
    unit: str = ""
    ucd: str = ""
    description: str = ""
    group: str = ""


@dataclass(frozen=True)
class Citation:
    """Another packet, and what this one is to it: followup, supersedes or retraction."""

    ivorn: str
    relation: str = "followup"


@dataclass(frozen=True)
class Announcement:
    """A transient of ours, as a packet tells it.

    Attributes
    ----------
    ivorn : str
        The packet's own name, never used twice: ivo://authority/stream#name.
    author : Author
        Who.
    written, observed : datetime
        When the packet was written, and what it is about was seen; timezone-aware.
    place : Place
        Where; an ellipse is told as the circle around it.
    observatory : str
        Whose telescope saw it.
    measurements : tuple of Measurement
        What was found.
    concept : str
        What it may be, a term of the Unified Astronomy Thesaurus or a UCD-like one; empty where nobody knows.
    probability : float or None
        Of that; 0 to 1.
    why, how, description : str
        Reasons, instruments and a summary, in plain words.
    cites : tuple of Citation
        Packets that this one follows, replaces or takes back.
    role : str
        observation, prediction, utility or test.
    """

    ivorn: str
    author: Author
    written: datetime
    observed: datetime
    place: Place
    observatory: str
    measurements: tuple[Measurement, ...] = ()
    concept: str = ""
    probability: float | None = None
    why: str = ""
    how: str = ""
    description: str = ""
    cites: tuple[Citation, ...] = ()
    role: str = "observation"


def write_voevent(announcement: Announcement) -> bytes:
    """Return a packet as XML in UTF-8.

    Raises
    ------
    BadValue
        A value that no packet may have: the field, what was given, and what is allowed.
    """
    from lxml import etree

    _check(announcement)
    root = etree.Element(
        f"{{{NAMESPACE}}}VOEvent",
        attrib={
            "ivorn": announcement.ivorn,
            "role": announcement.role,
            "version": "2.0",
            f"{{{INSTANCE}}}schemaLocation": f"{NAMESPACE} {NAMESPACE.rpartition('/')[0]}/VOEvent-v2.0.xsd",
        },
        nsmap={"voe": NAMESPACE, "xsi": INSTANCE},
    )
    try:
        _who(root, announcement)
        _what(root, announcement)
        _wherewhen(root, announcement)
        _how(root, announcement)
        _why(root, announcement)
        _citations(root, announcement.cites)
        if announcement.description:
            _add(root, "Description", announcement.description)
    except ValueError as error:  # lxml: characters that XML cannot hold
        raise BadValue(f"the packet {announcement.ivorn} cannot be written: {error}") from None
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)  # type: ignore[no-any-return]


def _check(announcement: Announcement) -> None:
    place = announcement.place
    _allow("ivorn", announcement.ivorn, bool(IVORN.fullmatch(announcement.ivorn)), "ivo://authority/stream#name")
    _allow("role", announcement.role, announcement.role in ROLES, ", ".join(ROLES))
    _allow("place", (place.ra, place.dec), 0 <= place.ra < 360 and -90 <= place.dec <= 90, "ra 0 to 360, dec -90 to 90")
    for name in ("written", "observed"):
        moment: datetime = getattr(announcement, name)
        _allow(name, moment, moment.tzinfo is not None, "a time with its zone")
    probability = announcement.probability
    _allow("probability", probability, probability is None or 0 <= probability <= 1, "0 to 1")
    for citation in announcement.cites:
        _allow("cites", citation.ivorn, citation.ivorn.startswith("ivo://"), "the ivorn of a packet")
        _allow("cites", citation.relation, citation.relation in RELATIONS, ", ".join(RELATIONS))
    for each in announcement.measurements:
        finite = not isinstance(each.value, float) or math.isfinite(each.value)
        _allow(f"measurement {each.name}", each.value, finite, "a finite number: leave out what is not known")


def _allow(field: str, value: object, fits: bool, allowed: str) -> None:
    if not fits:
        raise BadValue(f"the packet's {field} is {value!r}; allowed: {allowed}")


def _add(parent: Any, name: str, text: str | None = None, /, **attributes: str) -> Any:
    """Add an element; attributes without a value are left out."""
    from lxml import etree

    element = etree.SubElement(parent, name, {key: value for key, value in attributes.items() if value})
    element.text = text
    return element


def _iso(moment: datetime) -> str:
    """Return UTC without a zone, as VOEvent wants it."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds")


def _who(root: Any, announcement: Announcement) -> None:
    author = announcement.author
    who = _add(root, "Who")
    _add(who, "AuthorIVORN", author.ivorn)
    _add(who, "Date", _iso(announcement.written))
    told = {"title": author.title, "contactName": author.contact_name, "contactEmail": author.contact_email}
    if any(told.values()):
        person = _add(who, "Author")
        for name, text in told.items():
            if text:
                _add(person, name, text)


def _what(root: Any, announcement: Announcement) -> None:
    if not announcement.measurements:
        return
    what = _add(root, "What")
    groups: dict[str, Any] = {"": what}
    for each in announcement.measurements:
        if each.group not in groups:
            groups[each.group] = _add(what, "Group", name=each.group)
        kind, text = _typed(each.value)
        param = _add(groups[each.group], "Param", name=each.name, ucd=each.ucd, unit=each.unit, dataType=kind)
        param.set("value", text)
        if each.description:
            _add(param, "Description", each.description)


def _typed(value: str | float | int | bool) -> tuple[str, str]:
    if isinstance(value, bool):
        return "string", str(value).lower()
    if isinstance(value, int):
        return "int", str(value)
    return ("float", repr(float(value))) if isinstance(value, float) else ("string", value)


def _wherewhen(root: Any, announcement: Announcement) -> None:
    place = announcement.place
    location = _add(_add(root, "WhereWhen"), "ObsDataLocation")
    _add(location, "ObservatoryLocation", id=announcement.observatory)
    observation = _add(location, "ObservationLocation")
    _add(observation, "AstroCoordSystem", id=SYSTEM)
    coords = _add(observation, "AstroCoords", coord_system_id=SYSTEM)
    instant = _add(_add(coords, "Time", unit="s"), "TimeInstant")
    _add(instant, "ISOTime", _iso(announcement.observed))
    position = _add(coords, "Position2D", unit="deg")
    _add(position, "Name1", "RA")
    _add(position, "Name2", "Dec")
    value = _add(position, "Value2")
    _add(value, "C1", repr(float(place.ra)))
    _add(value, "C2", repr(float(place.dec)))
    _add(position, "Error2Radius", repr(float(place.radius or 0.0)))


def _how(root: Any, announcement: Announcement) -> None:
    if announcement.how:
        _add(_add(root, "How"), "Description", announcement.how)


def _why(root: Any, announcement: Announcement) -> None:
    if not announcement.concept and not announcement.why:
        return
    why = _add(root, "Why")
    if announcement.concept:
        probability = "" if announcement.probability is None else repr(float(announcement.probability))
        _add(_add(why, "Inference", probability=probability), "Concept", announcement.concept)
    if announcement.why:
        _add(why, "Description", announcement.why)


def _citations(root: Any, cites: Iterable[Citation]) -> None:
    cites = tuple(cites)
    if not cites:
        return
    citations = _add(root, "Citations")
    for each in cites:
        _add(citations, "EventIVORN", each.ivorn, cite=each.relation)
