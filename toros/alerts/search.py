"""One map, searched for what each telescope could observe of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from toros.alerts.candidates import Candidate, Ranking
from toros.alerts.plans import Aim, Observatory, Plan, PlannedTarget, plan_night
from toros.alerts.policy import MapFacts, Rule
from toros.errors import TorosError

if TYPE_CHECKING:
    from toros.alerts.galaxies import Galaxies
    from toros.alerts.ranking import Weight
    from toros.alerts.skymap import Skymap

__all__ = ["Search"]

REACH = 0.01  # of the region's probability must lie where the catalogue reaches, else no galaxy of it is trusted
RANKED = 500  # galaxies of which it is asked whether they can be seen
LAID = 400  # fields that are laid where a telescope asks for a few, since many will not be up


class Search:
    """One map, searched for what to observe; galaxies are ranked once for every way to weigh them.

    Parameters
    ----------
    event : str
        Whose map it is.
    skymap : Skymap or None
    store : Path or None
        The galaxies' store; OpenNGC's without one.
    level, max_distance : float
        As in `assess_file`.
    notes : list of str
        Grows with what is taken for granted.

    Attributes
    ----------
    facts : MapFacts
        What rules ask of the map.
    """

    def __init__(
        self, event: str, skymap: Skymap | None, store: Path | None, level: float, max_distance: float, notes: list[str]
    ) -> None:
        self.map, self.notes = skymap, notes
        self._event, self._store = event, store
        self._level, self._max_distance = level, max_distance
        self._rankings: dict[Weight, Ranking] = {}
        self.facts = MapFacts()
        if skymap is not None:
            self._region = skymap.region(level)
            area = skymap.area(self._region)
            self.facts = MapFacts(area, skymap.distance_mean, skymap.distance_std)

    def best(self) -> Ranking:
        """Return the galaxies in the first way in which somebody asked for them, else by the map alone."""
        ranking = next(iter(self._rankings.values()), None)
        return self._ranking("none") if ranking is None else ranking

    def plan(self, observatory: Observatory, rule: Rule, moment: datetime, most: int | None = None) -> Plan:
        """Return what a telescope observes of the map."""
        wanted = rule.wanted
        most = most or wanted.targets
        aims = self._aims(observatory, rule, most)
        if not aims:
            return Plan(notes=(self._nothing(observatory, rule),))
        if wanted.visibility == "ignore":
            return Plan(tuple(PlannedTarget(aim) for aim in aims[:most]), notes=("visibility is not regarded",))
        seconds = (wanted.exposure_time or 0.0) * (wanted.exposures or 1)
        until = moment + timedelta(hours=wanted.validity or 24.0)
        return plan_night(aims, observatory, moment, most=most, seconds=seconds, until=until)

    def _nothing(self, observatory: Observatory, rule: Rule) -> str:
        """Return why there is nothing to observe, as a sentence."""
        if self.map is None:
            return "there is no place to observe"
        if rule.wanted.search == "galaxies":
            return "no galaxy of the catalogue fits the map"
        south, north = observatory.reach
        return (
            f"nothing probable is within the declinations of {observatory.name}, {south:+.0f} to {north:+.0f} degrees"
        )

    def _aims(self, observatory: Observatory, rule: Rule, most: int) -> list[Aim]:
        """Return what could be observed, the most probable first: galaxies, or fields of the telescope's size."""
        if self.map is None:
            return []
        if rule.wanted.search != "fields":
            small = (self.facts.area or 0.0) <= observatory.field_width * observatory.field_height
            if small and not self.map.has_distance:
                return [Aim(self._event, *self.map.peak, self._level, ("its position, the error is within one field",))]
            ranking = (
                self._ranking(rule.wanted.weight) if self.map.has_distance or rule.wanted.search == "galaxies" else ()
            )
            if ranking or rule.wanted.search == "galaxies":
                return [_aim_of(each) for each in ranking]
        return self._fields(observatory, most)

    def _fields(self, observatory: Observatory, most: int) -> list[Aim]:
        from toros.alerts.tiling import tile_map
        from toros.sky.field_grid import FieldGrid

        assert self.map is not None
        grid = FieldGrid(observatory.field_width, observatory.field_height, declination=observatory.reach)
        tiling = tile_map(self.map, grid, coverage=self._level, most=max(LAID, most), level=self._level)
        return [
            Aim(f"{self._event} field {tile.number}", tile.ra % 360.0, tile.dec, tile.probability,
                (f"{100 * tile.probability:.1f} % of the probability, {100 * tile.reached:.0f} % with those before",))
            for tile in tiling.tiles
        ]  # fmt: skip

    def _ranking(self, weight: Weight) -> Ranking:
        """Return the galaxies, ranked in one way."""
        if weight not in self._rankings:
            self._rankings[weight] = self._ranked(weight)
        return self._rankings[weight]

    def _ranked(self, weight: Weight) -> Ranking:
        from toros.alerts.ranking import rank_galaxies

        assert self.map is not None
        near = self.map.nearer_than(self._max_distance, self._region) if self.map.has_distance else 1.0
        if near < REACH:
            self.notes.append(
                f"too far for the catalogue: {100 * near:.2g} % of the region's probability is within "
                f"{self._max_distance:g} Mpc"
            )
            return Ranking()
        catalogue = self._catalogue()
        if weight != "none" and catalogue.about["typical"][weight] is None:
            self.notes.append(f"{catalogue.catalogue} knows no {weight} of galaxies: they are not weighed")
            weight = "none"
        return rank_galaxies(
            self.map,
            catalogue,
            level=self._level,
            max_distance=self._max_distance,
            weight=weight,
            top=RANKED,
        )

    def _catalogue(self) -> Galaxies:
        """Return the galaxies; OpenNGC's where there are no others, for an alert does not wait."""
        from toros.alerts.galaxies import open_ngc, open_store

        if self._store is None:
            return open_ngc()
        try:
            return open_store(self._store)
        except TorosError as error:
            self.notes.append(f"{error}: OpenNGC is ranked instead")
            return open_ngc()


def _aim_of(galaxy: Candidate) -> Aim:
    return Aim(
        galaxy.name, galaxy.ra, galaxy.dec, galaxy.share, tuple(galaxy.reasons()), galaxy.distance, galaxy.luminosity
    )
