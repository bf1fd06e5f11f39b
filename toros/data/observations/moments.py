"""Times as the tables keep them, and as one computes with them."""

from __future__ import annotations

from datetime import UTC, datetime

from toros.clock import iso

__all__ = ["moment", "text"]


def moment(text: str) -> datetime:
    """Return a time of the tables as a datetime; UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def text(moment: datetime | None) -> str | None:
    """Return a time as the tables keep it; None stays None."""
    return None if moment is None else iso(moment)
