"""Parameters: from the target, the template and the request, in this order, to a facility's form."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from toros.data.observations.facilities.base import Facility, Form
from toros.errors import Permanent

if TYPE_CHECKING:
    from toros.data.tables import Target
    from toros.sky.site import Site

__all__ = ["filled", "place_of"]

UNIX_EPOCH, J2000 = 40587.0, 51544.5  # MJD
DAYS_OF_A_YEAR = 365.25
DIGITS = 7  # of a degree: 0.4 milliarcseconds


def filled(
    facility: Facility[Any], target: Target, when: datetime, site: Site | None, *told: Mapping[str, Any]
) -> Form:
    """Return a facility's form with what is told, the later before the earlier, and the target's place where it lacks.

    Parameters
    ----------
    when : datetime
        What moves is looked for at this time; UTC.
    site : Site or None
        From here; from the earth's centre where None.

    Raises
    ------
    Permanent
        The form cannot be filled in so; the sentence says which field, what value, and what is allowed.
    """
    parameters: dict[str, Any] = {}
    for more in told:
        parameters |= more
    if {"ra", "dec"} <= set(facility.form.model_fields):
        if ("ra" in parameters) != ("dec" in parameters):
            lacking = "dec" if "ra" in parameters else "ra"
            raise Permanent(f"parameters: give both ra and dec, or neither; {lacking} is missing")
        if "ra" not in parameters:
            parameters["ra"], parameters["dec"] = place_of(target, when, site)
    form: Form = facility.fill(parameters)
    return form


def place_of(target: Target, when: datetime, site: Site | None) -> tuple[float, float]:
    """Return where a target stands at a time: its proper motion, or its orbit, is followed.

    Returns
    -------
    tuple of float
        Right ascension and declination; ICRS, degrees.
    """
    mjd = when.timestamp() / 86400.0 + UNIX_EPOCH
    if target.scheme is not None:
        from toros.sky.elements import Elements
        from toros.sky.orbits import ephemeris

        seen = ephemeris(Elements.of(target), mjd, site)
        return _rounded(float(seen.ra), float(seen.dec))
    assert target.ra is not None and target.dec is not None
    if not (target.pm_ra or target.pm_dec):
        return target.ra, target.dec
    from toros.sky.coordinates import moved

    years = 2000.0 + (mjd - J2000) / DAYS_OF_A_YEAR - (target.epoch or 2000.0)
    ra, dec = moved(target.ra, target.dec, target.pm_ra or 0.0, target.pm_dec or 0.0, years)
    return _rounded(float(ra), float(dec))


def _rounded(ra: float, dec: float) -> tuple[float, float]:
    return round(ra, DIGITS) % 360.0, round(dec, DIGITS)
