"""Who remembers what of a batch is finished, so that nothing is done twice."""

from __future__ import annotations

from typing import Protocol

from toros.reduction.product import Made

__all__ = ["Journal", "NoJournal"]


class Journal(Protocol):
    """Remembers each product as it is finished."""

    def recall(self, key: str, recipe: str) -> Made | None:
        """Return the product of this key, where it was made by this very recipe; it may be gone or damaged."""
        ...

    def finished(self, key: str, recipe: str, made: Made) -> None:
        """Remember a product."""
        ...

    def failed(self, key: str, reason: str) -> None:
        """Remember that a product could not be made."""
        ...


class NoJournal:
    """Remembers nothing."""

    def recall(self, key: str, recipe: str) -> Made | None:  # noqa: ARG002
        """Return None."""
        return None

    def finished(self, key: str, recipe: str, made: Made) -> None:
        """Forget."""

    def failed(self, key: str, reason: str) -> None:
        """Forget."""
