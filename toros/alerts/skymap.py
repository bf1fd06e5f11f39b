"""Where an event may have happened: multi-order probability maps, read as they are and never rasterised."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from toros.errors import Permanent

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Column = NDArray[np.float64] | None

__all__ = ["Skymap", "read_skymap"]

DEEPEST = 29  # order of the finest HEALPix cells that 64 bits can name
MOST_CELLS = 1_000_000  # LVK's maps have some 20 000
TOTAL = 0.02  # by so much may the probabilities miss a sum of one
SQUARE_DEGREES = 3282.806350011744  # in a steradian


@dataclass(frozen=True)
class Skymap:
    """A probability map made of HEALPix cells of several sizes, in the order of nested indices.

    Attributes
    ----------
    start : ndarray of int64, shape (cells,)
        Nested index of the cell's first part at order 29; ascending.
    order : ndarray of int64, shape (cells,)
        HEALPix order of the cell: its side is 58.6 degrees / 2**order.
    density : ndarray of float64, shape (cells,)
        Probability per steradian.
    mu, sigma, norm : ndarray of float64, shape (cells,), or None
        The distance's distribution in the cell, norm * Normal(r; mu, sigma) * r**2; Mpc, Mpc, Mpc**-2.
        None where the map says nothing of distances.
    distance_mean, distance_std : float or None
        Of the whole map, from its header; Mpc.
    """

    start: NDArray[np.int64]
    order: NDArray[np.int64]
    density: NDArray[np.float64]
    mu: NDArray[np.float64] | None = None
    sigma: NDArray[np.float64] | None = None
    norm: NDArray[np.float64] | None = None
    distance_mean: float | None = None
    distance_std: float | None = None

    @property
    def has_distance(self) -> bool:
        """True where the map says how far away the event was."""
        return self.mu is not None

    @property
    def solid_angle(self) -> NDArray[np.float64]:
        """The cells' sizes; steradians."""
        import numpy as np

        return np.asarray(np.pi / 3.0 / 4.0**self.order)

    @property
    def probability(self) -> NDArray[np.float64]:
        """The cells' probabilities; they add up to one."""
        return self.density * self.solid_angle

    def levels(self) -> NDArray[np.float64]:
        """Return each cell's credible level: the probability of all that is at least as dense, 0 to 1."""
        import numpy as np

        ranking = np.argsort(-self.density, kind="stable")
        levels = np.empty_like(self.density)
        levels[ranking] = np.cumsum(self.probability[ranking])
        return levels

    def region(self, level: float) -> NDArray[np.bool_]:
        """Return which cells make up the smallest region that holds the given probability.

        Parameters
        ----------
        level : float
            0 to 1.
        """
        import numpy as np

        return np.asarray(self.levels() - self.probability < level)

    def area(self, region: NDArray[np.bool_]) -> float:
        """Return the size of a region; square degrees."""
        return float(self.solid_angle[region].sum() * SQUARE_DEGREES)

    def cell_at(self, ra: NDArray[np.float64], dec: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return which cell each position lies in; -1 where the map has none there.

        Parameters
        ----------
        ra, dec : ndarray of float64
            ICRS; degrees.
        """
        import astropy.units as u
        import numpy as np
        from astropy_healpix import lonlat_to_healpix

        index = lonlat_to_healpix(ra * u.deg, dec * u.deg, 2**DEEPEST, order="nested")
        cell = np.searchsorted(self.start, index, side="right") - 1
        end = self.start[cell] + 4 ** (DEEPEST - self.order[cell])
        return np.where((cell >= 0) & (index < end), cell, -1)

    def centre(self, cell: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the middles of cells; ICRS, degrees."""
        from astropy_healpix import healpix_to_lonlat

        order = self.order[cell]
        lon, lat = healpix_to_lonlat(self.start[cell] >> 2 * (DEEPEST - order), 2**order, order="nested")
        return lon.deg, lat.deg

    @property
    def peak(self) -> tuple[float, float]:
        """The most probable place; ICRS, degrees."""
        import numpy as np

        ra, dec = self.centre(np.argmax(self.density, keepdims=True))
        return float(ra[0]), float(dec[0])

    def nearer_than(self, distance: float, region: NDArray[np.bool_]) -> float:
        """Return how much of a region's probability lies within a distance.

        Parameters
        ----------
        distance : float
            Mpc.
        region : ndarray of bool, shape (cells,)

        Returns
        -------
        float
            0 to 1; NaN where the map says nothing of distances.

        Notes
        -----
        The integral of norm * Normal(r; mu, sigma) * r**2 from 0 to `distance`, by parts.
        """
        import numpy as np

        if self.mu is None or self.sigma is None or self.norm is None:
            return float("nan")
        known = region & (self.norm > 0)
        mu, sigma, norm = self.mu[known], self.sigma[known], self.norm[known]

        def antiderivative(r: float) -> NDArray[np.float64]:
            x = (r - mu) / sigma
            below = 0.5 + 0.5 * np.fromiter(map(math.erf, x / math.sqrt(2.0)), np.float64, x.size)
            bell = np.exp(-(x**2) / 2.0) / math.sqrt(2.0 * math.pi)
            return np.asarray((mu**2 + sigma**2) * below - sigma * (r + mu) * bell)

        part = norm * (antiderivative(distance) - antiderivative(0.0))
        weight = self.probability[known]
        return float((weight * np.clip(part, 0.0, 1.0)).sum() / max(float(self.probability[region].sum()), 1e-300))


def read_skymap(content: bytes) -> Skymap:
    """Read a multi-order map.

    Parameters
    ----------
    content : bytes
        The FITS file: a table with UNIQ and PROBDENSITY, and where distances are known DISTMU, DISTSIGMA and
        DISTNORM.

    Raises
    ------
    Permanent
        It is no such map; the sentence says what is wrong with it.
    """
    try:
        return _skymap(*_table(content))
    except Permanent:
        raise
    except Exception as error:  # noqa: BLE001 - astropy and numpy raise almost anything over a damaged file
        raise Permanent(f"the map cannot be read: {str(error)[:200]}") from error


def _skymap(table: Any, header: Any) -> Skymap:
    """Return the map in a table, every value checked."""
    import numpy as np

    uniq = np.asarray(table["UNIQ"], dtype=np.int64)
    density = np.asarray(table["PROBDENSITY"], dtype=np.float64)
    if uniq.ndim != 1 or density.shape != uniq.shape:
        raise Permanent("the map's UNIQ and PROBDENSITY are not one number a cell")
    if uniq.min() < 4 or uniq.max() >= 4 ** (DEEPEST + 2):
        raise Permanent("the map's UNIQ names cells that do not exist")
    order = np.searchsorted(4 ** np.arange(1, DEEPEST + 3, dtype=np.int64), uniq, side="right") - 1
    size = 4 ** (DEEPEST - order)
    start = (uniq - 4 ** (order + 1)) * size
    by_place = np.argsort(start)
    start, order, density, size = start[by_place], order[by_place], density[by_place], size[by_place]
    if (start[:-1] + size[:-1] > start[1:]).any():
        raise Permanent("the map's cells overlap")
    if not (np.isfinite(density).all() and (density >= 0).all()):
        raise Permanent("the map's PROBDENSITY is negative or not finite somewhere")
    total = float((density * np.pi / 3.0 / 4.0**order).sum())
    if abs(total - 1.0) > TOTAL:
        raise Permanent(f"the map's probabilities add up to {total:.4g}, not to one")
    mu, sigma, norm = _distances(table, by_place)
    mean, std = _finite(header, "DISTMEAN"), _finite(header, "DISTSTD")
    return Skymap(start, order, density / total, mu, sigma, norm, mean, std)


def _table(content: bytes) -> tuple[Any, Any]:
    """Return the map's table and its header."""
    import warnings

    import astropy.io.fits as fits

    if not content.startswith(
        b"SIMPLE  ="
    ):  # neither compressed (a small file may then hold gigabytes) nor anything else
        raise Permanent("the map is not a plain FITS file")
    quiet = warnings.catch_warnings(action="ignore")  # what matters of what astropy warns of is checked here
    with quiet, fits.open(io.BytesIO(content), memmap=False, lazy_load_hdus=False) as file:
        hdu = file[1]
        header, rows = hdu.header, int(hdu.header.get("NAXIS2", 0))
        if header.get("ORDERING") != "NUNIQ":
            raise Permanent(f"the map's ORDERING is {header.get('ORDERING')!r}; only multi-order maps (NUNIQ) are read")
        if header.get("COORDSYS", "C") not in ("C", "ICRS"):
            raise Permanent(f"the map's COORDSYS is {header.get('COORDSYS')!r}; only C (equatorial) is read")
        if not 0 < rows <= MOST_CELLS or rows * int(header["NAXIS1"]) > len(content):
            raise Permanent(f"the map claims {rows} cells, more than its file holds or than are read")
        missing = {"UNIQ", "PROBDENSITY"} - set(hdu.columns.names)
        if missing:
            raise Permanent(f"the map has no column {' and no '.join(sorted(missing))}")
        return hdu.data.copy(), header


def _distances(table: Any, by_place: NDArray[np.int64]) -> tuple[Column, Column, Column]:
    """Return mu, sigma and norm: a norm of 0 where a cell's distance is unknown, None thrice where all are."""
    import numpy as np

    if not {"DISTMU", "DISTSIGMA", "DISTNORM"} <= set(table.columns.names):
        return None, None, None
    mu, sigma, norm = (
        np.asarray(table[name], dtype=np.float64)[by_place] for name in ("DISTMU", "DISTSIGMA", "DISTNORM")
    )
    known = np.isfinite(mu) & np.isfinite(sigma) & np.isfinite(norm) & (sigma > 0) & (norm > 0)
    if not known.any():
        return None, None, None
    return np.where(known, mu, 0.0), np.where(known, sigma, 1.0), np.where(known, norm, 0.0)


def _finite(header: Any, key: str) -> float | None:
    value = header.get(key)
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None
