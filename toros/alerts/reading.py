"""Alerts read, whatever they are written in."""

from __future__ import annotations

from pathlib import Path

from toros.alerts.alert import Alert
from toros.alerts.avro import MAGIC, decoded_avro
from toros.alerts.fields import LONGEST, decoded
from toros.alerts.gcn_notice import gcn_notice
from toros.alerts.gwalert import gwalert
from toros.alerts.voevent import read_voevent
from toros.errors import Unreadable

__all__ = ["content_of", "read_alert"]


def read_alert(content: bytes, *, topic: str = "") -> Alert:
    """Read one alert; its first bytes say what it is written in.

    Parameters
    ----------
    content : bytes
        The alert as it came: igwn.gwalert JSON or Avro, a VOEvent, or JSON in GCN's unified schema.
    topic : str
        The Kafka topic that carried it, where one did: it names the sender of a notice that does not.

    Raises
    ------
    Unreadable
        It cannot be understood; one sentence says why.
    """
    if len(content) > LONGEST:
        raise _too_large(len(content))
    beginning = content[:64].removeprefix(b"\xef\xbb\xbf").lstrip()
    if beginning.startswith(b"{"):
        return _json(content, topic)
    if beginning.startswith(b"<"):
        return read_voevent(content)
    if content.startswith(MAGIC):
        return gwalert(decoded_avro(content))
    raise Unreadable(f"the alert begins with {beginning[:20]!r}; what is read begins with {{ (JSON) or < (VOEvent)")


def content_of(file: Path) -> bytes:
    """Return a file's content, its size checked before it is read.

    Raises
    ------
    Unreadable
        It is larger than any alert.
    """
    size = file.stat().st_size
    if size > LONGEST:
        raise _too_large(size)
    return file.read_bytes()


def _too_large(size: int) -> Unreadable:
    return Unreadable(f"the alert is {size} bytes long, more than the {LONGEST} that are read")


def _json(content: bytes, topic: str) -> Alert:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(f"the alert is not text in UTF-8: byte {error.start} is not") from None
    values = decoded(text)
    return gwalert(values) if "superevent_id" in values else gcn_notice(values, topic)
