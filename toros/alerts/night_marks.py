"""What of the night is drawn on a map of the sky: sun, moon, and what each telescope sees in the middle of its dark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from toros.alerts.plans import Observatory, coming_night
from toros.sky.times import datetime_of
from toros.sky.vectors import position_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["Horizon", "NightMarks", "night_marks"]

POINTS = 181
MOST = 3  # telescopes whose horizons are drawn


@dataclass(frozen=True, eq=False)
class Horizon:
    """What a telescope sees in the middle of its dark.

    Attributes
    ----------
    name : str
        Of the telescope.
    moment : datetime
        The middle of its dark; UTC.
    ra, dec : ndarray
        The line of its lowest altitude; ICRS, degrees.
    zenith : tuple of float
        What stands overhead: it tells which side of the line is seen; ICRS, degrees.
    """

    name: str
    moment: datetime
    ra: Floats
    dec: Floats
    zenith: tuple[float, float]


@dataclass(frozen=True, eq=False)
class NightMarks:
    """Sun, moon, and horizons.

    Attributes
    ----------
    sun, moon : tuple of float
        ICRS; degrees.
    horizons : tuple of Horizon
        Of each telescope.
    """

    sun: tuple[float, float]
    moon: tuple[float, float]
    horizons: tuple[Horizon, ...]


def night_marks(observatories: Sequence[Observatory], moment: datetime) -> NightMarks:
    """Return what is drawn for these telescopes; sun and moon as the first of them sees them.

    Parameters
    ----------
    observatories : sequence of Observatory
        At least one.
    moment : datetime
        Timezone-aware: the night that is coming then.
    """
    import numpy as np

    horizons, lights = [], []
    for one in observatories[:MOST]:
        night = coming_night(one, moment)
        at = int(np.argmin(night.sun_altitude))
        lights.append((_place(night.sun[at]), _place(night.moon[at])))
        low = np.radians(max(one.limits.lowest, one.site.lowest_horizon))
        turn = np.linspace(0.0, 2.0 * np.pi, POINTS)[:, None]
        rim = (
            np.cos(low) * (np.cos(turn) * night.north[at] + np.sin(turn) * night.east[at]) + np.sin(low) * night.up[at]
        )
        horizons.append(
            Horizon(one.name, datetime_of(float(night.mjd[at])), *position_of(rim), _place(night.up[at]))
        )  # fmt: skip
    sun, moon = lights[0]
    return NightMarks(sun, moon, tuple(horizons))


def _place(direction: Floats) -> tuple[float, float]:
    ra, dec = position_of(direction)
    return float(ra) % 360.0, float(dec)
