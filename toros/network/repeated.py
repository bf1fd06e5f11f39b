"""The head of a call that a connection has sent before: programs say the same again, but for the length.

What a head means depends on its bytes alone. One that was read in full, and differs in nothing but the digits of its
Content-Length, needs no second reading. Who asks, and whether that is still allowed, is asked anew each time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from toros.network.guard import Headers

__all__ = ["RepeatedHead"]

LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,6})\r\n", re.IGNORECASE)
DIGITS = 6


@dataclass(frozen=True, slots=True)
class RepeatedHead:
    """A head that was read, around the digits of its length.

    Attributes
    ----------
    before, after : bytes
        What comes before and after the digits.
    headers : Headers
        As the guard has read them.
    """

    before: bytes
    after: bytes
    headers: Headers

    @classmethod
    def of(cls, data: bytes, headers: Headers) -> RepeatedHead | None:
        """Return the head that these bytes begin with; None where it does not end in them, or has no such length."""
        end = data.find(b"\r\n\r\n") + 4
        found = LENGTH.search(data, 0, end)
        if end < 4 or found is None:
            return None
        return cls(data[: found.start(1)], data[found.end(1) : end], headers)

    def read(self, data: bytes) -> tuple[Headers, int] | None:
        """Return the headers of this head and where the body begins; None where the bytes begin in another way."""
        start = len(self.before)
        if not data.startswith(self.before):
            return None
        end = data.find(b"\r", start, start + DIGITS + 1)
        digits = data[start:end]
        if end < 0 or not digits.isdigit() or not data.startswith(self.after, end):
            return None
        return {**self.headers, b"content-length": digits}, end + len(self.after)
