"""Maps out of FITS files: multi-order, or flat in either ordering; every number checked before it is believed."""

from __future__ import annotations

import hashlib
import math
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from toros.alerts.skymap.cells import Skymap, solid_angles
from toros.alerts.skymap.fits_table import LARGEST, Table, first_table, unpacked
from toros.errors import Permanent
from toros.sky.healpix import ORDER

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]
    Distances = tuple[Floats, Floats, Floats]

__all__ = ["SkymapCache", "read_skymap"]

MOST_CELLS = 1_000_000  # of a multi-order map; LVK's have some 20 000
TOTAL = 0.02  # by so much may the probabilities miss a sum of one
DISTANCES = ("DISTMU", "DISTSIGMA", "DISTNORM")
PROBABILITIES = ("PROB", "PROBABILITY", "PROBDENSITY")  # LVK's and Swift's, Fermi's and IceCube's
PIXELS = ("PIXEL", "PIX", "IPIX", "INDEX")
AT_ONCE = 1 << 20  # pixels, where an intermediate array is large


class SkymapCache:
    """Maps that were read lately, by what is in their files; whoever reads the same map again holds one.

    Parameters
    ----------
    most : int
        How many maps are kept.
    """

    def __init__(self, most: int = 8) -> None:
        self._most = most
        self._kept: OrderedDict[bytes, Skymap] = OrderedDict()

    def read(self, content: bytes) -> Skymap:
        """Return the map in a file, as `read_skymap` does."""
        key = hashlib.sha256(content).digest()
        skymap = self._kept.pop(key, None) or read_skymap(content)
        self._kept[key] = skymap
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)
        return skymap


def read_skymap(content: bytes, *, largest: int = LARGEST) -> Skymap:
    """Read a probability map.

    Parameters
    ----------
    content : bytes
        The FITS file, plain or compressed by gzip. Its first table is a multi-order map (UNIQ and PROBDENSITY) or a
        flat one (PROB, a pixel after the other in RING or NESTED order, or with a column PIXEL); where distances are
        known, with DISTMU, DISTSIGMA and DISTNORM.
    largest : int
        Bytes, unpacked, that are read at most.

    Raises
    ------
    Permanent
        It is no such map; the sentence says what is wrong with it.

    Notes
    -----
    Of a flat map, four pixels that say the same become one cell, again and again: a map that was multi-order when it
    was made becomes so again, without a loss.
    """
    try:
        table = first_table(unpacked(content, largest))
        _check_frame(table.header)
        return _multi_order(table) if "UNIQ" in table.columns else _flat(table)
    except Permanent:
        raise
    except Exception as error:  # noqa: BLE001 - astropy and numpy raise almost anything over a damaged file
        raise Permanent(f"the map cannot be read: {str(error)[:200]}") from error


def _check_frame(header: Any) -> None:
    ordering = _word(header, "ORDERING")
    if ordering not in ("NUNIQ", "NESTED", "NEST", "RING"):
        raise Permanent(f"the map's ORDERING is {header.get('ORDERING')!r}; allowed: NUNIQ, NESTED, RING")
    if _word(header, "COORDSYS", "C") not in ("C", "ICRS", "EQUATORIAL", "CELESTIAL"):
        raise Permanent(f"the map's COORDSYS is {header.get('COORDSYS')!r}; only C (equatorial) is read")
    if _word(header, "PIXTYPE", "HEALPIX") != "HEALPIX":
        raise Permanent(f"the map's PIXTYPE is {header.get('PIXTYPE')!r}; only HEALPIX is read")


def _word(header: Any, key: str, default: str = "") -> str:
    return str(header.get(key, default)).strip().upper()


def _multi_order(table: Table) -> Skymap:
    """Return the map in a table whose cells are named by UNIQ."""
    import numpy as np

    ordering = _word(table.header, "ORDERING")
    if ordering != "NUNIQ":
        raise Permanent(f"the map's ORDERING is {ordering!r}, yet it has a column UNIQ, which belongs to NUNIQ")
    if "PROBDENSITY" not in table.columns:
        raise Permanent("the map has no column PROBDENSITY")
    uniq = table.columns["UNIQ"]
    if uniq.ndim != 1 or table.columns["PROBDENSITY"].ndim != 1 or uniq.dtype.kind not in "iu":
        raise Permanent("the map's UNIQ and PROBDENSITY are not one number a cell")
    if uniq.size > MOST_CELLS:
        raise Permanent(f"the map has {uniq.size} cells, more than the {MOST_CELLS} that are read")
    if uniq.min() < 4 or uniq.max() >= 4 ** (ORDER + 2):
        raise Permanent("the map's UNIQ names cells that do not exist")
    uniq = uniq.astype(np.int64)
    order = np.searchsorted(4 ** np.arange(1, ORDER + 3, dtype=np.int64), uniq, side="right") - 1
    start = (uniq - (1 << 2 * (order + 1))) << 2 * (ORDER - order)
    by_place = np.argsort(start, kind="stable")
    start, order = start[by_place], order[by_place]
    if (start[:-1] + (1 << 2 * (ORDER - order[:-1])) > start[1:]).any():
        raise Permanent("the map's cells overlap")
    density = table.numbers("PROBDENSITY")[by_place]
    found = _distances(table)
    return _checked(start, order, density, None if found is None else _taken(found, by_place), table.header)


def _flat(table: Table) -> Skymap:
    """Return the map in a table of pixels of one size."""
    import numpy as np

    ordering = _word(table.header, "ORDERING")
    if ordering == "NUNIQ":
        raise Permanent("the map's ORDERING is 'NUNIQ', yet it has no column UNIQ")
    name = next((each for each in PROBABILITIES if each in table.columns), None)
    if name is None:
        raise Permanent(f"the map has none of the columns {', '.join(PROBABILITIES)} and no UNIQ with PROBDENSITY")
    values = table.numbers(name)
    pixel, order = _pixels(table, values.size)
    density = values if name == "PROBDENSITY" else values / (np.pi / 3.0 / 4.0**order)
    found = _distances(table)
    if pixel is None and ordering == "RING":
        pixel = _ring_to_nested(np.arange(values.size, dtype=np.int64), order)
    elif pixel is not None:
        pixel = _ring_to_nested(pixel, order) if ordering == "RING" else pixel
    if pixel is not None:
        by_place = np.argsort(pixel, kind="stable")
        pixel, density = pixel[by_place], density[by_place]
        found = None if found is None else _taken(found, by_place)
        if (pixel[:-1] == pixel[1:]).any():
            raise Permanent("the map names a pixel twice")
    else:
        pixel = np.arange(values.size, dtype=np.int64)
    if not np.isfinite(density).all():
        raise _not_a_probability(name)
    cell, orders, kept = _merged(pixel, order, (density, *(found or ())))
    density, found = kept[0], (kept[1], kept[2], kept[3]) if found else None
    return _checked(cell << 2 * (ORDER - orders), orders, density, found, table.header, name)


def _pixels(table: Table, values: int) -> tuple[Integers | None, int]:
    """Return the pixels' indices, None where they follow one another over the whole sky, and their order."""
    import numpy as np

    explicit = _word(table.header, "INDXSCHM", "IMPLICIT") == "EXPLICIT"
    named = next((name for name in PIXELS if name in table.columns), None)
    if explicit and named is None:
        raise Permanent(f"the map's INDXSCHM is EXPLICIT, yet it has none of the columns {', '.join(PIXELS)}")
    nside = table.header.get("NSIDE", None if explicit else math.isqrt(values // 12))
    if isinstance(nside, bool) or not isinstance(nside, int) or nside < 1 or nside & (nside - 1) or nside > 2**ORDER:
        raise Permanent(f"the map's NSIDE is {str(nside)[:40]!r}; allowed: a power of two, 1 to 2**{ORDER}")
    if not explicit and values != 12 * nside**2:
        raise Permanent(f"the map has {values} pixels, yet NSIDE {nside} has {12 * nside**2} over the whole sky")
    if not explicit:
        return None, nside.bit_length() - 1
    pixel = np.asarray(table.columns[named or ""]).reshape(-1)
    if pixel.dtype.kind not in "iu" or pixel.size != values:
        raise Permanent(f"the map's {named} is not one whole number a pixel")
    if pixel.min() < 0 or pixel.max() >= 12 * nside**2:
        raise Permanent(f"the map's {named} names pixels that NSIDE {nside} does not have")
    return pixel.astype(np.int64), nside.bit_length() - 1


def _ring_to_nested(pixel: Integers, order: int) -> Integers:
    import numpy as np
    from astropy_healpix.core import ring_to_nested

    for first in range(0, pixel.size, AT_ONCE):
        pixel[first : first + AT_ONCE] = ring_to_nested(pixel[first : first + AT_ONCE], 2**order)
    return np.asarray(pixel)


def _merged(pixel: Integers, order: int, values: tuple[Floats, ...]) -> tuple[Integers, Integers, list[Floats]]:
    """Return cells, their orders and values, where four siblings of equal values have become one; in nested order.

    Parameters
    ----------
    pixel : ndarray of int64
        Nested indices of this order, ascending.
    order : int
    values : tuple of ndarray
    """
    import numpy as np

    cells, orders, places = [], [], []  # of what stays as it is, an array an order
    place = np.arange(pixel.size)
    while order > 0 and pixel.size:
        first = np.flatnonzero((pixel[:-3] & 3 == 0) & (pixel[3:] == pixel[:-3] + 3))
        for each in values:
            here = each[place[first]]
            same = np.logical_and.reduce([each[place[first + k]] == here for k in (1, 2, 3)])
            first = first[same]
        stays = np.ones(pixel.size, bool)
        for k in range(4):
            stays[first + k] = False
        cells.append(pixel[stays])
        orders.append(np.full(cells[-1].size, order))
        places.append(place[stays])
        pixel, place, order = pixel[first] >> 2, place[first], order - 1
    cell, level = (
        np.append(np.concatenate([*cells, pixel[:0]]), pixel),
        np.append(np.concatenate([*orders, pixel[:0]]), np.full(pixel.size, order)),
    )
    taken = np.append(np.concatenate([*places, place[:0]]), place)
    by_place = np.argsort(cell << 2 * (ORDER - level), kind="stable")
    return cell[by_place], level[by_place], [each[taken[by_place]] for each in values]


def _checked(
    start: Integers, order: Integers, density: Floats, found: Distances | None, header: Any, name: str = "PROBDENSITY"
) -> Skymap:
    """Return the map, its probabilities looked at and made to add up to exactly one."""
    import numpy as np

    if not (np.isfinite(density).all() and (density >= 0).all()):
        raise _not_a_probability(name)
    total = float((density * solid_angles(order)).sum())
    if abs(total - 1.0) > TOTAL:
        raise Permanent(f"the map's probabilities add up to {total:.4g}, not to one")
    mu, sigma, norm = found or (None, None, None)
    mean, std = _finite(header, "DISTMEAN"), _finite(header, "DISTSTD")
    return Skymap(start, order, density / total, mu, sigma, norm, mean, std)


def _not_a_probability(name: str) -> Permanent:
    return Permanent(f"the map's {name} is negative or not finite somewhere")


def _distances(table: Table) -> Distances | None:
    """Return mu, sigma and norm: a norm of 0 where a cell's distance is unknown; None where all are."""
    import numpy as np

    if not set(DISTANCES) <= set(table.columns):
        return None
    mu, sigma, norm = (table.numbers(name) for name in DISTANCES)
    known = np.isfinite(mu) & np.isfinite(sigma) & np.isfinite(norm) & (sigma > 0) & (norm > 0)
    if not known.any():
        return None
    return np.where(known, mu, 0.0), np.where(known, sigma, 1.0), np.where(known, norm, 0.0)


def _taken(columns: Distances, rows: Integers) -> Distances:
    mu, sigma, norm = columns
    return mu[rows], sigma[rows], norm[rows]


def _finite(header: Any, key: str) -> float | None:
    value = header.get(key)
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None
