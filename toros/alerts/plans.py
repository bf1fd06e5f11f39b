"""What a telescope can observe in the night that is coming: what, when, for how long, and why not the rest."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from toros.clock import iso
from toros.sky.limits import Limits
from toros.sky.site import Site

if TYPE_CHECKING:
    from toros.sky.span import Span
    from toros.sky.visibility import Night

__all__ = ["Aim", "Observatory", "Plan", "PlannedTarget", "coming_night", "plan_night"]

STEP = 5.0  # minutes
TOLD = 20  # reasons that are told, of the most probable that are left out
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Observatory:
    """A telescope, where it stands, and what it can point at.

    Attributes
    ----------
    name : str
    site : Site
    limits : Limits
    field_width, field_height : float
        Of its field of view; degrees.
    """

    name: str
    site: Site
    limits: Limits = field(default_factory=Limits)
    field_width: float = 1.0
    field_height: float = 1.0

    @property
    def reach(self) -> tuple[float, float]:
        """Least and greatest declination of what its limits allow and its horizon ever shows; degrees."""
        low, (least, most) = 90.0 - max(self.limits.lowest, self.site.lowest_horizon), self.limits.declination
        south, north = max(least, self.site.latitude - low), min(most, self.site.latitude + low)
        return (south, north) if south < north else (least, most)


@dataclass(frozen=True)
class Aim:
    """Something that could be observed.

    Attributes
    ----------
    name : str
    ra, dec : float
        ICRS; degrees.
    probability : float
        That it is the host, or that the event is in the field.
    reasons : tuple of str
        Why so probable, in words.
    distance, luminosity : float or None
        Of a galaxy; Mpc, 1e10 of the sun's in B.
    """

    name: str
    ra: float
    dec: float
    probability: float
    reasons: tuple[str, ...] = ()
    distance: float | None = None
    luminosity: float | None = None


@dataclass(frozen=True)
class PlannedTarget:
    """Something to observe, and when.

    Attributes
    ----------
    aim : Aim
    start, end : datetime or None
        First and last moment of the night at which it can be observed; None where that is not regarded.
    hours : float or None
        For which it can be observed.
    altitude, airmass, moon : float or None
        At its best moment; degrees above the horizon, no unit, degrees from the moon.
    """

    aim: Aim
    start: datetime | None = None
    end: datetime | None = None
    hours: float | None = None
    altitude: float | None = None
    airmass: float | None = None
    moon: float | None = None

    def reasons(self) -> list[str]:
        """Return why it is observed, in words: what it may be, and when it can be seen."""
        if self.start is None or self.end is None:
            return [*self.aim.reasons, "whether it can be seen is not regarded"]
        seen = (
            f"for {self.hours:.1f} hours from {self.start:%H:%M} to {self.end:%H:%M} UTC, "
            f"{self.altitude:.0f} degrees high at best (airmass {self.airmass:.2f}), {self.moon:.0f} from the moon"
        )
        return [*self.aim.reasons, seen]

    def plain(self) -> dict[str, Any]:
        """Return it as plain values with their units in their names; what is not known is left out."""
        values: dict[str, Any] = {
            "name": self.aim.name, "ra": self.aim.ra, "dec": self.aim.dec, "probability": self.aim.probability,
            "distance_mpc": self.aim.distance, "luminosity_1e10_lsun": self.aim.luminosity,
            "start": self.start and iso(self.start), "end": self.end and iso(self.end), "hours": self.hours,
            "altitude_deg": self.altitude, "airmass": self.airmass, "moon_deg": self.moon, "reasons": self.reasons(),
        }  # fmt: skip
        return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True)
class Plan:
    """What a telescope observes of an event.

    Attributes
    ----------
    targets : tuple of PlannedTarget
        The most probable first.
    left_out : tuple of (str, str)
        The most probable of what cannot be observed, each with the reason in a sentence.
    notes : tuple of str
        What holds for all of them, in words.
    """

    targets: tuple[PlannedTarget, ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def probability(self) -> float:
        """Of all its targets together."""
        return math.fsum(each.aim.probability for each in self.targets)

    def plain(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "probability": self.probability,
            "targets": [each.plain() for each in self.targets],
            "left_out": [{"name": name, "reason": reason} for name, reason in self.left_out],
            "notes": list(self.notes),
        }


def coming_night(observatory: Observatory, moment: datetime) -> Span:
    """Return what is left of the night at a telescope, or the next one where nothing dark is left.

    Parameters
    ----------
    observatory : Observatory
    moment : datetime
        Timezone-aware.
    """
    from toros.sky.night import night_of
    from toros.sky.span import night_span, span
    from toros.sky.times import mjd_of

    site, now = observatory.site, mjd_of(moment)
    noon = float(night_span(site, night_of(moment, site.longitude), 720.0).mjd[-1])
    if noon - now > STEP / 1440.0:
        rest = span(site, now, noon, STEP)
        if (rest.sun_altitude <= observatory.limits.sun_altitude).any():
            return rest
    return night_span(site, night_of(moment + DAY, site.longitude), STEP)


def plan_night(
    aims: Sequence[Aim], observatory: Observatory, moment: datetime, *, most: int, seconds: float, until: datetime
) -> Plan:
    """Return what a telescope can observe in the night that is coming.

    Parameters
    ----------
    aims : sequence of Aim
        The most probable first.
    observatory : Observatory
    moment : datetime
        Now; timezone-aware.
    most : int
        Targets.
    seconds : float
        For which a target must be observable.
    until : datetime
        What cannot begin before is left out.
    """
    from toros.sky.visibility import survey

    if not aims:
        return Plan()
    night = coming_night(observatory, moment)
    seen = survey(night, [aim.ra for aim in aims], [aim.dec for aim in aims], observatory.limits)
    targets: list[PlannedTarget] = []
    left_out: list[tuple[str, str]] = []
    for row, aim in enumerate(aims):
        if len(targets) == most:
            break
        planned = _planned(aim, seen, row)
        if planned is not None and _fits(planned, seconds, until):
            targets.append(planned)
        elif len(left_out) < TOLD:
            left_out.append((aim.name, _objection(planned, aim, night, observatory, seconds, until)))
    notes = () if targets else (f"nothing of it can be observed at {observatory.name} in the night that is coming",)
    return Plan(tuple(targets), tuple(left_out), notes)


def _planned(aim: Aim, seen: Night, row: int) -> PlannedTarget | None:
    """Return a target with its window; None where it has none."""
    from toros.sky.times import datetime_of

    if not seen.hours[row] > 0.0:
        return None
    return PlannedTarget(
        aim, datetime_of(float(seen.first[row])), datetime_of(float(seen.last[row])),
        *(round(float(column[row]), 3) for column in
          (seen.hours, seen.best_altitude, seen.best_airmass, seen.moon_separation)),
    )  # fmt: skip


def _fits(planned: PlannedTarget, seconds: float, until: datetime) -> bool:
    return (planned.hours or 0.0) * 3600.0 >= seconds and planned.start is not None and planned.start <= until


def _objection(
    planned: PlannedTarget | None, aim: Aim, night: Span, observatory: Observatory, seconds: float, until: datetime
) -> str:
    """Return why something is left out, as a sentence."""
    from toros.sky.reasons import why_not

    if planned is None or planned.start is None:
        return why_not(night, (aim.ra, aim.dec), observatory.limits, aim.name) or f"{aim.name} has no window."
    if planned.start > until:
        return f"{aim.name} can be observed from {planned.start:%Y-%m-%d %H:%M} UTC on, after the orders expire."
    minutes = 60.0 * (planned.hours or 0.0)
    return f"{aim.name} can be observed for {minutes:.0f} minutes only, and {seconds / 60.0:.0f} are needed."
