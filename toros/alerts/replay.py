"""What the rules would have done about alerts of the past, one after the other; nothing is ordered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from toros.alerts.assessment import Assessment, assess_file
from toros.alerts.reading import content_of, read_alert
from toros.alerts.story import Effect, effect_of
from toros.alerts.telescopes import followers_of
from toros.alerts.twins import twin_of

if TYPE_CHECKING:
    from toros.alerts.alert import Alert
    from toros.config import Config

__all__ = ["Replayed", "replayed"]


@dataclass(frozen=True)
class Replayed:
    """One alert of the past.

    Attributes
    ----------
    file : Path
    alert : Alert
    effect : Effect
        What it did to the story of those before it.
    moment : datetime
        For which the night was planned.
    assessment : Assessment
    """

    file: Path
    alert: Alert
    effect: Effect
    moment: datetime
    assessment: Assessment


def replayed(
    files: Sequence[Path], config: Config, moment: datetime | None = None, skymap: Path | None = None
) -> Iterator[Replayed]:
    """Yield what every telescope would have done about each alert, in the order given.

    Parameters
    ----------
    files : sequence of Path
        Alerts in any format that is understood.
    config : Config
        Whose rules; see `followers_of`.
    moment : datetime, optional
        When they are received; each when it was written, without one.
    skymap : Path, optional
        The map of those that only name one.

    Raises
    ------
    Permanent
        An alert or its map cannot be read.
    """
    earlier: dict[str, list[Alert]] = {}
    settings = config.alerts
    for file in files:
        alert = read_alert(content_of(file))
        when = moment or alert.time_created or datetime.now().astimezone()
        alert = replace(alert, time_created=alert.time_created or when)
        before = earlier.setdefault(alert.event, [])
        effect = _effect(alert, before, skymap)
        if effect is not Effect.DUPLICATE:
            before.append(alert)
        named = skymap if alert.best_skymap_url else None
        assessment = assess_file(
            file, followers_of(config), effect, when, skymap=named, level=settings.credible_level,
            max_distance=settings.max_distance, galaxies=config.galaxy_store(settings.catalogue),
        )  # fmt: skip
        yield Replayed(file, alert, effect, when, assessment)


def _effect(alert: Alert, before: Sequence[Alert], skymap: Path | None) -> Effect:
    """Return what an alert does to the story; the same in another format does nothing, unless only it has the map."""
    twin = twin_of(alert, before)
    has_map = twin is not None and (twin.is_retraction or skymap or twin.best_skymap or not alert.best_skymap)
    return Effect.DUPLICATE if has_map else effect_of(alert, before)
