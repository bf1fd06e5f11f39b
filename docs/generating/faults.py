"""The page of every fault code."""

from __future__ import annotations

from generating.markup import table, title
from workorders import FaultCode

__all__ = ["faults_page"]

CODES = {
    FaultCode.MALFORMED: "Not an XML-RPC call, or not one of front_desk.",
    FaultCode.TOO_LARGE: "Body, depth or number of items over the desk's limits.",
    FaultCode.UNKNOWN_REQUEST: "No desk has ever heard of this request.",
    FaultCode.NOT_SERVED: "Known by name, not served by this version.",
    FaultCode.WRONG_DESK: "Served by another desk, or meant for another instance.",
    FaultCode.UNKNOWN_FIELD: "The request has no such field; the nearest one is suggested.",
    FaultCode.MISSING_FIELD: "A field that the request needs is absent.",
    FaultCode.BAD_VALUE: "Wrong type, out of range, not finite, or not one of the choices.",
    FaultCode.UNSUPPORTED_VERSION: "The order speaks a newer version of the language than the desk.",
    FaultCode.CONFLICT: "This id was used before, for another order.",
    FaultCode.TOO_OLD: "The id is older than what the desk remembers; it may have been done already.",
    FaultCode.EXPIRED: "The order's time had passed when it came.",
    FaultCode.UNKNOWN_ORDER: "No order with this id at this desk.",
    FaultCode.ILLEGAL_MOVE: "An order in this state cannot be moved that way.",
    FaultCode.FORBIDDEN: "This identity may not ask this.",
    FaultCode.NO_ROOM: "The desk cannot store (disk full, database away): nothing was accepted.",
    FaultCode.STOPPING: "The desk is finishing its work and takes no more.",
    FaultCode.INTERNAL: "A defect of ours; the desk's log has the details.",
}


def faults_page() -> str:
    """Return the page of every fault code."""
    rows = [(str(int(code)), f"``{code.name}``", CODES[code]) for code in FaultCode]
    return "\n".join(
        [
            title("Faults", "="),
            "What a desk will not take it refuses with an XML-RPC fault: one of these codes, and one sentence that\n"
            "names the field, its value, and what is allowed. Nothing was stored. The numbers are never reused.\n",
            table(("Code", "Name", "Meaning"), rows, "10 30 60"),
            "``NO_ROOM``, ``STOPPING`` and ``INTERNAL`` pass: the same order may be sent again later, unchanged.\n"
            "All others are for good; a courier that meets one parks the order, visibly, until somebody looks.\n",
        ]
    )
