"""What VOEvents mean: LVC, Fermi, Swift, IceCube, GECAM, SVOM, Gaia, and any other with a name and a position."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from toros.alerts.alert import TYPES, Alert, Coincidence, Place, event_name
from toros.alerts.packet import Packet, read_packet
from toros.errors import Unreadable

__all__ = ["read_voevent"]

SECONDS = {"hz": 1.0, "s^-1": 1.0, "1/s": 1.0, "yr^-1": 31_557_600.0, "1/yr": 31_557_600.0, "day^-1": 86_400.0}
LVK_PACKETS = {163: "EARLYWARNING", 150: "PRELIMINARY", 151: "INITIAL", 152: "UPDATE", 164: "RETRACTION"}
MAP_URL = re.compile(r"https?://\S+\.fits?(?:\.gz)?(?:,\d+)?", re.IGNORECASE)
MAP_PARAMS = ("skymap_fits", "healpix_url", "skymap_url", "skymap_hpx_fits")
IDENTIFIERS = (("run_id", "event_id"), ("Burst_Id",), ("TrigID",), ("Trigger_Number",), ("AMON_ID",), ("Trigger_ID",),
               ("Event_ID",), ("Name",), ("meta.id",), ("meta.id;meta.main",))  # fmt: skip
ZERO = re.compile(r"(?:0x)?0*")  # as an identifier: none


@dataclass(frozen=True)
class Sender:
    """Whose packets are known by their ivorn, and what holds for all of them.

    `containment` is that of the error radius, None where it is not documented; `serial` names what counts the alerts of
    an event (for others Pkt_Ser_Num counts the packets of one instrument, or of one type).
    """

    pattern: str
    source: str
    kind: str
    containment: float | None = None
    serial: str = ""


SENDERS = (
    Sender(r"/(lvc|lvk)#", "LVK", "gw", None, "Pkt_Ser_Num"),
    Sender(r"/fermi#gbm", "Fermi", "grb", 0.68),
    Sender(r"/fermi#", "Fermi", "grb", 0.9),
    Sender(r"/swift#", "Swift", "grb", 0.9),
    Sender(r"/(amon|icecube)#icecube", "IceCube", "neutrino", 0.9, "Rev"),
    Sender(r"/amon#", "AMON", "neutrino", 0.9, "Rev"),
    Sender(r"/gecam#", "GECAM", "grb", 0.68),
    Sender(r"org\.svom/", "SVOM", "grb", 0.9),
    Sender(r"//gaia\.", "Gaia", "transient"),
    Sender(r"/maxi#", "MAXI", "x-ray", 0.9),
)


def read_voevent(content: bytes) -> Alert:
    """Read one VOEvent.

    Parameters
    ----------
    content : bytes
        XML, version 1.1 or 2.0.

    Raises
    ------
    Unreadable
        It is no VOEvent, or one that names no event and no place.
    """
    packet = read_packet(content)
    sender = _sender(packet)
    common = _common(packet, sender)
    return _lvk(packet, common) if sender.source == "LVK" else common


def _sender(packet: Packet) -> Sender:
    """Return who sent the packet; a stranger is called by the authority of its ivorn, or GCN's name for the mission."""
    ivorn = packet.ivorn.lower()
    for sender in SENDERS:
        if re.search(sender.pattern, ivorn):
            return sender
    gcn = re.match(r"ivo://nasa\.gsfc\.gcn/([\w-]{1,30})#", packet.ivorn)
    authority = re.match(r"(?:ivo://)?([\w.-]{1,60})", packet.ivorn)
    source = gcn[1] if gcn else authority[1] if authority else "unknown"
    return Sender("", source, _kind(packet.concepts.lower()))


def _kind(concepts: str) -> str:
    if "gamma" in concepts or "grb" in concepts:
        return "grb"
    if "em.x-ray" in concepts or "x-ray" in concepts:
        return "x-ray"
    if "frb" in concepts or "radio" in concepts:
        return "frb"
    if any(word in concepts for word in ("supernova", "candidate sn", "nova", "process.variation", "em.opt")):
        return "transient"
    return "other"


def _common(packet: Packet, sender: Sender) -> Alert:
    """Return what is read from any packet alike."""
    place, about_place = _place(packet, sender)
    name, about_name = _event(packet, sender)
    alert_type, about_type = _type(packet)
    notes = [*packet.notes, *about_name, *about_type, *about_place]
    if packet.role in ("utility", "prediction"):
        notes.append(f"the sender calls this a {packet.role}, not an observation")
    if packet.observed is None:
        notes.append("the alert does not say when the event happened")
    return Alert(
        source=sender.source,
        kind="other" if packet.role == "utility" else sender.kind,
        event=name,
        alert_type=alert_type,
        content_hash=packet.content_hash,
        time_created=packet.written,
        event_time=packet.observed,
        format="voevent",
        ivorn=packet.ivorn,
        serial=packet.whole(sender.serial) if sender.serial else None,
        cites=tuple(ivorn for _, ivorn in packet.cites),
        far=_far(packet),
        instruments=_instruments(packet),
        properties=_properties(packet),
        place=place,
        skymap_url=_map_url(packet, *MAP_PARAMS),
        is_test=packet.role == "test" or packet.flag("Test_Submission") or packet.flag("Test"),
        notes=tuple(notes),
    )


def _event(packet: Packet, sender: Sender) -> tuple[str, list[str]]:
    """Return the name of the event: its trigger's number, or else the cited or the packet's own name."""
    for names in IDENTIFIERS:
        values = [packet.text(name) for name in names]
        if all(values) and not any(ZERO.fullmatch(value) for value in values):
            own = "_".join(values)
            return event_name(own if own.lower().startswith(sender.source.lower()) else f"{sender.source}-{own}"), []
    origin = packet.cites[-1][1] if packet.cites else packet.ivorn
    local = origin.rpartition("#")[2] if "#" in origin else origin.rpartition("/")[2]
    if not local:
        raise Unreadable(f"the VOEvent {packet.ivorn[:80]!r} names no event, neither by a number nor by its ivorn")
    return event_name(local), [f"the event is called after the packet {'that it cites' if packet.cites else 'itself'}"]


def _type(packet: Packet) -> tuple[str, list[str]]:
    how = {kind for kind, _ in packet.cites}
    if "retraction" in how or packet.flag("Retraction"):
        return "RETRACTION", []
    if packet.flag("Def_NOT_a_GRB"):
        return "RETRACTION", ["the sender says that this is definitely no gamma-ray burst"]
    return ("UPDATE" if how or (packet.whole("Rev") or 0) > 0 else "INITIAL"), []


def _place(packet: Packet, sender: Sender) -> tuple[Place | None, list[str]]:
    at = packet.position
    if at is None:
        return None, []
    nowhere = at.ra == at.dec == 0 and (at.radius or 0) <= 0
    if nowhere or packet.text("Coords_String").lower().startswith("unavailable"):
        return None, ["the alert brings no position yet"]
    if at.radius is None or not 0 < at.radius <= 180:
        return Place(at.ra, at.dec), ["the alert tells no error of its position"]
    if sender.containment is None:
        return Place(at.ra, at.dec, at.radius), ["the alert does not say how sure its error circle is: 90 % is assumed"]
    return Place(at.ra, at.dec, at.radius, containment=sender.containment), []


def _far(packet: Packet) -> float | None:
    """Return the false-alarm rate in hertz, where its unit is told."""
    unit = next((param.unit.lower() for param in packet.params if param.name.lower() == "far"), "")
    rate = packet.number("FAR")
    return None if rate is None or rate < 0 or unit not in SECONDS else rate / SECONDS[unit]


def _properties(packet: Packet) -> dict[str, float]:
    signalness = packet.number("signalness")
    return {} if signalness is None or not 0 <= signalness <= 1 else {"signalness": signalness}


def _instruments(packet: Packet) -> tuple[str, ...]:
    told = packet.text("Instruments", "Instrument")
    if told:
        return tuple(part.strip() for part in told.split(",") if part.strip())
    known = re.search(r"#(GBM|LAT|BAT|XRT|UVOT)_", packet.ivorn)
    return (known[1],) if known else ()


def _map_url(packet: Packet, *names: str) -> str | None:
    url = packet.text(*names)
    return url if MAP_URL.fullmatch(url) else None


def _lvk(packet: Packet, common: Alert) -> Alert:
    """Return what LVK's own packets say beyond the common."""
    name = packet.text("GraceID")
    if not re.fullmatch(r"[MT]?S\d{6}[a-z]{1,8}|[GMT]\d{1,8}", name):
        raise Unreadable(f"the VOEvent's GraceID is {name[:40]!r}; allowed: a name such as S190814bv or MS181101ab")
    alert_type = packet.text("AlertType").replace("_", "").upper()
    alert_type = alert_type if alert_type in TYPES else LVK_PACKETS.get(packet.whole("Packet_Type") or 0, "")
    if not alert_type:
        raise Unreadable(f"the VOEvent's AlertType is {packet.text('AlertType')[:40]!r}; allowed: {', '.join(TYPES)}")
    search = packet.text("Search")
    injected = packet.flag("HardwareInj")
    is_mock = name.startswith(("M", "T")) or search == "MDC" or injected
    more: dict[str, Any] = {
        "event": name,
        "alert_type": alert_type,
        "is_mock": is_mock,
        "is_test": name.startswith("T") or (common.is_test and not is_mock),
        "notes": (*_without_name(common.notes), *(["a signal injected into the detectors"] if injected else [])),
    }
    if alert_type == "RETRACTION":  # as in their JSON, it takes back and says nothing more
        return replace(common, **more, event_time=None, skymap_url=None)
    return replace(
        common, **more,
        significant=packet.flag("Significant") if packet.text("Significant") else None,
        group=packet.text("Group"), pipeline=packet.text("Pipeline"), search=search,
        properties=packet.probabilities("Properties"), classification=packet.probabilities("Classification"),
        coincidence=_coincidence(packet),
    )  # fmt: skip


def _without_name(notes: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(note for note in notes if not note.startswith("the event is called"))


def _coincidence(packet: Packet) -> Coincidence | None:
    observatory = packet.text("External_Observatory")
    if not observatory:
        return None
    far = packet.number("Time_Sky_Position_Coincidence_FAR")
    return Coincidence(
        observatory=observatory,
        search=packet.text("External_Search"),
        time_difference=packet.number("Time_Difference"),
        far=packet.number("Time_Coincidence_FAR") if far is None else far,
        skymap_url=_map_url(packet, "joint_skymap_fits"),
        ivorn=packet.text("External_Ivorn"),
    )
