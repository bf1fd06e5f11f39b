"""Which fields of a grid to look at, the most probable first, nothing counted twice."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from toros.errors import BadValue
from toros.sky.healpix import ORDER

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from toros.alerts.skymap import Skymap
    from toros.sky.field_grid import FieldGrid

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

__all__ = ["Tile", "Tiling", "tile_map"]

FINE = 20.0  # parts of the map to a side of a field
MOST_PARTS = 2_000_000
ALL_AROUND = 12  # fields in a row near a pole, of which any may hold a place


@dataclass(frozen=True)
class Tile:
    """A field to look at.

    Attributes
    ----------
    number : int
        In the grid.
    ra, dec : float
        Middle; ICRS, degrees.
    probability : float
        That the event is in it and in none of the tiles before.
    reached : float
        That it is in this tile or one before.
    """

    number: int
    ra: float
    dec: float
    probability: float
    reached: float


@dataclass(frozen=True)
class Tiling:
    """Fields in order.

    Attributes
    ----------
    tiles : tuple of Tile
        The most probable first.
    reached : float
        Probability in all of them together.
    reachable : float
        Probability of the region in any field of the grid.
    """

    tiles: tuple[Tile, ...]
    reached: float
    reachable: float


def tile_map(
    skymap: Skymap, grid: FieldGrid, *, coverage: float = 0.9, most: int | None = None, level: float = 0.99
) -> Tiling:
    """Return the fields that hold the most probability, each counted for what those before have not seen.

    Parameters
    ----------
    skymap : Skymap
    grid : FieldGrid
        What the telescope can point at.
    coverage : float
        Stop when so much probability is reached; above 0, up to 1.
    most : int, optional
        Stop at so many fields.
    level : float
        Look at this credible region only; above 0, up to 1.

    Raises
    ------
    BadValue

    Notes
    -----
    Greedy: always the field with the most of what is left, which is within 1 - 1/e of the best set of so many fields
    (Nemhauser et al. 1978) and in practice far nearer. A part of the map a twentieth of a field's side wide counts for
    the fields that hold its middle.
    """
    if not 0.0 < coverage <= 1.0 or not 0.0 < level <= 1.0:
        raise BadValue(f"coverage = {coverage}, level = {level}; allowed: above 0, up to 1")
    if most is not None and most < 1:
        raise BadValue(f"most = {most}; allowed: 1 field or more")
    ra, dec, held = _parts(skymap, level, min(grid.width, grid.height))
    field, part = _memberships(grid, ra, dec)
    return _greedy(grid, field, part, held, coverage, most)


def _parts(skymap: Skymap, level: float, side: float) -> tuple[Floats, Floats, Floats]:
    """Return places and probabilities of the region's cells, the large ones cut; from south to north."""
    import numpy as np
    from astropy_healpix import healpix_to_lonlat

    cells = np.flatnonzero(skymap.region(level))
    order, held = skymap.order[cells], skymap.probability[cells]
    fine = math.ceil(math.log2(math.sqrt(math.pi / 3.0) * FINE / math.radians(side)))
    while fine > 0 and float(np.sum(4.0 ** np.maximum(fine - order, 0))) > MOST_PARTS:
        fine -= 1
    pieces = 1 << 2 * np.maximum(fine - order, 0)
    deeper = np.repeat(np.maximum(order, fine), pieces)
    before = np.repeat(np.cumsum(pieces) - pieces, pieces)
    index = np.repeat(skymap.start[cells], pieces) + (
        (np.arange(deeper.size) - before) << 2 * (ORDER - deeper)
    )  # of the first pixel at order 29
    lon, lat = healpix_to_lonlat(index >> 2 * (ORDER - deeper), 1 << deeper, order="nested")
    northward = np.argsort(lat.rad, kind="stable")
    return lon.deg[northward], lat.deg[northward], np.repeat(held / pieces, pieces)[northward]


def _memberships(grid: FieldGrid, ra: Floats, dec: Floats) -> tuple[Integers, Integers]:
    """Return pairs of a field's number and a part that lies in it, in the order of fields."""
    import numpy as np

    x, y = (math.tan(math.radians(side) / 2.0) for side in (grid.width, grid.height))
    reach = math.degrees(math.atan(math.hypot(x, y)))
    north, equatorial = np.sin(np.radians(dec)), np.cos(np.radians(dec))
    fields, parts, first = [np.empty(0, np.int64)], [np.empty(0, np.int64)], 0
    for middle, count in zip(grid.rows, grid.counts, strict=True):
        low, high = np.searchsorted(dec, [middle - reach, middle + reach])
        if high > low:
            here, step = slice(int(low), int(high)), 360.0 / count
            near = np.rint(ra[here] / step).astype(np.int64)
            turn = np.radians(ra[here] - near * step)
            towards, eastward = equatorial[here] * np.cos(turn), equatorial[here] * np.sin(turn)
            for k in _neighbours(count):
                turned = _turned(towards, eastward, -math.radians(k * step))
                inside = np.flatnonzero(_is_inside(*turned, north[here], math.radians(middle), x, y))
                fields.append(first + (near[inside] + k) % count)
                parts.append(low + inside)
        first += count
    field, part = np.concatenate(fields), np.concatenate(parts)
    by_field = np.argsort(field, kind="stable")
    return field[by_field], part[by_field]


def _neighbours(count: int) -> Iterable[int]:
    """Return which fields of a row may hold a place, counted from the one whose middle is nearest."""
    return range(count) if count <= ALL_AROUND else (-1, 0, 1)


def _turned(towards: Floats, eastward: Floats, angle: float) -> tuple[Floats, Floats]:
    """Return directions after a turn about the pole; radians."""
    c, s = math.cos(angle), math.sin(angle)
    return c * towards - s * eastward, s * towards + c * eastward


def _is_inside(
    towards: Floats, east: Floats, north: Floats, middle: float, x: float, y: float
) -> NDArray[np.bool_]:  # fmt: skip
    """Return which places are in a field; gnomonic plane.

    Parameters
    ----------
    towards, east, north : ndarray
        Unit vectors: to the field's meridian on the equator, to its east, to the pole.
    middle : float
        Declination of the field; radians.
    x, y : float
        Half its sides, on the plane.
    """
    import numpy as np

    depth = math.sin(middle) * north + math.cos(middle) * towards
    up = math.cos(middle) * north - math.sin(middle) * towards
    return np.asarray((depth > 0.0) & (np.abs(east) <= x * depth) & (np.abs(up) <= y * depth))


def _greedy(
    grid: FieldGrid, field: Integers, part: Integers, held: Floats, coverage: float, most: int | None
) -> Tiling:
    """Return the tiles; a field's probability can only shrink, so that only the first in the queue is ever counted."""
    import numpy as np

    first = np.flatnonzero(np.diff(field, prepend=-1))  # they stand in order
    numbers, ends = field[first], np.append(first[1:], field.size)
    sums = np.add.reduceat(held[part], first) if numbers.size else np.empty(0)
    seen = np.zeros(held.size, bool)
    seen[part] = True
    reachable = float(held[seen].sum())
    queue = [(-float(value), k) for k, value in enumerate(sums)]
    heapq.heapify(queue)
    left, reached = held.copy(), 0.0
    tiles: list[Tile] = []
    while queue and reached < min(coverage, reachable) - 1e-9 and (most is None or len(tiles) < most):
        _, k = heapq.heappop(queue)
        mine = part[first[k] : ends[k]]
        value = float(left[mine].sum())
        if queue and value < -queue[0][0] - 1e-15:
            heapq.heappush(queue, (-value, k))
            continue
        if value <= 0.0:
            break
        left[mine] = 0.0
        reached += value
        place = grid.field(int(numbers[k]))
        tiles.append(Tile(int(numbers[k]), place.ra, place.dec, value, reached))
    return Tiling(tuple(tiles), reached, reachable)
