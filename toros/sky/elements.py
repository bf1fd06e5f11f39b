"""Orbital elements as the Minor Planet Center and JPL give them: which are needed, and what they may be."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toros.errors import BadValue
from toros.sky.checks import checked
from toros.sky.kepler import along_the_orbit
from toros.sky.times import checked_mjd

__all__ = ["GM_SUN", "REQUIRED", "Elements"]

GM_SUN = 2.9591220828411951e-04  # au^3 / d^2; DE441
OBLIQUITY = math.radians(84381.448 / 3600.0)  # of the ecliptic of J2000, IAU 1976: what MPC and JPL refer elements to
EARLIEST_EPOCH = -100000.0  # the year 1585

_ALWAYS = ("epoch_of_elements", "inclination", "lng_asc_node", "arg_of_perihelion", "eccentricity")
REQUIRED: dict[str, tuple[str, ...]] = {
    "MPC_MINOR_PLANET": (*_ALWAYS, "mean_anomaly", "semimajor_axis"),
    "MPC_COMET": (*_ALWAYS, "perihdist", "epoch_of_perihelion"),
    "JPL_MAJOR_PLANET": (*_ALWAYS, "mean_daily_motion", "mean_anomaly", "semimajor_axis"),
}
_ALLOWED = {
    "inclination": (0.0, 180.0, "degrees"),
    "lng_asc_node": (-360.0, 360.0, "degrees"),
    "arg_of_perihelion": (-360.0, 360.0, "degrees"),
    "eccentricity": (0.0, 1000.0, ""),
    "mean_anomaly": (-360.0, 360.0, "degrees"),
    "semimajor_axis": (1e-3, 1e6, "au"),
    "mean_daily_motion": (1e-10, 1e4, "degrees a day"),
    "perihdist": (1e-4, 1e4, "au"),
}


@dataclass(frozen=True)
class Elements:
    """An orbit about the sun, osculating at its epoch, referred to the ecliptic and equinox of J2000.

    Parameters
    ----------
    scheme : {'MPC_MINOR_PLANET', 'MPC_COMET', 'JPL_MAJOR_PLANET'}
        Which elements there are: `REQUIRED` tells. A comet's orbit may be of any eccentricity; the others are ellipses.
        Small letters will do.
    epoch_of_elements, epoch_of_perihelion : float
        MJD, TT (TDB, as JPL gives, differs by less than 2 ms).
    inclination, lng_asc_node, arg_of_perihelion, mean_anomaly : float
        Degrees.
    eccentricity : float
    semimajor_axis, perihdist : float
        au.
    mean_daily_motion : float
        Degrees a day; with the semimajor axis it makes up for the mass of a planet.

    Raises
    ------
    BadValue
        An element is missing or cannot be; the sentence says which, and what is allowed.
    """

    scheme: str
    epoch_of_elements: float | None = None
    inclination: float | None = None
    lng_asc_node: float | None = None
    arg_of_perihelion: float | None = None
    eccentricity: float | None = None
    mean_anomaly: float | None = None
    semimajor_axis: float | None = None
    mean_daily_motion: float | None = None
    perihdist: float | None = None
    epoch_of_perihelion: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "scheme", str(self.scheme).upper())
        if self.scheme not in REQUIRED:
            raise BadValue(f"scheme {self.scheme!r}; allowed: {', '.join(REQUIRED)}")
        missing = [name for name in REQUIRED[self.scheme] if getattr(self, name) is None]
        if missing:
            raise BadValue(f"elements of scheme {self.scheme} need {', '.join(missing)}")
        for name, (least, most, unit) in _ALLOWED.items():
            if getattr(self, name) is not None:
                checked(getattr(self, name), name, least, most, unit)
        for name in ("epoch_of_elements", "epoch_of_perihelion"):
            if getattr(self, name) is not None:
                checked_mjd(getattr(self, name), name, EARLIEST_EPOCH)
        if self.scheme != "MPC_COMET" and self._given("eccentricity") >= 1.0:
            raise BadValue(
                f"eccentricity = {self.eccentricity:.12g} in scheme {self.scheme}; allowed: less than 1. "
                "An open orbit is given as MPC_COMET, by perihdist and epoch_of_perihelion"
            )

    @classmethod
    def of(cls, target: object) -> Elements:
        """Return the elements that an object has as attributes, such as the row of a target.

        Raises
        ------
        BadValue
        """
        given: dict[str, Any] = {field.name: getattr(target, field.name, None) for field in fields(cls)}
        return cls(**given)

    def _given(self, name: str) -> float:
        return float(getattr(self, name))

    @property
    def perihelion_distance(self) -> float:
        """Distance from the sun at perihelion; au."""
        if self.scheme == "MPC_COMET":
            return self._given("perihdist")
        return self._given("semimajor_axis") * (1.0 - self._given("eccentricity"))

    @property
    def gm(self) -> float:
        """The sun's gravitational parameter, or the sun's and the planet's; au^3 / d^2."""
        if self.scheme != "JPL_MAJOR_PLANET":
            return GM_SUN
        return math.radians(self._given("mean_daily_motion")) ** 2 * self._given("semimajor_axis") ** 3

    @property
    def period(self) -> float:
        """Days; infinite for an open orbit."""
        eccentricity = self._given("eccentricity")
        if eccentricity >= 1.0:
            return math.inf
        return 2.0 * math.pi * math.sqrt((self.perihelion_distance / (1.0 - eccentricity)) ** 3 / self.gm)

    def since_perihelion(self, tdb: ArrayLike) -> NDArray[np.float64]:
        """Return the time since the nearest perihelion, at most half a period; days.

        Parameters
        ----------
        tdb : array_like
            MJD, TDB.
        """
        times, period = np.asarray(tdb, dtype=np.float64), self.period
        if self.scheme == "MPC_COMET":
            since = times - self._given("epoch_of_perihelion")
        else:
            since = times - self._given("epoch_of_elements") + self._given("mean_anomaly") / 360.0 * period
        return since if math.isinf(period) else np.asarray(since - period * np.round(since / period))

    def state(self, tdb: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return place and velocity from the sun, along the axes of the ICRS; au and au a day, shape (..., 3).

        Parameters
        ----------
        tdb : array_like
            MJD, TDB, shape (...).
        """
        inside = along_the_orbit(
            self.since_perihelion(tdb), self.perihelion_distance, self._given("eccentricity"), self.gm
        )
        axes = self.axes()
        return inside[0] @ axes, inside[1] @ axes

    def axes(self) -> NDArray[np.float64]:
        """Return the directions, along the axes of the ICRS, of perihelion and of the motion there; shape (2, 3)."""
        node, inclination, argument = (
            math.radians(self._given(name)) for name in ("lng_asc_node", "inclination", "arg_of_perihelion")
        )
        cn, sn, ci, si = math.cos(node), math.sin(node), math.cos(inclination), math.sin(inclination)
        ca, sa = math.cos(argument), math.sin(argument)
        ecliptic = np.array(
            [
                [cn * ca - sn * sa * ci, sn * ca + cn * sa * ci, sa * si],
                [-cn * sa - sn * ca * ci, -sn * sa + cn * ca * ci, ca * si],
            ]
        )
        ce, se = math.cos(OBLIQUITY), math.sin(OBLIQUITY)
        return np.asarray(ecliptic @ np.array([[1.0, 0.0, 0.0], [0.0, ce, se], [0.0, -se, ce]]))
