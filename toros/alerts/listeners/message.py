"""What a listener hands over, and what may go wrong on the way."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from toros.errors import Temporary

__all__ = ["ConnectionLost", "Message"]


class ConnectionLost(Temporary):
    """The source does not answer any more: connect again after a while."""


@dataclass(frozen=True)
class Message:
    """One thing that a source has sent.

    Attributes
    ----------
    content : bytes
        The alert as it came; empty for a heartbeat.
    topic : str
        Kafka's topic; empty elsewhere.
    partition, offset : int or None
        Where Kafka keeps it.
    name : str
        What the source itself calls it: the IVORN, the file's name.
    heartbeat : bool
        Only a sign of life: nothing to keep.
    file : Path or None
        Where the folder has it.
    """

    content: bytes
    topic: str = ""
    partition: int | None = None
    offset: int | None = None
    name: str = ""
    heartbeat: bool = False
    file: Path | None = None
