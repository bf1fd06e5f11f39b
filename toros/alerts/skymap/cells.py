"""Where an event may have happened: densities on HEALPix cells of several sizes, in the order of nested indices."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from toros.alerts.skymap import distances
from toros.sky.healpix import ORDER, pixel_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]

__all__ = ["Skymap", "solid_angles"]

SQUARE_DEGREES = 3282.806350011744  # in a steradian


@dataclass(frozen=True, eq=False)
class Skymap:
    """A probability map.

    Attributes
    ----------
    start : ndarray of int64, shape (cells,)
        Nested index of the cell's first part at order 29; ascending.
    order : ndarray of int64, shape (cells,)
        HEALPix order of the cell: its side is 58.6 degrees / 2**order.
    density : ndarray of float64, shape (cells,)
        Probability per steradian.
    mu, sigma, norm : ndarray of float64, shape (cells,), or None
        The distance's distribution in the cell, norm * Normal(r; mu, sigma) * r**2; Mpc, Mpc, Mpc**-2; norm is 0
        where a cell's is not known. None where the map says nothing of distances.
    distance_mean, distance_std : float or None
        Of the whole map, from its header; Mpc.
    """

    start: NDArray[np.int64]
    order: NDArray[np.int64]
    density: Floats
    mu: Floats | None = None
    sigma: Floats | None = None
    norm: Floats | None = None
    distance_mean: float | None = None
    distance_std: float | None = None

    @property
    def has_distance(self) -> bool:
        """True where the map says how far away the event was."""
        return self.mu is not None

    @cached_property
    def end(self) -> NDArray[np.int64]:
        """Nested index at order 29 behind each cell's last part."""
        return self.start + (1 << 2 * (ORDER - self.order))

    @cached_property
    def solid_angle(self) -> Floats:
        """The cells' sizes; steradians."""
        return solid_angles(self.order)

    @cached_property
    def probability(self) -> Floats:
        """The cells' probabilities; they add up to one."""
        return self.density * self.solid_angle

    @cached_property
    def _levels(self) -> Floats:
        import numpy as np

        ranking = np.argsort(-self.density, kind="stable")
        levels = np.empty_like(self.density)
        levels[ranking] = np.cumsum(self.probability[ranking])
        return levels

    def levels(self) -> Floats:
        """Return each cell's credible level: the probability of all that is at least as dense, 0 to 1."""
        return self._levels

    def region(self, level: float) -> Mask:
        """Return which cells make up the smallest region that holds the given probability.

        Parameters
        ----------
        level : float
            0 to 1.
        """
        import numpy as np

        return np.asarray(self._levels - self.probability < level)

    def area(self, region: Mask) -> float:
        """Return the size of a region; square degrees."""
        return float(self.solid_angle[region].sum() * SQUARE_DEGREES)

    def cell_of(self, pixel: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return which cell holds each pixel of nested order 29; -1 where the map has none there."""
        import numpy as np

        cell = np.searchsorted(self.start, pixel, side="right") - 1
        return np.where((cell >= 0) & (pixel < self.end[cell]), cell, -1)

    def cell_at(self, ra: ArrayLike, dec: ArrayLike) -> NDArray[np.int64]:
        """Return which cell each position lies in; -1 where the map has none there.

        Parameters
        ----------
        ra, dec : array_like of float
            ICRS; degrees.
        """
        return self.cell_of(pixel_of(ra, dec))

    def centre(self, cell: NDArray[np.int64]) -> tuple[Floats, Floats]:
        """Return the middles of cells; ICRS, degrees."""
        from astropy_healpix import healpix_to_lonlat

        order = self.order[cell]
        lon, lat = healpix_to_lonlat(self.start[cell] >> 2 * (ORDER - order), 2**order, order="nested")
        return lon.deg, lat.deg

    @property
    def peak(self) -> tuple[float, float]:
        """The most probable place; ICRS, degrees."""
        import numpy as np

        ra, dec = self.centre(np.argmax(self.density, keepdims=True))
        return float(ra[0]), float(dec[0])

    def nearer_than(self, distance: float, region: Mask) -> float:
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
        """
        import numpy as np

        if self.mu is None or self.sigma is None or self.norm is None:
            return float("nan")
        known = region & (self.norm > 0)
        part = self.norm[known] * distances.volume_between(0.0, distance, self.mu[known], self.sigma[known])
        held = (self.probability[known] * np.clip(part, 0.0, 1.0)).sum()
        return float(held / max(float(self.probability[region].sum()), 1e-300))

    def distance_in(self, region: Mask) -> tuple[float, float] | None:
        """Return the expected distance of an event inside a region and its standard deviation; Mpc.

        Parameters
        ----------
        region : ndarray of bool, shape (cells,)

        Returns
        -------
        (float, float) or None
            None where the map says nothing of distances there.
        """
        if self.mu is None or self.sigma is None or self.norm is None:
            return None
        known = region & (self.norm > 0)
        return distances.mean_and_std(self.probability[known] * self.norm[known], self.mu[known], self.sigma[known])


def solid_angles(order: NDArray[np.int64]) -> Floats:
    """Return the sizes of cells of these HEALPix orders; steradians."""
    import numpy as np

    return np.asarray(np.pi / 3.0 / 4.0**order)
