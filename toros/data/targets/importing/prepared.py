"""What can be computed of rows before a transaction begins: keys of names, pixels, constellations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from toros.data.targets.fields import places
from toros.data.targets.importing.problems import Problem, because_of
from toros.data.targets.importing.rows import Row
from toros.data.targets.names import key_of
from toros.errors import Permanent
from toros.sky.vicinity import Vicinity, vicinities
from workorders.targets import AddTarget

__all__ = ["Prepared", "prepared"]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A row, ready to be taken.

    Attributes
    ----------
    row : Row
    key : str
        The main name as it is compared.
    names : dict
        All its names by key: as written, and who calls it so.
    place : dict
        Columns that follow from the position; empty for what moves.
    vicinity : Vicinity or None
        The pixels where something at the same place would lie.
    order_of_pixels : int
        Of the vicinity.
    """

    row: Row
    key: str
    names: dict[str, tuple[str, str | None]]
    place: dict[str, Any]
    vicinity: Vicinity | None
    order_of_pixels: int

    @property
    def order(self) -> AddTarget:
        """What is said of the target."""
        return self.row.order


def prepared(rows: Sequence[Row], match_radius: float) -> tuple[list[Prepared], list[Problem]]:
    """Return rows ready to be taken, many at once, and what is wrong with names among them.

    Parameters
    ----------
    rows : sequence of Row
    match_radius : float
        What lies so near is the same thing; arcseconds.
    """
    problems, named = [], []
    for row in rows:
        try:
            named.append((row, *_names(row)))
        except Permanent as error:
            problems.append(because_of(row.line, error))
    fixed = [row.order for row, _, _ in named if row.order.scheme is None]
    ra, dec = [float(order.ra or 0.0) for order in fixed], [float(order.dec or 0.0) for order in fixed]
    pixels, near = vicinities(ra, dec, match_radius / 3600)
    at = iter(zip(places(ra, dec), near, strict=True))
    ready = []
    for row, key, names in named:
        place, vicinity = next(at) if row.order.scheme is None else ({}, None)
        ready.append(Prepared(row, key, names, place, vicinity, pixels))
    return ready, problems


def _names(row: Row) -> tuple[str, dict[str, tuple[str, str | None]]]:
    order = row.order
    key = key_of(order.name)
    names: dict[str, tuple[str, str | None]] = {key: (order.name, None)}
    for alias in order.aliases:
        names.setdefault(key_of(alias.name), (alias.name, alias.source))
    return key, names
