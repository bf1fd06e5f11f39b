"""The one way in which an order is refused: a stable code, the field, the value and what is allowed."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["FaultCode", "Refusal"]

SHOWN = 120  # characters of a refused value that are quoted back


class FaultCode(IntEnum):
    """XML-RPC fault codes of every desk; numbers are never reused."""

    MALFORMED = 100  # not an XML-RPC call, or not one of front_desk
    TOO_LARGE = 101  # body, depth or number of items over the desk's limits
    UNKNOWN_REQUEST = 110  # no desk has ever heard of it
    NOT_SERVED = 111  # known by name, not served by this version
    WRONG_DESK = 112  # served elsewhere, or meant for another instance
    UNKNOWN_FIELD = 120
    MISSING_FIELD = 121
    BAD_VALUE = 122  # wrong type, out of range, not finite
    UNSUPPORTED_VERSION = 123  # the order speaks a newer version of the language
    CONFLICT = 130  # this id was used for another order
    TOO_OLD = 131  # the id is older than what the desk remembers
    EXPIRED = 132
    UNKNOWN_ORDER = 133  # no order with this id here
    ILLEGAL_MOVE = 134  # an order in this state cannot be moved that way
    FORBIDDEN = 140  # this identity may not ask this
    NO_ROOM = 150  # the desk cannot store (disk full, database away): nothing was accepted
    STOPPING = 151  # the desk is draining
    INTERNAL = 190  # a defect of ours; the desk's log has the details


TEMPORARY = frozenset({FaultCode.NO_ROOM, FaultCode.STOPPING, FaultCode.INTERNAL})


class Refusal(ValueError):
    """An order or question that the desk will not take; nothing was stored.

    Parameters
    ----------
    code : FaultCode
        Stable number of the reason.
    message : str
        One sentence for a person.
    field : str, optional
        The field that is wrong.
    value : object, optional
        What it held; quoted back shortened.
    allowed : str, optional
        What it may hold.
    """

    def __init__(
        self, code: FaultCode, message: str, *, field: str = "", value: object = None, allowed: str = ""
    ) -> None:
        self.code = code
        self.field = field
        self.value = value
        self.allowed = allowed
        super().__init__(message)

    def sentence(self) -> str:
        """Return the whole refusal in one line: message, field, value and what is allowed."""
        parts = [str(self)]
        if self.field:
            parts.append(f"field: {self.field}")
        if self.value is not None:
            parts.append(f"value: {_quoted(self.value)}")
        if self.allowed:
            parts.append(f"allowed: {self.allowed}")
        return "; ".join(parts)

    @property
    def temporary(self) -> bool:
        """True when the same order may be taken later without change."""
        return self.code in TEMPORARY


def _quoted(value: object) -> str:
    """Return a value as it is quoted back: short, whatever a stranger sent."""
    if isinstance(value, (dict, list, tuple)):
        return f"a {'struct' if isinstance(value, dict) else 'list'} of {len(value)}"
    if isinstance(value, int) and abs(value) >= 10**SHOWN:
        return "a number of very many digits"
    text = repr(value[: SHOWN + 1] if isinstance(value, (str, bytes)) else value)
    return text if len(text) <= SHOWN else text[:SHOWN] + "…"
