"""An observatory's grid of fields: rows of equal declination that cover the sky without a gap."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

from toros.errors import BadValue
from toros.sky.checks import checked
from toros.sky.footprints import Rectangle

__all__ = ["FieldGrid"]

MOST_FIELDS = 4_000_000


@dataclass(frozen=True)
class FieldGrid:
    """Rectangular fields, their sides along right ascension and declination.

    Parameters
    ----------
    width, height : float
        Of a field, east to west and north to south; 0.02 to 60 degrees.
    overlap : float
        Part of a side that neighbours share at least, 0 to 0.5.
    declination : (float, float)
        Least and most of the fields' middles; degrees.

    Raises
    ------
    BadValue
    """

    width: float
    height: float
    overlap: float = 0.0
    declination: tuple[float, float] = (-90.0, 90.0)

    def __post_init__(self) -> None:
        checked([self.width, self.height], "side of the field of view", 0.02, 60.0, "degrees")
        checked(self.overlap, "overlap of fields", 0.0, 0.5, "of a side")
        checked(self.declination, "declination", -90.0, 90.0, "degrees")
        if self.declination[0] > self.declination[1]:
            raise BadValue(f"declination {self.declination[0]:g} to {self.declination[1]:g}; allowed: the lesser first")
        if 41_253.0 / (self.width * self.height * (1.0 - self.overlap) ** 2) > MOST_FIELDS:
            raise BadValue(f"fields of {self.width:g} by {self.height:g} degrees; allowed: up to {MOST_FIELDS} of them")

    @cached_property
    def rows(self) -> tuple[float, ...]:
        """Declinations of the rows' middles, from south to north; degrees."""
        north = [0.0]
        cap = 90.0 - min(self.width, self.height) / 2.0  # from here on one field on the pole holds everything
        while north[-1] + self.height / 2.0 < 90.0 and (top := self._lowest_of_upper_edge(north[-1])) < cap:
            north.append(min(top + (0.5 - self.overlap) * self.height, 90.0))
        north = [dec for dec in north if dec < 90.0] + [90.0]
        least, most = self.declination
        return tuple(dec for dec in [-each for each in north[:0:-1]] + north if least <= dec <= most)

    @cached_property
    def counts(self) -> tuple[int, ...]:
        """How many fields each row has."""
        return tuple(self._count(abs(dec)) for dec in self.rows)

    def __len__(self) -> int:
        return sum(self.counts)

    def number(self, row: int, place: int) -> int:
        """Return the number of a field, 0 to len - 1: those of a row follow one another eastwards from RA 0."""
        return sum(self.counts[:row]) + place

    def field(self, number: int) -> Rectangle:
        """Return a field by its number."""
        if not 0 <= number < len(self):
            raise BadValue(f"field {number}; allowed: 0 to {len(self) - 1}")
        for dec, count in zip(self.rows, self.counts, strict=True):
            if number < count:
                return Rectangle(360.0 * number / count, dec, self.width, self.height)
            number -= count
        raise AssertionError("the rows hold every number")

    def _half(self) -> tuple[float, float]:
        """Return half a field's sides on the plane that touches the sky in its middle."""
        return math.tan(math.radians(self.width) / 2.0), math.tan(math.radians(self.height) / 2.0)

    def _lowest_of_upper_edge(self, dec: float) -> float:
        """Return the declination of the upper corners of a field in the north; degrees."""
        x, y = self._half()
        d = math.radians(dec)
        return math.degrees(math.asin((math.sin(d) + y * math.cos(d)) / math.hypot(1.0, x, y)))

    def _count(self, dec: float) -> int:
        """Return how many fields a row needs: a field is narrowest in right ascension at its edge near the equator."""
        if dec >= 90.0:
            return 1
        x, y = self._half()
        d = math.radians(dec)
        half = min(math.degrees(math.atan2(x, math.cos(d) + y * math.sin(d))), 89.0)
        return math.ceil(180.0 / (half * (1.0 - self.overlap)) - 1e-9)
