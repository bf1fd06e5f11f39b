"""How much of a map's probability lies in a piece of the sky."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from toros.alerts.skymap.cells import Skymap, solid_angles
from toros.sky.healpix import ORDER, circumradius, cone_ranges

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from toros.sky.footprints import Footprint

__all__ = ["probability_in"]

FINE = 128.0  # parts of the field's reach, in which cells on its edge are cut


def probability_in(skymap: Skymap, field: Footprint) -> float:
    """Return the probability that the event lies in a field, 0 to 1.

    Parameters
    ----------
    skymap : Skymap
    field : Footprint

    Notes
    -----
    Cells inside count in full; those on the edge are cut in four again and again, and their last parts, a 128th of the
    field's reach, count where their middle is inside. Good to a part in a thousand of the field.
    """
    import numpy as np
    from astropy_healpix import healpix_to_lonlat

    found = _near(skymap, field)
    cell, order = skymap.start[found] >> 2 * (ORDER - skymap.order[found]), skymap.order[found]
    density, held = skymap.density[found], 0.0
    radius = np.array([circumradius(k) for k in range(ORDER + 1)])
    finest = min(ORDER, math.ceil(math.log2(FINE * math.sqrt(math.pi / 3.0) / math.radians(field.reach))))
    while cell.size:
        lon, lat = healpix_to_lonlat(cell, 1 << order, order="nested")
        depth = field.depth(lon.deg, lat.deg)
        last = order >= finest
        inside = np.where(last, depth >= 0.0, depth >= radius[order])
        held += float((density * solid_angles(order))[inside].sum())
        cut = ~last & (np.abs(depth) < radius[order])
        cell = (4 * cell[cut, None] + np.arange(4)).ravel()
        order, density = np.repeat(order[cut] + 1, 4), np.repeat(density[cut], 4)
    return min(held, 1.0)


def _near(skymap: Skymap, field: Footprint) -> NDArray[np.int64]:
    """Return the cells that may lie in a field."""
    import numpy as np

    ranges = np.array(cone_ranges(field.ra, field.dec, field.reach))
    first = np.searchsorted(skymap.end, ranges[:, 0], side="right")
    behind = np.searchsorted(skymap.start, ranges[:, 1], side="left")
    return np.unique(np.concatenate([np.arange(a, b) for a, b in zip(first, behind, strict=True)]))
