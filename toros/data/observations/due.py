"""When somebody must look at an observation next."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from toros.data.observations.cadences import Last, Rule, next_look
from toros.data.observations.facilities.base import Facility
from toros.data.observations.life import TERMINAL
from toros.data.observations.moments import moment, text

if TYPE_CHECKING:
    from toros.data.tables import Cadence, Observation

__all__ = ["POLL", "can_be_asked", "due_of", "handed_over", "rule_of"]

POLL = timedelta(minutes=5)  # between two questions about one observation
SOON = timedelta(seconds=10)  # between two questions whether one was taken back


def rule_of(cadence: Cadence) -> Rule:
    """Return the rule that a row says."""
    return Rule(cadence.strategy, cadence.hours, moment(cadence.until) if cadence.until else None, cadence.most)


def handed_over(facility: Facility[Any], observation: Observation) -> bool:
    """Return whether the facility has the observation."""
    return facility.keeps_windows or observation.facility_id is not None


def can_be_asked(facility: Facility[Any], observation: Observation) -> bool:
    """Return whether the facility tells how this observation stands when it is asked."""
    return facility.can_be_asked and observation.facility_id is not None


def due_of(
    facility: Facility[Any], observation: Observation, now: datetime, rule: Rule | None, *, count: int
) -> str | None:
    """Return when somebody must look at an observation next; None where never again by itself.

    Parameters
    ----------
    rule : Rule or None
        Of its cadence, where that still holds and nothing follows on the observation yet.
    count : int
        Observations of that cadence.
    """
    if observation.status in TERMINAL:
        return text(now) if rule is not None else None
    start = moment(observation.window_start) if observation.window_start else None
    end = moment(observation.window_end) if observation.window_end else None
    looks: list[datetime | None] = []
    if not handed_over(facility, observation):
        looks.append(start or now)
    elif can_be_asked(facility, observation):
        looks.append(now + (SOON if observation.cancel_asked else POLL))
    else:
        looks.append(end)
    if rule is not None:
        last = Last(observation.status, start or moment(observation.created), end, count)
        looks.append(next_look(rule, last, now))
    return text(min((look for look in looks if look is not None), default=None))
