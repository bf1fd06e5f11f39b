"""VOEvent packets from strangers, versions 1.1 and 2.0, taken apart without believing a word of them."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from toros.errors import Unreadable

__all__ = ["Param", "Packet", "Position", "read_packet"]

LARGEST = 1_000_000  # bytes; real packets have 2 to 20 thousand
DEEPEST = 32  # elements inside elements; real packets have 10
MOST_ELEMENTS = 20_000
LONGEST_TEXT = 500  # characters of a value; URLs are the longest
SCALES = ("UTC", "TDB", "TT", "TAI", "GPS")  # that a coordinate system begins with
LATIN = re.compile(rb"""^<\?xml[^>]{1,80}encoding\s*=\s*["'](?:iso-8859-1|latin-?1)["']""", re.IGNORECASE)


@dataclass(frozen=True)
class Param:
    """One value of What. `name` is its UCD where it has no name of its own; `group` is empty outside groups."""

    name: str
    value: str
    unit: str = ""
    group: str = ""


@dataclass(frozen=True)
class Position:
    """A position as it stands: degrees, and its error radius, which may be nonsense."""

    ra: float
    dec: float
    radius: float | None


@dataclass(frozen=True)
class Packet:
    """What a packet says, before anybody asks what it means.

    Attributes
    ----------
    ivorn : str
        The packet's own name.
    role : str
        observation, prediction, utility or test.
    content_hash : str
        SHA-256 of its canonical form, blanks between elements left out.
    params : tuple of Param
        All of What, those inside groups too.
    written, observed : datetime or None
        Of Who and of WhereWhen; UTC.
    position : Position or None
        Equatorial.
    cites : tuple of (str, str)
        How and what.
    concepts : str
        What Why and its inferences call the event, for guessing its kind.
    notes : tuple of str
        What of it could not be used.
    """

    ivorn: str
    role: str
    content_hash: str
    params: tuple[Param, ...]
    written: datetime | None
    observed: datetime | None
    position: Position | None
    cites: tuple[tuple[str, str], ...]
    concepts: str
    notes: tuple[str, ...]

    def text(self, *names: str, group: str = "") -> str:
        """Return the first value under one of the names, in any spelling of capitals; empty where there is none."""
        for name in names:
            for param in self.params:
                if param.name.lower() == name.lower() and param.group.lower().startswith(group.lower()) and param.value:
                    return param.value
        return ""

    def number(self, *names: str, group: str = "") -> float | None:
        """Return such a value as a finite number; None where it is none."""
        return _number(self.text(*names, group=group))

    def whole(self, *names: str) -> int | None:
        """Return such a value as a whole number from zero up; None where it is none."""
        text = self.text(*names)
        return int(text) if re.fullmatch(r"\d{1,9}", text) else None

    def flag(self, *names: str) -> bool:
        """Return whether such a value says yes."""
        return self.text(*names).lower() in ("true", "1", "yes")

    def probabilities(self, group: str) -> dict[str, float]:
        """Return the numbers from 0 to 1 of a group."""
        found = {param.name: _number(param.value) for param in self.params if param.group.lower() == group.lower()}
        return {name: value for name, value in found.items() if value is not None and 0 <= value <= 1}


def read_packet(content: bytes) -> Packet:
    """Take a packet apart.

    Parameters
    ----------
    content : bytes
        XML with or without the namespace of VOEvent, in UTF-8 or Latin-1.

    Raises
    ------
    Unreadable
        It is no packet, is far larger or deeper than one, or brings a document type (and so entities).
    """
    root = _root(content)
    ivorn = root.get("ivorn", "").strip()
    if not ivorn or len(ivorn) > LONGEST_TEXT or not ivorn.isprintable():
        raise Unreadable(f"the VOEvent's ivorn is {ivorn[:80]!r}; it must be its name, such as ivo://org.example/a#b")
    where = _find(root, "WhereWhen", "ObsDataLocation", "ObservationLocation")
    notes: list[str] = []
    return Packet(
        ivorn=ivorn,
        role=root.get("role", "observation").strip().lower(),
        content_hash=_hash(root),
        params=tuple(_params(_find(root, "What"))),
        written=_moment(_text(_find(root, "Who", "Date")), "UTC", notes),
        observed=_observed(where, notes),
        position=_position(where, notes),
        cites=tuple(_cites(root)),
        concepts=" ".join(_text(each) for each in _every(_find(root, "Why"), "Concept", "Name", "Description")),
        notes=tuple(notes),
    )


def _root(content: bytes) -> Any:
    """Return the packet's element; nothing outside it is ever opened, no entity ever replaced."""
    from lxml import etree

    if len(content) > LARGEST:
        raise Unreadable(f"the VOEvent is {len(content)} bytes long, more than the {LARGEST} that are read")
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise Unreadable("the VOEvent brings a document type, which none needs and an attack does")
    parser = etree.XMLParser(
        encoding=_encoding(content), resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False,
        remove_comments=True, remove_pis=True,
    )  # fmt: skip
    try:
        root = etree.fromstring(content.removeprefix(b"\xef\xbb\xbf").lstrip(), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Unreadable(f"the alert is not XML: {str(error)[:200]}") from None
    _check_size(root)
    if _name(root) != "VOEvent":
        raise Unreadable(f"the alert is XML, but {_name(root)[:40]!r} instead of a VOEvent")
    return root


def _encoding(content: bytes) -> str:
    """Return the encoding that the parser is held to: it must see the very text that was searched for traps."""
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        if LATIN.match(content):
            return "iso-8859-1"
        raise Unreadable(f"the VOEvent is not text in UTF-8: byte {error.start} is not") from None
    return "utf-8"


def _check_size(root: Any) -> None:
    from lxml import etree

    deep = most = 0
    for event, _ in etree.iterwalk(root, events=("start", "end")):
        deep += 1 if event == "start" else -1
        most += event == "start"
        if deep > DEEPEST:
            raise Unreadable(f"the VOEvent has elements inside elements, more than {DEEPEST} deep")
        if most > MOST_ELEMENTS:
            raise Unreadable(f"the VOEvent has more than the {MOST_ELEMENTS} elements that are read")


def _hash(root: Any) -> str:
    from lxml import etree

    return hashlib.sha256(etree.tostring(root, method="c14n2", strip_text=True)).hexdigest()


def _name(element: Any) -> str:
    """Return an element's name without its namespace: real packets come with three of them, and without."""
    return str(element.tag).rpartition("}")[2]


def _find(element: Any, *path: str) -> Any:
    """Return the first element down a path of names; None where it ends early."""
    for name in path:
        if element is None:
            return None
        element = next((child for child in element if _name(child) == name), None)
    return element


def _every(element: Any, *names: str) -> Iterator[Any]:
    """Yield the elements of such names anywhere inside."""
    if element is not None:
        yield from (inner for inner in element.iter() if _name(inner) in names)


def _text(element: Any) -> str:
    text = "" if element is None else (element.text or "").strip()
    return text if len(text) <= LONGEST_TEXT and text.isprintable() else ""


def _params(what: Any) -> Iterator[Param]:
    for element in _every(what, "Param"):
        value = element.get("value") or _text(_find(element, "Value"))
        name = element.get("name") or element.get("ucd") or ""
        group = element.getparent()
        of = (group.get("type") or group.get("name") or "") if _name(group) == "Group" else ""
        if max(len(value), len(name), len(of)) <= LONGEST_TEXT and (value + name + of).isprintable():
            yield Param(name.strip(), value.strip(), (element.get("unit") or "").strip(), of.strip())


def _cites(root: Any) -> Iterator[tuple[str, str]]:
    for element in _every(_find(root, "Citations"), "EventIVORN"):
        if _text(element):
            yield (element.get("cite") or "followup").strip().lower(), _text(element)


def _observed(where: Any, notes: list[str]) -> datetime | None:
    system = _system(where)
    text = _text(_find(where, "AstroCoords", "Time", "TimeInstant", "ISOTime"))
    scale = next((each for each in SCALES if system.upper().startswith(each)), "UTC")
    if "BARY" in system.upper():
        notes.append("the time of the event is that at the barycentre of the solar system, up to 8.4 minutes off")
    return _moment(text, scale, notes)


def _system(where: Any) -> str:
    coords = _find(where, "AstroCoords")
    return (coords.get("coord_system_id") or "") if coords is not None else ""


def _moment(text: str, scale: str, notes: list[str]) -> datetime | None:
    """Return a time in UTC; None, and a note, where it is none."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        if scale != "UTC":
            moment = _to_utc(moment.replace(tzinfo=None), scale)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        notes.append(f"a time of the alert is {text[:40]!r}, which is none: it is left out")
        return None


def _to_utc(moment: datetime, scale: str) -> datetime:
    from astropy.time import Time

    if scale == "GPS":
        moment, scale = moment + timedelta(seconds=19), "TAI"
    return Time(moment, scale=scale.lower()).utc.to_datetime()  # type: ignore[no-any-return]


def _position(where: Any, notes: list[str]) -> Position | None:
    """Return the position where there is one; None, and a note, where there is one that cannot be used."""
    flat = _find(where, "AstroCoords", "Position2D")
    element, value = (flat, "Value2") if flat is not None else (_find(where, "AstroCoords", "Position3D"), "Value3")
    if element is None:
        return None
    ra, dec = (_number(_text(_find(element, value, axis))) for axis in ("C1", "C2"))
    unit, system = element.get("unit") or "deg", _system(where).upper()
    if ra is None or dec is None or not (-360 <= ra <= 360 and -90 <= dec <= 90):
        notes.append("the position of the alert is none: it is left out")
        return None
    if not unit.startswith("deg") or any(other in system for other in ("GAL", "ECLIPTIC", "FK4")):
        notes.append(f"the position of the alert is in {unit}, {system}, which is not understood: it is left out")
        return None
    return Position(ra % 360.0, dec, _number(_text(_find(element, "Error2Radius"))))


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
