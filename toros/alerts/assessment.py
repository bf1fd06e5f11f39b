"""What an alert means for us: where it may have been, and what each telescope does about it, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toros.alerts.candidates import Candidate
from toros.alerts.plans import Observatory, Plan
from toros.alerts.policy import Decision, MapFacts, Rule
from toros.alerts.search import Search
from toros.alerts.story import Effect

if TYPE_CHECKING:
    from toros.alerts.alert import Alert, Place

__all__ = ["PASSED_BY", "Assessment", "FollowUp", "assess_file", "assess_place", "assess_spooled"]

PASSED_BY = (Effect.RETRACTION, Effect.SAME, Effect.LATE, Effect.DUPLICATE)  # alerts of which no map is looked at
KEPT = 8  # candidates that are told


@dataclass(frozen=True)
class FollowUp:
    """What one telescope does about an alert."""

    telescope: str
    decision: Decision
    plan: Plan = Plan()

    def plain(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "observe": self.decision.observe and bool(self.plan.targets),
            "dry_run": self.decision.dry_run,
            "reasons": list(self.decision.reasons),
        } | (self.plan.plain() if self.decision.observe else {})


@dataclass(frozen=True)
class Assessment:
    """What an alert means.

    Attributes
    ----------
    facts : MapFacts
    place : tuple of float or None
        The best galaxy, or the most probable place; ICRS, degrees.
    candidates : tuple of Candidate
        The best galaxies, the most probable first.
    left_out : tuple of (str, str)
        The brightest galaxies of the region that are no candidates, and why.
    follow_ups : tuple of FollowUp
        What each telescope does.
    notes : tuple of str
        What was guessed or could not be done, in plain words.
    """

    facts: MapFacts = MapFacts()
    place: tuple[float, float] | None = None
    candidates: tuple[Candidate, ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()
    follow_ups: tuple[FollowUp, ...] = ()
    notes: tuple[str, ...] = ()

    def plain(self) -> dict[str, Any]:
        """Return what was found as plain values with their units in their names; what is not known is left out."""
        best = self.candidates[0] if self.candidates else None
        found: dict[str, Any] = {
            "galaxy": best.name if best else None,
            "ra": self.place[0] if self.place else None,
            "dec": self.place[1] if self.place else None,
            "distance_mpc": best.distance if best else None,
            "probability": best.share if best else None,
            "area_deg2": self.facts.area,
            "map_distance_mpc": self.facts.distance,
            "map_distance_error_mpc": self.facts.distance_error,
            "candidates": [each.plain() for each in self.candidates[:KEPT]],
            "left_out": [{"name": name, "reason": reason} for name, reason in self.left_out[:KEPT]],
            "telescopes": {each.telescope: each.plain() for each in self.follow_ups},
        }
        return {name: value for name, value in found.items() if value is not None}


def assess_file(
    file: Path,
    followers: Sequence[tuple[Observatory, Rule]],
    effect: Effect,
    moment: datetime,
    *,
    topic: str = "",
    mock: bool = False,
    skymap: Path | None = None,
    level: float = 0.9,
    max_distance: float = 500.0,
    galaxies: Path | None = None,
) -> Assessment:
    """Read an alert and its map, and say what every telescope does about it; the heavy part, for a child process.

    Parameters
    ----------
    file : Path
        The alert, in any format that is understood.
    followers : sequence of (Observatory, Rule)
    effect : Effect
        What the alert does to the story of its event.
    moment : datetime
        Now, timezone-aware: the night that is coming is planned.
    topic : str
        The Kafka topic that carried it.
    mock : bool
        Nothing happened, whatever the alert says.
    skymap : Path, optional
        The map that the alert only names, fetched.
    level : float
        Probability of the region that is searched; 0 to 1.
    max_distance : float
        Galaxies up to here; Mpc.
    galaxies : Path, optional
        The store of galaxies; OpenNGC's without one, and where it cannot be opened.

    Raises
    ------
    Permanent
        The alert or its map cannot be read.
    """
    from toros.alerts.localisation import localised
    from toros.alerts.reading import content_of, read_alert

    alert = read_alert(content_of(file), topic=topic)
    alert = replace(alert, is_mock=mock or alert.is_mock or alert.is_test)
    fetched = skymap.read_bytes() if skymap else None
    where, notes = (None, []) if effect in PASSED_BY else localised(alert, fetched)
    search = Search(alert.event, where, galaxies, level, max_distance, notes)
    return _assessed(search, [_follow_up(search, alert, *each, effect, moment) for each in followers])


def assess_spooled(
    file: Path, followers: Sequence[tuple[Observatory, Rule]], moment: datetime, *, skymap: Path | None = None,
    level: float = 0.9, max_distance: float = 500.0, galaxies: Path | None = None, most: int | None = None,
) -> Assessment:  # fmt: skip
    """Return what every telescope could observe of an alert, whatever its rule says of it; see `assess_file`.

    Parameters
    ----------
    most : int, optional
        Targets for each telescope; as its rule says without one.
    """
    from toros.alerts.localisation import localised
    from toros.alerts.reading import content_of, read_alert

    alert = read_alert(content_of(file))
    where, notes = localised(alert, skymap.read_bytes() if skymap else None)
    return _asked(Search(alert.event, where, galaxies, level, max_distance, notes), followers, moment, most)


def assess_place(
    place: Place, followers: Sequence[tuple[Observatory, Rule]], moment: datetime, *, level: float = 0.9,
    max_distance: float = 500.0, galaxies: Path | None = None, most: int | None = None,
) -> Assessment:  # fmt: skip
    """Return what every telescope could observe of a position with an error; see `assess_spooled`."""
    from toros.alerts.localisation import map_of_place

    return _asked(Search("place", map_of_place(place), galaxies, level, max_distance, []), followers, moment, most)


def _asked(
    search: Search, followers: Sequence[tuple[Observatory, Rule]], moment: datetime, most: int | None
) -> Assessment:
    """Return what is answered to somebody who asks by hand."""
    by_hand = Decision(True, reasons=("asked by hand",))
    return _assessed(
        search, [FollowUp(one.name, by_hand, search.plan(one, rule, moment, most)) for one, rule in followers]
    )


def _follow_up(
    search: Search, alert: Alert, observatory: Observatory, rule: Rule, effect: Effect, moment: datetime
) -> FollowUp:
    """Return what one telescope does."""
    decision = rule.decide(alert, search.facts, effect)
    plan = search.plan(observatory, rule, moment) if decision.observe else Plan()
    return FollowUp(observatory.name, decision, plan)


def _assessed(search: Search, follow_ups: Sequence[FollowUp]) -> Assessment:
    """Return all that was found."""
    if search.map is None:
        return Assessment(follow_ups=tuple(follow_ups), notes=tuple(search.notes))
    ranking = search.best()
    place = (ranking[0].ra, ranking[0].dec) if ranking else search.map.peak
    left_out = tuple((each.name, each.reason) for each in ranking.left_out)
    notes = tuple(dict.fromkeys(search.notes))
    return Assessment(search.facts, place, ranking[:KEPT], left_out, tuple(follow_ups), notes)
