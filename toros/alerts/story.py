"""The life of an event: its alerts in the order in which they were written, and what stands of them now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from graphlib import CycleError, TopologicalSorter
from heapq import heappop, heappush
from typing import Generic, Protocol, TypeVar

from toros.alerts.alert import TYPES

__all__ = ["Effect", "Story", "Told", "effect_of", "tell_story"]

UNDATED = datetime.max.replace(tzinfo=UTC)  # an alert without a time stands where it arrived, behind the dated ones


class Told(Protocol):
    """What of an alert its story needs; `Alert` has it all, and so may the row of a table."""

    @property
    def event(self) -> str: ...
    @property
    def alert_type(self) -> str: ...
    @property
    def content_hash(self) -> str: ...
    @property
    def ivorn(self) -> str: ...
    @property
    def serial(self) -> int | None: ...
    @property
    def cites(self) -> tuple[str, ...]: ...
    @property
    def time_created(self) -> datetime | None: ...
    @property
    def significant(self) -> bool | None: ...
    @property
    def meaning(self) -> str: ...


T = TypeVar("T", bound=Told)


class Effect(StrEnum):
    """What an alert does to the story that it joins."""

    FIRST = "first"  # the event was not known
    UPDATE = "update"  # it supersedes what stood, and means something else
    SAME = "same"  # it supersedes what stood, and means the same: nothing is to be done
    RETRACTION = "retraction"  # it takes back everything before it
    REVIVAL = "revival"  # it was written after a retraction: the event counts again
    LATE = "late"  # it was written before what stands: nothing changes
    DUPLICATE = "duplicate"  # it is there already


@dataclass(frozen=True)
class Story(Generic[T]):
    """The alerts of one event.

    Attributes
    ----------
    alerts : tuple
        In the order in which they were written, each once.
    """

    alerts: tuple[T, ...]

    @property
    def retracted(self) -> bool:
        """True where the event is taken back, and nothing written since revives it."""
        return bool(self.alerts) and self.alerts[-1].alert_type == "RETRACTION"

    @property
    def standing(self) -> T | None:
        """The alert that counts now; None where there is none or the event is retracted."""
        return self.alerts[-1] if self.alerts and not self.retracted else None

    @property
    def taken_back(self) -> tuple[T, ...]:
        """The alerts that the latest retraction takes back: all that were written before it."""
        last = max((at for at, each in enumerate(self.alerts) if each.alert_type == "RETRACTION"), default=0)
        return tuple(each for each in self.alerts[:last] if each.alert_type != "RETRACTION")

    @property
    def superseded(self) -> tuple[T, ...]:
        """The alerts that the standing one replaces, those that were retracted left out."""
        gone = {each.content_hash for each in self.taken_back}
        return tuple(
            each for each in self.alerts[:-1] if each.alert_type != "RETRACTION" and each.content_hash not in gone
        )

    @property
    def expires_by_itself(self) -> bool:
        """True where no retraction will ever come, since the standing alert is not significant: orders must expire."""
        return self.standing is not None and self.standing.significant is False


def tell_story(alerts: Iterable[T]) -> Story[T]:
    """Return the story of one event.

    What its sender counts (serial numbers) or says (citations) decides which alert follows which; else the time of
    writing, the type of alert, and the arrival, in this order.

    Parameters
    ----------
    alerts : iterable
        As they arrived; some perhaps twice.

    Raises
    ------
    ValueError
        They are about several events.
    """
    each_once = list({each.content_hash: each for each in reversed(list(alerts))}.values())[::-1]
    events = {each.event for each in each_once}
    if len(events) > 1:
        raise ValueError(f"a story is of one event, not of {', '.join(sorted(events))}")
    return Story(tuple(each_once[number] for number in _order(each_once)))


def effect_of(alert: T, earlier: Sequence[T]) -> Effect:
    """Return what an alert does to the story of those that arrived before it.

    Parameters
    ----------
    alert : Told
        What arrived.
    earlier : sequence
        All that arrived before about the same event.
    """
    if any(each.content_hash == alert.content_hash for each in earlier):
        return Effect.DUPLICATE
    before, after = tell_story(earlier), tell_story([*earlier, alert])
    if after.alerts[-1].content_hash != alert.content_hash:
        return Effect.LATE
    if after.retracted:
        return Effect.SAME if before.retracted else Effect.RETRACTION
    if before.retracted:
        return Effect.REVIVAL
    if before.standing is None:
        return Effect.FIRST
    return Effect.SAME if before.standing.meaning == alert.meaning else Effect.UPDATE


def _order(alerts: Sequence[Told]) -> list[int]:
    """Return the numbers of the alerts in the order in which they were written."""
    keys = [_key(each, arrival) for arrival, each in enumerate(alerts)]
    sorter = TopologicalSorter({number: _before(number, alerts) for number in range(len(alerts))})
    try:
        sorter.prepare()
    except CycleError:  # citations that contradict themselves: the clock decides
        return sorted(range(len(alerts)), key=keys.__getitem__)
    ready: list[tuple[tuple[datetime, int, int], int]] = []
    ordered: list[int] = []
    while sorter.is_active():
        for number in sorter.get_ready():
            heappush(ready, (keys[number], number))
        _, number = heappop(ready)
        ordered.append(number)
        sorter.done(number)
    return ordered


def _key(alert: Told, arrival: int) -> tuple[datetime, int, int]:
    rank = TYPES.index(alert.alert_type) if alert.alert_type in TYPES else 0
    return alert.time_created or UNDATED, rank, arrival


def _before(number: int, alerts: Sequence[Told]) -> set[int]:
    """Return the alerts that must come before one: those that it cites, and those with the serial number before its."""
    alert = alerts[number]
    cited = {at for at, each in enumerate(alerts) if each.ivorn and each.ivorn in alert.cites}
    lower = [each.serial for each in alerts if _lower(each.serial, alert.serial)]
    last = max((serial for serial in lower if serial is not None), default=None)
    counted = {at for at, each in enumerate(alerts) if last is not None and each.serial == last}
    return (cited | counted) - {number}


def _lower(serial: int | None, than: int | None) -> bool:
    return serial is not None and than is not None and serial < than
