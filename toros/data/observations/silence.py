"""When an observation is given up of which its facility tells nothing."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from toros.data.observations.facilities.base import Report
from toros.data.observations.life import Status
from toros.data.observations.moments import moment

if TYPE_CHECKING:
    from toros.data.tables import Observation

__all__ = ["GRACE", "PATIENCE", "given_up"]

GRACE = timedelta(hours=1)  # beside the time that it takes, once its window is over
PATIENCE = timedelta(days=3)  # where it has no window: a long weekend without a network


def given_up(observation: Observation, since: str, now: datetime, *, unknown: bool) -> Report:
    """Return the end of an observation whose facility has been silent for long enough; nothing new before.

    It ends as one that nobody could observe in time, or as taken back where that was asked for. Either may still
    become COMPLETED: a telescope that comes back may have observed it all the same.

    Parameters
    ----------
    since : str
        When the facility was first silent, and has been ever since; UTC, ISO 8601.
    unknown : bool
        It does answer, and does not know the observation.
    """
    end = observation.window_end
    if now < _patience(since, end, observation.seconds):
        return Report()
    silence = "does not know of it, as at every question" if unknown else "has told nothing of it"
    what = "it was taken back" if observation.cancel_asked else "its window is over" if end else "nobody observed it"
    status = Status.CANCELED if observation.cancel_asked else Status.WINDOW_EXPIRED
    return Report(status, note=f"{what}, and {observation.facility} {silence} since {since}")


def _patience(since: str, end: str | None, seconds: float) -> datetime:
    """Return until when something may still be heard: what begins at the end of a window takes its time."""
    if end is None:
        return moment(since) + PATIENCE
    return max(moment(since), moment(end) + timedelta(seconds=seconds)) + GRACE
