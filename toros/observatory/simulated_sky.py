"""A small sky of our own: the same stars at the same places whenever and wherever one looks, and one new source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["NEW_SOURCE_MAGNITUDE", "Stars", "draw", "new_source", "stars_around"]

CELL_ORDER = 7  # HEALPix cells of 0.46 degrees; each has its stars
DEPTH = 29
BRIGHTEST, FAINTEST = 8.0, 20.5  # magnitudes
SLOPE = 0.34  # of the logarithm of star counts per magnitude, as towards the galactic poles at these magnitudes
DENSITY = 3500.0  # stars per square degree down to the faintest
CELL_AREA = 41252.96124941927 / (12 * 4**CELL_ORDER)  # square degrees
NEW_SOURCE_MAGNITUDE = 16.5
NEW_SOURCE_EAST, NEW_SOURCE_NORTH = 24.0, 15.0  # arcseconds from the middle of the field
MOFFAT_BETA = 3.0


@dataclass(frozen=True)
class Stars:
    """Stars of a field.

    Attributes
    ----------
    ra, dec : ndarray of float64, shape (stars,)
        ICRS; degrees.
    magnitude : ndarray of float64, shape (stars,)
        The same in every filter.
    """

    ra: NDArray[np.float64]
    dec: NDArray[np.float64]
    magnitude: NDArray[np.float64]


def stars_around(ra: float, dec: float, radius: float, seed: int) -> Stars:
    """Return the stars of the simulated sky near a place.

    Parameters
    ----------
    ra, dec : float
        ICRS; degrees.
    radius : float
        At least all stars within this distance; degrees.
    seed : int
        Of the whole sky: fields that overlap show the same stars.

    Notes
    -----
    Counts grow as 10**(0.34 m), which is roughly what star counts do in r towards the galactic poles between
    magnitudes 8 and 20; their number does not depend on galactic latitude here.
    """
    import astropy.units as u
    import numpy as np
    from astropy_healpix import HEALPix

    grid = HEALPix(2**CELL_ORDER, order="nested")
    cells = grid.cone_search_lonlat(ra * u.deg, dec * u.deg, radius * u.deg)
    parts = [_cell(int(cell), seed) for cell in np.sort(cells)]
    index, magnitude = (np.concatenate(column) for column in zip(*parts, strict=True))
    lon, lat = HEALPix(2**DEPTH, order="nested").healpix_to_lonlat(index)
    return Stars(lon.deg, lat.deg, magnitude)


def new_source(ra: float, dec: float) -> tuple[float, float]:
    """Return where the new source of a field is: 24" east and 15" north of the middle; ICRS, degrees."""
    import math

    north = dec + NEW_SOURCE_NORTH / 3600
    return (ra + NEW_SOURCE_EAST / 3600 / max(math.cos(math.radians(dec)), 1e-6)) % 360.0, min(north, 90.0)


def draw(
    image: NDArray[np.float32], stars: Stars, wcs: Any, *, fwhm: float, flux: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Add stars to an image, in place, each as a Moffat profile with beta = 3.

    Parameters
    ----------
    image : ndarray of float32, shape (rows, columns)
        What the stars are added to; electrons.
    stars : Stars
        Those outside the image are left out.
    wcs : astropy.wcs.WCS
        Where positions fall on the image.
    fwhm : float
        Of the profile; pixels.
    flux : ndarray of float64, shape (stars,)
        Of each star; electrons.
    """
    import numpy as np

    x, y = wcs.wcs_world2pix(stars.ra, stars.dec, 0)
    core = fwhm / (2.0 * np.sqrt(2.0 ** (1.0 / MOFFAT_BETA) - 1.0))
    peak = flux * (MOFFAT_BETA - 1.0) / (np.pi * core**2)
    reach = core * np.sqrt(np.maximum(peak / 0.5, 1.0) ** (1.0 / MOFFAT_BETA))  # out to half an electron
    reach = np.ceil(np.clip(reach, 4.0, 150.0)).astype(int)
    rows, columns = image.shape
    inside = (x > -reach) & (y > -reach) & (x < columns + reach) & (y < rows + reach)
    for star in np.flatnonzero(inside):
        left, right = max(0, int(x[star]) - reach[star]), min(columns, int(x[star]) + reach[star] + 1)
        low, high = max(0, int(y[star]) - reach[star]), min(rows, int(y[star]) + reach[star] + 1)
        if left < right and low < high:
            across = (np.arange(left, right) - x[star]) ** 2
            up = (np.arange(low, high) - y[star]) ** 2
            profile = (1.0 + (up[:, None] + across) / core**2) ** -MOFFAT_BETA
            image[low:high, left:right] += (peak[star] * profile).astype(np.float32)
    return image


def _cell(cell: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the places (nested indices of the finest order) and magnitudes of one cell's stars."""
    import numpy as np

    random = np.random.default_rng((seed, cell))
    count = random.poisson(DENSITY * CELL_AREA)
    finest = 4 ** (DEPTH - CELL_ORDER)
    index = cell * finest + random.integers(0, finest, count)
    faint, bright = 10 ** (SLOPE * FAINTEST), 10 ** (SLOPE * BRIGHTEST)
    magnitude = np.log10(random.uniform(bright, faint, count)) / SLOPE
    return index, magnitude
