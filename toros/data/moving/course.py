"""How far one part of a move has come: after a crash it goes on behind what was durable."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from toros.data.targets.importing.journal import Journal
from toros.data.targets.importing.problems import Problem

__all__ = ["Part"]


class Part:
    """One part of a move, such as the observations.

    Parameters
    ----------
    journal : Journal
        Of the whole move; it is told of every step when that is durable.
    name : str
    """

    def __init__(self, journal: Journal, name: str) -> None:
        self._journal = journal
        self._told = journal.progress.parts.setdefault(name, {})

    @property
    def after(self) -> int:
        """The `id` in the source up to which all is done."""
        return self._told.get("after", 0)

    @property
    def counts(self) -> dict[str, int]:
        """How many were new, the same, revised and refused."""
        return {name: count for name, count in self._told.items() if name != "after"}

    def begin(self, *names: str) -> None:
        """Let these be counted from zero on."""
        for name in (*names, "refused"):
            self._told.setdefault(name, 0)

    def done(self, after: int, counts: Counter[str], problems: Iterable[Problem]) -> None:
        """Remember one more step."""
        found = list(problems)
        for name, count in (*counts.items(), ("refused", len(found))):
            self._told[name] = self._told.get(name, 0) + count
        self._told["after"] = max(after, self.after)
        self._journal.done(0, Counter(), found)
