"""XML-RPC on the wire: strict where strangers write, plain where we do.

What comes in is read by expat under defusedxml (no DTD, hence no entities), against the grammar of XML-RPC, with depth
and items counted before anything is built. nil is read as "absent" and never sent; there is no NaN; integers beyond 32
bits travel as strings.
"""

from __future__ import annotations

import math
import re
import xmlrpc.client
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast
from xml.parsers import expat

from defusedxml import DefusedXmlException
from defusedxml.xmlrpc import DefusedExpatParser

from toros.network.flat import read_flat, write_flat
from workorders.refusal import TEMPORARY, FaultCode, Refusal

__all__ = [
    "ANSWER",
    "ORDER",
    "METHOD",
    "BadReply",
    "Limits",
    "answer",
    "call",
    "fault",
    "loads",
    "loads_answer",
    "plain",
]

METHOD = "front_desk"
WIDEST = 2**31  # XML-RPC's int has 32 bits
INTEGER = re.compile(r"[+-]?[0-9]{1,20}")
DOUBLE = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,5})?")
MOMENT = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)T(\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?)", re.ASCII)
UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")


class BadReply(Exception):
    """A reply that is not one of a desk."""


@dataclass(frozen=True)
class Limits:
    """How much one message may hold.

    Attributes
    ----------
    depth : int
        Structs and arrays inside one another.
    items : int
        Values in all.
    """

    depth: int = 16
    items: int = 20_000


ORDER = Limits()
ANSWER = Limits(depth=32, items=1_000_000)


def loads(body: bytes, limits: Limits = ORDER) -> dict[str, Any]:
    """Read one call of `front_desk` and return the order's fields.

    Raises
    ------
    Refusal
        MALFORMED, TOO_LARGE or BAD_VALUE; nothing else, whatever the bytes are.
    """
    if (fields := read_flat(body)) is not None:
        return fields
    reader = _read(body, "methodCall", limits)
    if reader.method != METHOD:
        raise Refusal(FaultCode.MALFORMED, "no such method", value=reader.method or None, allowed=METHOD)
    if len(reader.params) != 1 or not isinstance(reader.params[0], dict):
        raise Refusal(FaultCode.MALFORMED, f"{METHOD} takes one struct: the fields of a work order")
    return reader.params[0]


def loads_answer(body: bytes, limits: Limits = ANSWER) -> dict[str, Any]:
    """Read a desk's reply and return the answer.

    Raises
    ------
    Refusal
        What the desk refused with.
    BadReply
        This is no reply of a desk, or not all of it.
    """
    try:
        reader = _read(body, "methodResponse", limits)
    except Refusal as error:
        raise BadReply(error.sentence()) from None
    if reader.fault is not None:
        raise _refusal(reader.fault)
    if len(reader.params) != 1 or not isinstance(reader.params[0], dict):
        raise BadReply("it must hold one struct")
    return reader.params[0]


def call(fields: Mapping[str, Any]) -> bytes:
    """Return the body of a call of `front_desk` with these fields."""
    return _encoded(xmlrpc.client.dumps((plain(fields),), METHOD))


def answer(value: Mapping[str, Any]) -> bytes:
    """Return the body of a reply that holds these plain values."""
    return write_flat(value) or _encoded(xmlrpc.client.dumps((plain(value),), methodresponse=True))


def fault(refusal: Refusal) -> bytes:
    """Return the body of a reply that refuses: the stable code, and one sentence with all that is known."""
    sentence = UNWRITABLE.sub("\N{REPLACEMENT CHARACTER}", refusal.sentence())
    return _encoded(xmlrpc.client.dumps(xmlrpc.client.Fault(int(refusal.code), sentence)))


def plain(value: Any) -> Any:
    """Return a value in XML-RPC's types: absent instead of None and NaN, digits instead of wide integers, ISO times.

    Raises
    ------
    TypeError
        For what has no place on the wire, such as bytes.
    """
    if isinstance(value, str):
        return UNWRITABLE.sub("\N{REPLACEMENT CHARACTER}", str(value))
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value) if -WIDEST <= value < WIDEST else str(int(value))
    if isinstance(value, float):
        return float(value)
    if isinstance(value, Mapping):
        return {plain(str(name)): plain(item) for name, item in value.items() if not _absent(item)}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value if not _absent(item)]
    if isinstance(value, datetime | date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place on the wire")


def _absent(value: Any) -> bool:
    return value is None or (isinstance(value, float) and not math.isfinite(value))


def _encoded(document: str) -> bytes:
    """Return the document in UTF-8, carriage returns kept from being read as line ends."""
    return document.replace("\r", "&#13;").encode()


def _refusal(value: Any) -> Refusal:
    """Return a received fault as the refusal that it was; a code that we do not know yet keeps its number in words."""
    if not isinstance(value, dict) or not isinstance(value.get("faultCode"), int):
        raise BadReply("a fault without a code")
    code, message = value["faultCode"], str(value.get("faultString", ""))
    try:
        return Refusal(FaultCode(code), message)
    except ValueError:
        known = FaultCode.INTERNAL if code >= min(TEMPORARY) else FaultCode.BAD_VALUE
        return Refusal(known, f"fault {code}: {message}")


def _read(body: bytes, root: str, limits: Limits) -> _Reader:
    """Run expat over the body; every way in which it can fail becomes a Refusal."""
    reader = _Reader(root, limits)
    parser: Any = DefusedExpatParser(cast(Any, reader), forbid_dtd=True)
    parser._parser.buffer_text = True  # one piece of text an element, not one a line
    parser._parser.XmlDeclHandler = _check_encoding
    try:
        parser.feed(body)
        parser.close()
    except DefusedXmlException:
        raise Refusal(FaultCode.MALFORMED, "a document type or entity declaration is not taken") from None
    except expat.ExpatError as error:
        raise _not_xml(error, body) from None
    except (UnicodeError, LookupError):
        raise Refusal(FaultCode.MALFORMED, "the text is not in the encoding that it claims", allowed="UTF-8") from None
    return reader


def _check_encoding(_version: str, encoding: str | None, _standalone: int) -> None:
    if encoding and encoding.lower() not in ("utf-8", "us-ascii", "iso-8859-1"):
        raise Refusal(FaultCode.MALFORMED, "unknown encoding", value=encoding, allowed="UTF-8, US-ASCII, ISO-8859-1")


def _not_xml(error: expat.ExpatError, body: bytes) -> Refusal:
    words = expat.ErrorString(error.code) or "not well-formed"
    if words == expat.errors.XML_ERROR_BAD_CHAR_REF or CONTROL.search(body):
        return Refusal(FaultCode.BAD_VALUE, "control characters are not taken in a text", allowed="tab and line ends")
    return Refusal(FaultCode.MALFORMED, f"not XML: {words}, line {error.lineno}, column {error.offset}")


def _integer(text: str) -> int:
    text = text.strip()
    if not INTEGER.fullmatch(text) or not -WIDEST <= int(text) < WIDEST:
        allowed = "digits, within 32 bits; larger numbers as a string"
        raise Refusal(FaultCode.BAD_VALUE, "not an integer of 32 bits", value=text[:40], allowed=allowed)
    return int(text)


def _double(text: str) -> float:
    text = text.strip()
    if len(text) > 400 or not DOUBLE.fullmatch(text) or not math.isfinite(float(text)):
        raise Refusal(FaultCode.BAD_VALUE, "not a finite number", value=text[:40], allowed="a finite decimal number")
    return float(text)


def _boolean(text: str) -> bool:
    if text.strip() not in ("0", "1"):
        raise Refusal(FaultCode.BAD_VALUE, "not a boolean", value=text[:40], allowed="0 or 1")
    return text.strip() == "1"


def _moment(text: str) -> str:
    """Return XML-RPC's 20261120T02:14:05 as ISO 8601."""
    parts = MOMENT.fullmatch(text.strip())
    if not parts:
        raise Refusal(FaultCode.BAD_VALUE, "not a time", value=text[:40], allowed="20261120T02:14:05")
    return f"{parts[1]}-{parts[2]}-{parts[3]}T{parts[4]}"


def _bytes(_text: str) -> str:
    raise Refusal(FaultCode.BAD_VALUE, "base64 is not taken", allowed="a file's location, or text")


class _Absent:
    """What nil is read as."""


ABSENT = _Absent()

SCALARS: Mapping[str, Callable[[str], Any]] = {
    "string": str,
    **dict.fromkeys(("int", "i4", "i1", "i2", "i8", "ex:i1", "ex:i2", "ex:i8"), _integer),
    "double": _double,
    "boolean": _boolean,
    "dateTime.iso8601": _moment,
    **dict.fromkeys(("nil", "ex:nil"), lambda _text: ABSENT),
    "base64": _bytes,
}

TYPES = frozenset({*SCALARS, "struct", "array"})

CHILDREN: Mapping[str, frozenset[str]] = {
    "methodCall": frozenset({"methodName", "params"}),
    "methodResponse": frozenset({"params", "fault"}),
    "methodName": frozenset(),
    "params": frozenset({"param"}),
    "param": frozenset({"value"}),
    "fault": frozenset({"value"}),
    "value": TYPES,
    "struct": frozenset({"member"}),
    "member": frozenset({"name", "value"}),
    "name": frozenset(),
    "array": frozenset({"data"}),
    "data": frozenset({"value"}),
    **dict.fromkeys(SCALARS, frozenset()),
}


class _Reader:
    """Builds plain values from expat's events, element by element, never recursively."""

    def __init__(self, root: str, limits: Limits) -> None:
        self.method = ""
        self.params: list[Any] = []
        self.fault: Any = None
        self._root = root
        self._limits = limits
        self._tags: list[str] = []
        self._text: list[str] = []
        self._containers: list[dict[str, Any] | list[Any]] = []
        self._names: list[str | None] = []  # of the member being read, for every open struct
        self._value: Any = None
        self._filled = False  # the open <value> has its typed child
        self._items = 0
        self.data = self._text.append

    def xml(self, encoding: str | None, standalone: int | None) -> None:
        """Hear of the declaration; the standard library's parsers call this."""

    def start(self, tag: str, _attributes: Mapping[str, str]) -> None:
        """Open an element; refuse what XML-RPC does not know in this place."""
        tags = self._tags
        if not (tag in CHILDREN[tags[-1]] if tags else tag == self._root):
            within = f"<{tags[-1]}>" if tags else "the document"
            raise Refusal(FaultCode.MALFORMED, f"<{tag[:40]}> does not belong in {within}")
        tags.append(tag)
        self._text.clear()
        if tag == "value":
            self._filled = False
            self._items += 1
            if self._items > self._limits.items:
                allowed = f"up to {self._limits.items}"
                raise Refusal(FaultCode.TOO_LARGE, "too many values in one message", allowed=allowed)
        elif tag in TYPES:
            self._open_type(tag)

    def end(self, tag: str) -> None:
        """Close an element and hand its value to what holds it."""
        self._tags.pop()
        if tag == "member":
            if self._names[-1] is not None:
                raise Refusal(FaultCode.MALFORMED, "a member without a value", field=self._names[-1])
        elif tag == "name":
            if self._names[-1] is not None:
                raise Refusal(FaultCode.MALFORMED, "a member with two names", field=self._names[-1])
            self._names[-1] = "".join(self._text)
        elif tag == "value":
            self._deliver(self._value if self._filled else "".join(self._text))
            self._filled = True
        elif tag in SCALARS:
            self._value = SCALARS[tag]("".join(self._text))
        elif tag in ("struct", "array"):
            self._value = self._containers.pop()
            if tag == "struct":
                self._names.pop()
        elif tag == "methodName":
            self.method = "".join(self._text).strip()

    def _open_type(self, tag: str) -> None:
        if self._filled:
            raise Refusal(FaultCode.MALFORMED, "a value with two types")
        self._filled = True
        if tag in SCALARS:
            return
        if len(self._containers) >= self._limits.depth:
            raise Refusal(FaultCode.TOO_LARGE, "nested too deeply", allowed=f"up to {self._limits.depth} deep")
        self._containers.append({} if tag == "struct" else [])
        if tag == "struct":
            self._names.append(None)

    def _deliver(self, value: Any) -> None:
        holder = self._tags[-1]
        if holder == "member":
            self._deliver_member(value)
        elif value is ABSENT:
            raise Refusal(FaultCode.BAD_VALUE, "nil is taken in a struct only, where it means absent")
        elif holder == "data":
            self._containers[-1].append(value)  # type: ignore[union-attr]
        elif holder == "param":
            self.params.append(value)
        else:
            self.fault = value

    def _deliver_member(self, value: Any) -> None:
        name, struct = self._names[-1], self._containers[-1]
        if name is None:
            raise Refusal(FaultCode.MALFORMED, "a member without a name, or with two values")
        if name in struct:
            raise Refusal(FaultCode.BAD_VALUE, "the same field twice", field=name, value=value)
        self._names[-1] = None
        if value is not ABSENT:
            struct[name] = value  # type: ignore[call-overload]
