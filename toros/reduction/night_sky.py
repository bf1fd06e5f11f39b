"""How clear the sky was over a batch: the calibrated lights of each field against one another."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toros.errors import BadFrame
from toros.reduction.structure import Limits, read_structure
from toros.reduction.trend import CLEAR, Sighting, ZeroPoint, trend
from toros.reduction.work import Run, here, reason_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from toros.reduction.batch_product import Product
    from toros.reduction.dialect import Description

__all__ = ["FieldTrend", "compare_lights", "read_stars"]

APART = 0.5  # degrees; frames whose headers name no object are of one field where they point closer
MOST_NAMED = 5  # cloudy frames of one mark


@dataclass(frozen=True)
class FieldTrend:
    """How clear the sky was over the lights of one field in one filter.

    Attributes
    ----------
    object, filter : str
        As the headers call them.
    clearest : str
        The raw file whose zero point the others are measured from.
    points : list of (str, ZeroPoint)
        Of each raw file, in the order of time.
    remark : str
        Why frames could not be compared; empty where all were.
    """

    object: str
    filter: str
    clearest: str
    points: list[tuple[str, ZeroPoint]]
    remark: str = ""

    @property
    def lost(self) -> list[tuple[str, float]]:
        """The frames that lost more than a tenth of a magnitude against the clearest, the worst first."""
        known = [(file, -p.magnitudes) for file, p in self.points if p.magnitudes is not None]
        return sorted(((file, lost) for file, lost in known if lost > CLEAR), key=lambda pair: -pair[1])

    def summary(self) -> dict[str, Any]:
        """Return it in few plain values."""
        told = [p.magnitudes for _, p in self.points if p.magnitudes is not None]
        found: dict[str, Any] = {
            "object": self.object, "filter": self.filter, "frames": len(self.points), "compared": len(told),
        }  # fmt: skip
        if told:
            found |= {"clearest": self.clearest, "faintest_magnitudes": min(told), "clouded": len(self.lost)}
        return found

    def marks(self) -> list[str]:
        """Return what a person should know."""
        name = " in ".join(part for part in (self.object or "a field without a name", self.filter) if part)
        said = [f"{name}: {self.remark}"] if self.remark else []
        if self.lost:
            worst = ", ".join(f"{file} {lost:.2f} mag" for file, lost in self.lost[:MOST_NAMED])
            more = " and others" if len(self.lost) > MOST_NAMED else ""
            said.append(
                f"{name}: {len(self.lost)} of {len(self.points)} frames lost light against the clearest, "
                f"{self.clearest}: {worst}{more}"
            )
        return said


def compare_lights(
    lights: Sequence[Product], run: Run = here, width: int = 1, limits: Limits | None = None
) -> list[FieldTrend]:
    """Compare the calibrated lights of each field, and add what is found to the quality of each.

    The names that are added: zero_point_magnitudes and zero_point_error_magnitudes (0 for the clearest, below 0 behind
    clouds), zero_point_stars, transparency, star_ratio, stars_expected, shift_columns_pixels and shift_rows_pixels
    (to be added to places on the frame for those on the one that has most stars).

    Parameters
    ----------
    lights : sequence of Product
    run : callable
        As of `Batch`: opens the products where a FITS file may be opened.
    width : int
        Products under way at once.
    limits : Limits, optional
        For reading the products.

    Returns
    -------
    list of FieldTrend
        Of each field of two lights or more.
    """
    fields = [field for field in _fields(lights) if len(field) > 1]
    chosen = [light for field in fields for light in field]
    stars: dict[str, Any] = {}
    for position, table in run(read_stars, [(light.made.path, limits) for light in chosen], width):
        stars[chosen[position].key] = table
    return [_compared(field, stars) for field in fields]


def read_stars(path: str, limits: Limits | None = None) -> NDArray[Any]:
    """Return the table of stars that a calibrated frame brings along; its pixels are not read.

    Raises
    ------
    BadFrame
        There is none.
    """
    import numpy as np

    from toros.reduction.stars import STAR

    stored = np.dtype([(name, ">f4") for name, _ in STAR])
    with Path(path).open("rb") as file:
        units = read_structure(file, Path(path).stat().st_size, limits or Limits())
        table = next((unit for unit in units if unit.name == "STARS"), None)
        if table is None or table.size % stored.itemsize:
            raise BadFrame("holds no table of stars")
        file.seek(table.start)
        return np.frombuffer(file.read(table.size), dtype=stored).astype(STAR)


def _fields(lights: Sequence[Product]) -> list[list[Product]]:
    """Return the lights of each field, of one camera in one state and one filter, in the order of time."""
    piles: dict[object, list[Product]] = defaultdict(list)
    known: list[tuple[float, float]] = []
    for light in lights:
        what = light.seen.frame
        where = what.object.strip().lower() or _pointing(what, known)
        state = (what.settings.name, what.camera, what.binning, what.readout_mode, what.gain, light.seen.image_shape)
        piles[where, what.band or what.filter.lower(), *state].append(light)
    return [sorted(pile, key=lambda one: (one.seen.frame.date_obs or "", one.key)) for pile in piles.values()]


def _pointing(what: Description, known: list[tuple[float, float]]) -> tuple[float, float] | None:
    """Return the first pointing that was near a frame's own, which is added where there is none."""
    if what.ra is None or what.dec is None:
        return None
    for ra, dec in known:
        across = (what.ra - ra + 180) % 360 - 180
        if math.hypot(across * math.cos(math.radians(dec)), what.dec - dec) < APART:
            return ra, dec
    known.append((what.ra, what.dec))
    return known[-1]


def _compared(field: Sequence[Product], stars: dict[str, Any]) -> FieldTrend:
    what = field[0].seen.frame
    told = [light for light in field if not isinstance(stars[light.key], BaseException)]
    failed = [f"{one.seen.file} {reason_of(stars[one.key])}" for one in field if one not in told]
    sightings = [
        Sighting(stars[one.key], one.made.quality.get("sources"), one.seen.frame.exposure_time or 1.0) for one in told
    ]
    points = trend(sightings)
    for light, point in zip(told, points, strict=True):
        light.made.quality.update(_measurements(point, light.made.quality.get("sources")))
    pairs = [(light.seen.file, point) for light, point in zip(told, points, strict=True)]
    clearest = max(pairs, key=lambda pair: -99.0 if pair[1].magnitudes is None else pair[1].magnitudes, default=None)
    lost = sum(point.magnitudes is None for point in points)
    if lost:
        failed.append(f"the stars of {lost} of {len(field)} frames were not found again on the others")
    return FieldTrend(what.object, what.filter, clearest[0] if clearest else "", pairs, "; ".join(failed[:MOST_NAMED]))


def _measurements(point: ZeroPoint, sources: int | None) -> dict[str, Any]:
    """Return what is known, under names that have their units."""
    found = {
        "zero_point_magnitudes": point.magnitudes,
        "zero_point_error_magnitudes": point.error,
        "zero_point_stars": point.stars if point.magnitudes is not None else None,
        "transparency": point.transparency,
        "star_ratio": point.star_ratio,
        "stars_expected": round(sources / point.star_ratio, 1) if sources and point.star_ratio else None,
    }
    if point.shift is not None:
        found |= {"shift_columns_pixels": round(point.shift[0], 2), "shift_rows_pixels": round(point.shift[1], 2)}
    return {name: value + 0 for name, value in found.items() if value is not None}  # no zero below zero
