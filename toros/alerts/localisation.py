"""Where an event may have been: the map that its alert brings, or one that is made of its position and error."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from toros.alerts.alert import Alert, Place
    from toros.alerts.skymap import Skymap

__all__ = ["localised", "map_of_place"]

POINT = 10.0 / 3600.0  # degrees: the error of a position that does not say its own
SMALLEST = 1.0 / 3600.0  # degrees: no telescope of ours points better


def localised(alert: Alert, fetched: bytes | None = None) -> tuple[Skymap | None, list[str]]:
    """Return an alert's map, and what was taken for granted; None where it says nothing of a place.

    Parameters
    ----------
    alert : Alert
    fetched : bytes, optional
        The map that it names by its address.

    Raises
    ------
    Permanent
        Its map cannot be read.
    """
    from toros.alerts.skymap import read_skymap

    if alert.best_skymap is not None:
        skymap = read_skymap(alert.best_skymap)
        if alert.coincidence is None or alert.coincidence.skymap is None:
            return skymap, []
        return skymap, [f"the map is the one combined with {alert.coincidence.observatory or 'another observatory'}'s"]
    if fetched is not None:
        return read_skymap(fetched), []
    notes = [f"its map lies at {alert.best_skymap_url} and was not fetched"] if alert.best_skymap_url else []
    if alert.place is None:
        return None, [*notes, "the alert brings no map and no position: there is no place to observe"]
    return map_of_place(alert.place), [*notes, _words(alert.place)]


def map_of_place(place: Place) -> Skymap:
    """Return the map of a position with its error."""
    from toros.alerts.shapes import circle_map, ellipse_map

    radius = max(place.radius or POINT, SMALLEST)
    containment = min(max(place.containment, 0.01), 0.999)
    if place.minor is None or place.minor >= radius:
        return circle_map(place.ra % 360.0, place.dec, radius, containment)
    minor = max(place.minor, SMALLEST, radius / 200.0)
    return ellipse_map(place.ra % 360.0, place.dec, radius, minor, place.angle or 0.0, containment)


def _words(place: Place) -> str:
    if not place.radius:
        return "the alert brings no map, and a position without its error: 10 arcseconds are taken"
    if place.minor is not None:
        return f"the alert brings no map: it is made of an ellipse of {place.radius:.3g} by {place.minor:.3g} degrees"
    return f"the alert brings no map: it is made of a circle of {place.radius:.3g} degrees"
