"""What an alert means for us: where to look, which galaxy it may have been, and why."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toros.alerts.candidates import Candidate, Ranking
from toros.alerts.reading import content_of, read_alert
from toros.errors import TorosError

if TYPE_CHECKING:
    from toros.alerts.alert import Alert
    from toros.alerts.galaxies import Galaxies
    from toros.alerts.skymap import Skymap

__all__ = ["Assessment", "assess_alert"]

REACH = 0.01  # of the region's probability must lie where the catalogue reaches, else no galaxy of it is trusted
KEPT = 8  # candidates that are told

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Assessment:
    """Where to look after an alert.

    Attributes
    ----------
    area : float or None
        Size of the credible region; square degrees. None where the alert brings no map.
    distance, distance_error : float or None
        Of the event, over the whole map; Mpc.
    place : tuple of float or None
        What to observe: the best galaxy, or the most probable place; ICRS, degrees.
    galaxy : Candidate or None
        The galaxy at that place.
    candidates : tuple of Candidate
        The best galaxies, the most probable first.
    notes : tuple of str
        What was guessed or could not be done, in plain words.
    plotted : bool
        Whether the picture was drawn.
    """

    area: float | None = None
    distance: float | None = None
    distance_error: float | None = None
    place: tuple[float, float] | None = None
    galaxy: Candidate | None = None
    candidates: tuple[Candidate, ...] = ()
    notes: tuple[str, ...] = ()
    plotted: bool = False

    def plain(self) -> dict[str, Any]:
        """Return what was found as plain values with their units in their names; what is not known is left out."""
        best = self.galaxy
        found: dict[str, Any] = {
            "galaxy": best.name if best else None,
            "ra": self.place[0] if self.place else None,
            "dec": self.place[1] if self.place else None,
            "distance_mpc": best.distance if best else None,
            "probability": best.share if best else None,
            "area_deg2": self.area,
            "map_distance_mpc": self.distance,
            "map_distance_error_mpc": self.distance_error,
            "candidates": [each.plain() for each in self.candidates],
        }
        return {name: value for name, value in found.items() if value is not None}


def assess_alert(
    file: Path, plot: Path, *, level: float = 0.9, max_distance: float = 500.0, galaxies: Path | None = None
) -> Assessment:
    """Read an alert and its map, rank galaxies, draw the picture; the heavy part of an alert, for a child process.

    Parameters
    ----------
    file : Path
        The alert, in any format that is understood.
    plot : Path
        Where the picture goes.
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
    from toros.alerts.ranking import rank_galaxies
    from toros.alerts.skymap import read_skymap

    alert = read_alert(content_of(file))
    if alert.best_skymap is None:
        return Assessment(notes=("the alert brings no map: there is no place to observe",))
    skymap = read_skymap(alert.best_skymap)
    region = skymap.region(level)
    notes = _notes_on(alert)
    near = skymap.nearer_than(max_distance, region)
    ranking = Ranking()
    if near < REACH:
        notes.append(
            f"too far for the catalogue: {100 * near:.2g} % of the region's probability is within {max_distance:g} Mpc"
        )
    else:
        ranking = rank_galaxies(skymap, _catalogue(galaxies, notes), level=level, max_distance=max_distance)
    if not ranking:
        notes.append("no galaxy of the catalogue fits: the most probable place is observed instead")
    best = ranking[0] if ranking else None
    place = (best.ra, best.dec) if best else skymap.peak
    area = skymap.area(region)
    plotted = _plotted(alert, skymap, ranking, plot, place, f"{100 * level:.0f} % region {area:,.0f} deg²")
    if not plotted:
        notes.append("the picture of the sky could not be drawn; the log says why")
    return Assessment(
        area, skymap.distance_mean, skymap.distance_std, place, best, ranking[:KEPT], tuple(notes), plotted
    )


def _notes_on(alert: Alert) -> list[str]:
    if alert.coincidence is None or alert.coincidence.skymap is None:
        return []
    return [f"the map is the one combined with {alert.coincidence.observatory or 'another observatory'}'s"]


def _catalogue(store: Path | None, notes: list[str]) -> Galaxies:
    """Return the galaxies; OpenNGC's where there are no others, for an alert does not wait."""
    from toros.alerts.galaxies import open_ngc, open_store

    if store is None:
        return open_ngc()
    try:
        return open_store(store)
    except TorosError as error:
        notes.append(f"{error}: OpenNGC is ranked instead")
        return open_ngc()


def _plotted(
    alert: Alert, skymap: Skymap, candidates: Sequence[Candidate], plot: Path, place: tuple[float, float], words: str
) -> bool:
    """Draw the picture; return whether it worked: no picture ever holds up an observation."""
    from toros.alerts.skyplot import plot_sky

    distance = "no distance"
    if skymap.distance_mean is not None:
        distance = f"distance {skymap.distance_mean:,.0f} ± {skymap.distance_std or 0:,.0f} Mpc"
    likely = max(alert.classification, key=lambda kind: alert.classification[kind], default=alert.group)
    written = f"{alert.time_created:%Y-%m-%d %H:%M:%S} UTC" if alert.time_created else "undated"
    subtitle = f"{written} · {words} · {distance} · {likely}"
    title = f"{alert.event}  {alert.alert_type.lower()}{'  (mock)' if alert.is_mock else ''}"
    try:
        plot_sky(skymap, candidates, plot, title=title, subtitle=subtitle, target=place)
    except Exception:  # noqa: BLE001 - a font or a full disk: the observation goes on without its picture
        log.exception("the picture of %s could not be drawn", alert.event)
        return False
    return True
