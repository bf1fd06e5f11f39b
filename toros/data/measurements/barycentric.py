"""When the light of a measurement passed the solar system's barycentre, where it is known from where it was seen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from toros.data.processors.reading import About

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from toros.sky.site import Site

__all__ = ["Barycentric", "barycentric_of"]

Barycentric = Callable[[About, "NDArray[np.float64]"], "NDArray[np.float64] | None"]


def barycentric_of(ra: float, dec: float, sites: Mapping[str, Site]) -> Barycentric:
    """Return the function that derives BJD_TDB for points of a target outside of the solar system.

    Parameters
    ----------
    ra, dec : float
        Of the target; ICRS, degrees.
    sites : mapping of str to Site
        The places that facilities stand on, by the facility's name.

    Returns
    -------
    callable
        `(about, mjd) -> BJD_TDB`, full Julian dates; None for a facility whose site is not known, unless the times
        are not the observatory's own.
    """

    def barycentric(about: About, mjd: NDArray[np.float64]) -> NDArray[np.float64] | None:
        from toros.sky.times import barycentric as passing

        site = sites.get(about.facility)
        if site is None and about.time_reference == "observatory":
            return None
        return passing(mjd, ra, dec, site, scale=about.time_scale, reference=about.time_reference)  # type: ignore[arg-type]

    return barycentric
