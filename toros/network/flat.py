"""The short way for plain orders and receipts: one struct, exactly as Python's own marshaller writes it.

Most are that, and need no parser. Whatever is written in any other way, down to a space, is left to
`toros.network.wire`; what is read and written here is what it would read and write (the tests hold us to that).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

__all__ = ["read_flat", "write_flat"]

HEAD = b"<?xml version='1.0'?>\n<methodCall>\n<methodName>front_desk</methodName>\n<params>\n<param>\n<value><struct>\n"
TAIL = b"</struct></value>\n</param>\n</params>\n</methodCall>\n"
MEMBER = re.compile(
    r"<member>\n<name>([A-Za-z0-9_ ]{1,64})</name>\n<value>"
    r"(?:<string>([ !-%'-;=?-~]*)</string>"  # printable ASCII without & < >
    r"|<double>(-?[0-9]{1,15}\.[0-9]{1,17})</double>"
    r"|<int>(-?[0-9]{1,9})</int>"
    r"|<boolean>([01])</boolean>)"
    r"</value>\n</member>\n"
)
AROUND = len("<member>\n<name></name>\n<value></value>\n</member>\n")
MOST = 200  # members
PLAIN = re.compile(r"[ !-%'-;=?-~]*")
REPLY = "<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n<value><struct>\n"
REPLY_END = "</struct></value>\n</param>\n</params>\n</methodResponse>\n"


def read_flat(body: bytes) -> dict[str, Any] | None:
    """Return the order's fields, None where the body is to be read the long way."""
    if not body.startswith(HEAD) or not body.endswith(TAIL) or not body.isascii():
        return None
    inner = body[len(HEAD) : -len(TAIL)].decode("ascii")
    members = MEMBER.findall(inner)
    fields: dict[str, Any] = {}
    length = 0  # of what was matched: as long as the whole, if there is nothing in between
    for name, text, double, integer, boolean in members:
        length += AROUND + len(name)
        if double:
            fields[name] = float(double)
            length += len("<double></double>") + len(double)
        elif integer:
            fields[name] = int(integer)
            length += len("<int></int>") + len(integer)
        elif boolean:
            fields[name] = boolean == "1"
            length += len("<boolean>0</boolean>")
        else:
            fields[name] = text
            length += len("<string></string>") + len(text)
    return fields if length == len(inner) and len(fields) == len(members) <= MOST else None


def write_flat(fields: Mapping[str, Any]) -> bytes | None:
    """Return a reply of plain text fields, as every receipt is; None where it is to be written the long way."""
    for value in fields.values():
        if type(value) is not str:
            return None
    pieces = [piece for pair in fields.items() for piece in pair]
    if not PLAIN.fullmatch("".join(pieces)):
        return None
    return (_reply(len(fields)) % tuple(pieces)).encode("ascii")


@cache
def _reply(members: int) -> str:
    """Return a reply of so many text fields, to be filled in."""
    member = "<member>\n<name>%s</name>\n<value><string>%s</string></value>\n</member>\n"
    return f"{REPLY}{members * member}{REPLY_END}"
