"""Which of our targets is which of theirs: of the same name, and at the same place."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from toros.data.moving.source import Record
from toros.data.tables import Target, TargetName
from toros.data.targets.importing.surroundings import Known
from toros.data.targets.names import is_name, key_of
from toros.sky.coordinates import separation

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from toros.data.moving.tom import TomDatabase

__all__ = ["Matching", "known_targets"]


class Matching:
    """Finds our targets.

    Parameters
    ----------
    tom : TomDatabase
    read : callable
        Runs a query on our tables.
    radius : float
        Within which two targets of one name are the same; arcseconds.
    imagined : callable, optional
        In a dry run: the target that would have a name by now.
    """

    def __init__(
        self,
        tom: TomDatabase,
        read: Callable[[Callable[[Session], Any]], Any],
        radius: float,
        imagined: Callable[[str], Known | None] | None = None,
    ) -> None:
        self._tom = tom
        self._read = read
        self._radius = radius / 3600
        self._imagined = imagined

    def numbers(self, theirs: Iterable[Any]) -> dict[Any, int]:
        """Return our numbers of targets, by theirs; below 0 while there is no row yet."""
        places = self._tom.places(sorted({each for each in theirs if isinstance(each, int)}))
        known = self._known([str(place["name"]) for place in places.values()])
        found = {number: known.get(str(place["name"])) for number, place in places.items()}
        return {number: each.number for number, each in found.items() if each and self._same(each, places[number])}

    def _known(self, names: list[str]) -> dict[str, Known]:
        if self._imagined is not None:
            return {name: each for name in names if (each := self._imagined(name)) is not None}
        good = [name for name in names if is_name(name)]
        known = self._read(lambda session: known_targets(session, good))
        return {name: known[key_of(name)] for name in good if key_of(name) in known}

    def _same(self, known: Known, place: Record) -> bool:
        if place["type"] == "NON_SIDEREAL" or known.ra is None or known.dec is None:
            return place["type"] == "NON_SIDEREAL" and known.ra is None
        try:
            return separation(float(place["ra"]), float(place["dec"]), known.ra, known.dec) <= self._radius
        except (TypeError, ValueError):
            return False


def known_targets(session: Session, names: Iterable[str], chunk: int = 400) -> dict[str, Known]:
    """Return the targets that have these names, by key."""
    keys = sorted({key_of(name) for name in names})
    found: dict[str, Known] = {}
    for start in range(0, len(keys), chunk):
        query = select(TargetName.key, Target.number, Target.name, Target.ra, Target.dec).join(
            Target, Target.number == TargetName.target
        )
        for key, number, name, ra, dec in session.execute(query.where(TargetName.key.in_(keys[start : start + chunk]))):
            found[key] = Known(number, name, ra, dec)
    return found
