"""What the database, and the rows before, have to do with some rows: the same names, and what lies at their places."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import case, select, true

from toros.data.many import is_postgresql, listed
from toros.data.permissions import Viewer, may_see, visible
from toros.data.tables import Target, TargetName
from toros.sky.coordinates import separation
from toros.sky.healpix import ORDER

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from toros.data.targets.importing.prepared import Prepared

__all__ = ["Known", "Surroundings"]


@dataclass(frozen=True, slots=True)
class Known:
    """A target that is there.

    Attributes
    ----------
    number : int
        Below 0 while it has no row of its own.
    name : str
        Its main name.
    ra, dec : float or None
        ICRS, degrees; None for what moves.
    seen : bool
        Whether the viewer may see it.
    """

    number: int
    name: str
    ra: float | None
    dec: float | None
    seen: bool = True


class Surroundings:
    """Names and places that are taken.

    Attributes
    ----------
    names : dict
        Number of the target of each key.
    targets : dict
        What is known of a target, by number.
    """

    def __init__(self) -> None:
        self.names: dict[str, int] = {}
        self.targets: dict[int, Known] = {}
        self._pixels: dict[int, set[int]] = {}
        self._last = 0

    def provisional(self) -> int:
        """Return a number for a target that has no row yet: below 0, each once."""
        self._last -= 1
        return self._last

    def look(self, session: Session, rows: Sequence[Prepared], viewer: Viewer) -> None:
        """Add what the database has of the names and places of some rows."""
        keys = listed(session, sorted({key for row in rows for key in row.names}))
        columns: list[Any] = [TargetName.key, Target.number, Target.name, Target.ra, Target.dec]
        if not viewer.everything:
            columns.append(case((may_see(viewer), True), else_=False))
        query = select(*columns).join_from(keys, TargetName, TargetName.key == keys.c.value)
        for key, number, name, ra, dec, *seen in session.execute(
            query.join(Target, Target.number == TargetName.target)
        ):
            self.names[key] = number
            self.targets[number] = Known(number, name, ra, dec, all(seen))
        self._look_around(session, [row for row in rows if row.vicinity is not None], viewer)

    def add(self, known: Known, keys: Iterable[str], pixel: int | None) -> None:
        """Add a target that a row made."""
        self.targets[known.number] = known
        self.names.update(dict.fromkeys(keys, known.number))
        if pixel is not None:
            self._pixels.setdefault(pixel, set()).add(known.number)

    def nearest(self, row: Prepared, radius: float) -> tuple[Known, float] | None:
        """Return the target nearest to a row's place, and how far it is, in degrees; None where none is near."""
        if row.vicinity is None or row.order.ra is None or row.order.dec is None:
            return None
        found: list[tuple[float, int]] = []
        for pixel in row.vicinity.around:
            for number in self._pixels.get(pixel, ()):
                known = self.targets[number]
                if known.seen and known.ra is not None and known.dec is not None:
                    found.append((separation(row.order.ra, row.order.dec, known.ra, known.dec), number))
        away, number = min(found, default=(float("inf"), 0))
        return (self.targets[number], away) if away <= radius else None

    def _look_around(self, session: Session, rows: Sequence[Prepared], viewer: Viewer) -> None:
        if not rows:
            return
        width = 4 ** (ORDER - rows[0].order_of_pixels)
        pixels = sorted({pixel for row in rows if row.vicinity is not None for pixel in row.vicinity.around})
        given = listed(session, pixels)
        inside = (Target.healpix >= given.c.value * width) & (Target.healpix < (given.c.value + 1) * width)
        columns = (Target.number, Target.name, Target.ra, Target.dec, Target.healpix)
        if is_postgresql(session):  # whatever it believes of a table that grows, it walks the index for each pixel
            part = visible(select(*columns).where(inside), viewer).correlate(given).offset(0).lateral("part")
            query = select(part).select_from(given.join(part, true()))
        else:
            query = visible(select(*columns).join_from(given, Target, inside), viewer)
        for number, name, ra, dec, healpix in session.execute(query):
            self.targets.setdefault(number, Known(number, name, ra, dec))
            self._pixels.setdefault(healpix // width, set()).add(number)
