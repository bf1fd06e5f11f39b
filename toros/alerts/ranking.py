"""Which galaxy may have been the host: the best of a catalogue, each with its reasons."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from toros.alerts.galaxies import HUBBLE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from toros.alerts.galaxies import Galaxies
    from toros.alerts.skymap import Skymap

__all__ = ["Candidate", "rank_galaxies"]

PECULIAR = 200.0 / HUBBLE  # Mpc: what galaxies' own motions, some 200 km/s, do to a distance from redshift
FARTHEST = 3.0  # standard deviations from the map's distance beyond which a galaxy is no candidate


@dataclass(frozen=True)
class Candidate:
    """A galaxy that may have been the host.

    Attributes
    ----------
    name : str
        As the catalogue writes it.
    ra, dec : float
        ICRS; degrees.
    distance : float
        Mpc.
    magnitude : float or None
        Apparent B magnitude.
    share : float
        Probability that it is the host if one of the candidates is; all candidates' shares add up to one.
    level : float
        Credible level of its place on the sky: 0 at the most probable place, 0.9 on the rim of the 90 % region.
    deviation : float or None
        Distance from the map's in its direction; standard deviations, both errors taken together.
    """

    name: str
    ra: float
    dec: float
    distance: float
    magnitude: float | None
    share: float
    level: float
    deviation: float | None

    def reasons(self) -> list[str]:
        """Return why it stands where it stands, in plain words."""
        words = [f"inside the {100 * self.level:.0f} % region"]
        if self.deviation is None:
            words.append(f"{self.distance:.0f} Mpc away; the map says nothing of distances")
        else:
            side = "nearer" if self.deviation < 0 else "farther"
            words.append(
                f"{self.distance:.0f} Mpc away, {abs(self.deviation):.1f} sigma {side} than the map says there"
            )
        words.append("B magnitude not known" if self.magnitude is None else f"B = {self.magnitude:.1f}")
        words.append(f"{100 * self.share:.1f} % of the candidates' probability")
        return words

    def plain(self) -> dict[str, Any]:
        """Return it as plain values, its reasons in words."""
        return {
            "name": self.name,
            "ra": self.ra,
            "dec": self.dec,
            "distance_mpc": self.distance,
            "probability": self.share,
            "reasons": self.reasons(),
        }


def rank_galaxies(
    skymap: Skymap, galaxies: Galaxies, *, level: float = 0.9, max_distance: float = 500.0, by_luminosity: bool = False
) -> list[Candidate]:
    """Return the galaxies that may have been the host, the most probable first.

    Parameters
    ----------
    skymap : Skymap
        Where it happened.
    galaxies : Galaxies
        Those that are considered.
    level : float
        Only galaxies inside the smallest region that holds this probability; 0 to 1.
    max_distance : float
        Only galaxies up to here; Mpc.
    by_luminosity : bool
        Weigh galaxies by their light in B, a stand-in for how many stars could have done it.

    Notes
    -----
    The weight of a galaxy is the map's probability per volume at its place (Singer et al. 2016, ApJL 829, L15,
    equation 2), averaged over the error of its distance: density * norm * Normal(d; mu, sqrt(sigma² + error²)).
    The region on the sky comes first and the distance second: far from the event some cells' distributions peak
    near zero, where the probability per volume of a nearby galaxy exceeds that of every true candidate. Without
    distances the weight is the probability per area.
    """
    import numpy as np

    cell = skymap.cell_at(galaxies.ra, galaxies.dec)
    chosen = np.flatnonzero((cell >= 0) & skymap.region(level)[cell] & (galaxies.distance <= max_distance))
    deviation, weight = _weights(skymap, cell[chosen], galaxies.distance[chosen])
    if by_luminosity:
        weight = weight * _light(galaxies.magnitude[chosen], galaxies.distance[chosen])
    plausible = np.flatnonzero((weight > 0) & ~(np.abs(deviation) > FARTHEST))
    ranking = plausible[np.argsort(-weight[plausible], kind="stable")]
    total, levels = weight[plausible].sum(), skymap.levels()[cell[chosen]]
    return [
        Candidate(
            name=galaxies.name[chosen[i]],
            ra=float(galaxies.ra[chosen[i]]),
            dec=float(galaxies.dec[chosen[i]]),
            distance=float(galaxies.distance[chosen[i]]),
            magnitude=_known(float(galaxies.magnitude[chosen[i]])),
            share=float(weight[i] / total),
            level=float(levels[i]),
            deviation=_known(float(deviation[i])),
        )
        for i in ranking
    ]


def _weights(
    skymap: Skymap, cell: NDArray[np.int64], distance: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return each galaxy's deviation in distance (NaN where the map has none) and its weight."""
    import numpy as np

    density = skymap.density[cell]
    if skymap.mu is None or skymap.sigma is None or skymap.norm is None:
        return np.full_like(density, np.nan), density
    spread = np.hypot(skymap.sigma[cell], PECULIAR)
    deviation = (distance - skymap.mu[cell]) / spread
    bell = np.exp(-(deviation**2) / 2.0) / (spread * math.sqrt(2.0 * math.pi))
    return deviation, density * skymap.norm[cell] * bell


def _light(magnitude: NDArray[np.float64], distance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return relative luminosities; a galaxy of unknown magnitude counts as the median one."""
    import numpy as np

    light = distance**2 * 10.0 ** (-0.4 * magnitude)
    known = np.isfinite(light)
    return np.where(known, light, np.median(light[known]) if known.any() else 1.0)


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
