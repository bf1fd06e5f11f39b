"""One alert in two formats: a sender may write the same as a VOEvent and as JSON, and each comes by its own route."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

__all__ = ["Voiced", "twin_of"]

TOGETHER = timedelta(seconds=1)  # one format may cut what another rounds
ALIKE = 1e-3  # of a rate of false alarms, which one format may write with fewer digits


class Voiced(Protocol):
    """What of an alert tells its twin; `Alert` has it all."""

    @property
    def event(self) -> str: ...
    @property
    def alert_type(self) -> str: ...
    @property
    def time_created(self) -> datetime | None: ...
    @property
    def far(self) -> float | None: ...
    @property
    def significant(self) -> bool | None: ...
    @property
    def coincident(self) -> bool: ...
    @property
    def formats(self) -> tuple[str, ...]: ...


T = TypeVar("T", bound=Voiced)


def twin_of(alert: Voiced, earlier: Iterable[T]) -> T | None:
    """Return the earlier alert that says the same in another format; None where there is none.

    Two alerts in one format are two, however much they resemble each other: an event may have several of one type in
    the same second. So each has at most one twin in each other format.

    Parameters
    ----------
    alert : Voiced
        What arrived; in one format.
    earlier : iterable of Voiced
        What arrived before about the same event, each with all formats in which it came.
    """
    return next((each for each in earlier if not set(alert.formats) & set(each.formats) and _alike(alert, each)), None)


def _alike(one: Voiced, other: Voiced) -> bool:
    return (
        (one.event, one.alert_type, one.coincident) == (other.event, other.alert_type, other.coincident)
        and one.time_created is not None and other.time_created is not None
        and abs(one.time_created - other.time_created) <= TOGETHER
        and (None in (one.significant, other.significant) or one.significant == other.significant)
        and (one.far is None or other.far is None or math.isclose(one.far, other.far, rel_tol=ALIKE))
    )  # fmt: skip
