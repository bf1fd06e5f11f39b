"""The short way for plain orders: one struct of plain values, exactly as Python's own marshaller writes it.

Most orders are that, and reading them needs no parser. Whatever is written in any other way, down to a space, is left
to `toros.network.wire`; what is read here is what it would read (a property that the tests hold us to).
"""

from __future__ import annotations

import re
from typing import Any

__all__ = ["read_flat"]

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
MOST = 200  # members


def read_flat(body: bytes) -> dict[str, Any] | None:
    """Return the order's fields, None where the body is to be read the long way."""
    if not body.startswith(HEAD) or not body.endswith(TAIL) or not body.isascii():
        return None
    inner = body[len(HEAD) : -len(TAIL)].decode("ascii")
    fields: dict[str, Any] = {}
    position = 0
    for member in MEMBER.finditer(inner):
        if member.start() != position or len(fields) >= MOST:
            return None
        position = member.end()
        name, text, double, integer, boolean = member.groups()
        if name in fields:
            return None
        if text is not None:
            fields[name] = text
        elif double is not None:
            fields[name] = float(double)
        elif integer is not None:
            fields[name] = int(integer)
        else:
            fields[name] = boolean == "1"
    return fields if position == len(inner) else None
