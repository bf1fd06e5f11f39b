"""The packets of VTP, the VOEvent Transport Protocol 2.0: four bytes of length, then XML.

Beside VOEvents a broker sends Transport documents: `iamalive`, which we answer, and what we answer to a VOEvent is a
Transport document too, `ack`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from xml.sax.saxutils import escape, quoteattr

__all__ = ["Packet", "framed", "read_packet", "transport"]

SPACE = "http://telescope-networks.org/schema/Transport/v1.1"


@dataclass(frozen=True)
class Packet:
    """What a packet is.

    Attributes
    ----------
    kind : str
        "voevent", "unreadable", or the role of a Transport document: "iamalive", "ack", "nak", "authenticate".
    name : str
        The VOEvent's IVORN, or the Transport document's origin.
    """

    kind: str
    name: str = ""


def read_packet(content: bytes) -> Packet:
    """Return what a packet is; what is not XML, or no harmless XML, is unreadable and not an error."""
    from xml.etree.ElementTree import ParseError

    from defusedxml import DefusedXmlException, ElementTree

    try:
        root = ElementTree.fromstring(content, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError, RecursionError):
        return Packet("unreadable")
    word = root.tag.rpartition("}")[2]
    if word == "Transport":
        return Packet(root.get("role", "?"), (root.findtext("Origin") or "").strip())
    return Packet("voevent", root.get("ivorn", "").strip())


def transport(role: str, origin: str, response: str) -> bytes:
    """Return the Transport document with which we answer.

    Parameters
    ----------
    role : str
        "iamalive" or "ack".
    origin : str
        Whom we answer: the broker's own name, or the VOEvent's.
    response : str
        Our own IVORN.
    """
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<trn:Transport role={quoteattr(role)} version="1.0" '
        f'xmlns:trn="{SPACE}"><Origin>{escape(origin)}</Origin><Response>{escape(response)}</Response>'
        f"<TimeStamp>{now}</TimeStamp></trn:Transport>"
    ).encode()


def framed(content: bytes) -> bytes:
    """Return a packet with its length before it."""
    return len(content).to_bytes(4, "big") + content
