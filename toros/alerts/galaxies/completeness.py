"""How much of the universe's light a catalogue holds, by distance."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from toros.alerts.galaxies.cosmology import HUBBLE, comoving_distance

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from toros.alerts.galaxies.columns import Columns

__all__ = ["EDGES", "LIGHT_DENSITY", "Shells"]

EDGES = (0, 10, 20, 30, 40, 50, 75, 100, 150, 200, 300, 400, 500, 750, 1000, 1500, 2000, 3000)  # Mpc

# Schechter function in B (Gehrels et al. 2016, ApJ 820, 136): phi* in Mpc**-3, alpha, L* in 1e10 of the sun's
H = HUBBLE / 100.0
PHI, ALPHA, BRIGHT = 1.6e-2 * H**3, -1.07, 1.2 / H**2
LIGHT_DENSITY = PHI * BRIGHT * math.gamma(ALPHA + 2.0)  # 1e10 solar luminosities in Mpc**3


@dataclass
class Shells:
    """What lies in each shell of distance between neighbours of `EDGES`.

    Attributes
    ----------
    galaxies : list of int
    light : list of float
        In B; 1e10 of the sun's.
    """

    galaxies: list[int] = field(default_factory=lambda: [0] * (len(EDGES) - 1))
    light: list[float] = field(default_factory=lambda: [0.0] * (len(EDGES) - 1))

    def add(self, columns: Columns) -> None:
        """Count some galaxies."""
        import numpy as np

        shell = np.searchsorted(EDGES, np.nan_to_num(columns["distance"], nan=np.inf), side="right") - 1
        light = np.nan_to_num(columns["luminosity"].astype(np.float64), nan=0.0)
        inside = shell < len(self.galaxies)
        counts = np.bincount(shell[inside], minlength=len(self.galaxies))
        lights = np.bincount(shell[inside], light[inside], minlength=len(self.galaxies))
        self.galaxies = [a + int(b) for a, b in zip(self.galaxies, counts, strict=True)]
        self.light = [a + float(b) for a, b in zip(self.light, lights, strict=True)]

    @property
    def completeness(self) -> NDArray[np.float64]:
        """Part of the expected light that each shell holds, 0 to 1.

        Notes
        -----
        Light found over LIGHT_DENSITY times the shell's comoving volume, averaged over the whole sky: less behind the
        Milky Way. Near us there is more than on average, hence the cut at 1.
        """
        import numpy as np

        radius = comoving_distance(np.array(EDGES, dtype=float))
        expected = LIGHT_DENSITY * 4.0 / 3.0 * np.pi * np.diff(radius**3)
        return np.minimum(np.array(self.light) / expected, 1.0)

    def plain(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {"edges_mpc": list(EDGES), "galaxies": self.galaxies, "light_1e10_lsun": self.light}
