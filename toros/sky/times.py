"""Times: scales, modified Julian dates, and the moment at which light passes the solar system's barycentre.

A time is an MJD in a named scale, never a bare number. Nothing here asks the network: leap seconds come with pyerfa,
the earth's rotation with astropy.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal, get_args

import erfa
import numpy as np
from numpy.typing import ArrayLike, NDArray

from toros.errors import BadValue
from toros.sky.checks import checked
from toros.sky.earth import JD_OF_MJD_0, LIGHT_AU_PER_DAY, earth_and_sun, site_in_space, ut1_minus_utc
from toros.sky.site import Site
from toros.sky.vectors import unit_vectors

__all__ = [
    "EARLIEST",
    "JD_OF_MJD_0",
    "LATEST",
    "Reference",
    "Scale",
    "Stamp",
    "barycentric",
    "checked_mjd",
    "convert",
    "datetime_of",
    "mid_exposure",
    "mjd_of",
    "tdb_minus_tt",
]

Scale = Literal["utc", "tai", "tt", "tdb", "tcb", "tcg", "ut1"]
Reference = Literal["observatory", "geocentre", "heliocentre", "barycentre"]
Stamp = Literal["start", "mid", "end"]

EARLIEST = 9542.0  # 1885-01-01: the Harvard plates, the oldest archive of brightnesses that one can look up
LATEST = 88069.0  # 2100-01-01
SECONDS = 86400.0
MJD_0 = datetime(1858, 11, 17, tzinfo=UTC)


def checked_mjd(values: ArrayLike, field: str = "time", earliest: float = EARLIEST) -> NDArray[np.float64]:
    """Return modified Julian dates as float64.

    Parameters
    ----------
    values : array_like
        Days.
    field : str
        What they are called, for the sentence.
    earliest : float
        Least that is allowed; elements of old comets need an earlier one.

    Raises
    ------
    BadValue
        Not a number, or not a date from `earliest` to the year 2100; with a hint where it looks like a JD, like seconds
        since 1970, or like a JD that somebody took 2450000 or more away from.
    """
    try:
        numbers = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise BadValue(f"{field}: {values!r} is not a number; allowed: an MJD (days)") from None
    bad = ~((numbers >= earliest) & (numbers <= LATEST))
    if bad.any():
        first = float(numbers[bad].flat[0])
        where = f" (number {int(np.argmax(bad.ravel())) + 1} of {numbers.size})" if numbers.size > 1 else ""
        allowed = f"allowed: an MJD from {earliest:g} to {LATEST:g}"
        raise BadValue(f"{field} = {first:.12g}{where}; {allowed}{_hint(first, earliest)}")
    return numbers


def _hint(value: float, earliest: float) -> str:
    if JD_OF_MJD_0 + earliest <= value <= JD_OF_MJD_0 + LATEST:
        return f"; this looks like a JD: take {JD_OF_MJD_0} away"
    if 1e8 < value < 5e9:
        return "; this looks like seconds since 1970: divide by 86400 and add 40587"
    if 0 < value < earliest:
        return "; is this a JD less 2450000, 2454833 (Kepler) or 2457000 (TESS)?"
    return ""


def mjd_of(moment: datetime) -> float:
    """Return a timezone-aware moment as MJD, UTC."""
    if moment.tzinfo is None:
        raise BadValue(f"time {moment.isoformat()} names no time zone; write it with Z or an offset")
    return (moment - MJD_0) / timedelta(days=1)


def datetime_of(mjd: float) -> datetime:
    """Return an MJD, UTC, as a moment, to the microsecond."""
    return MJD_0 + timedelta(days=float(mjd))


def mid_exposure(mjd: ArrayLike, exposure: ArrayLike, stamp: Stamp = "start") -> NDArray[np.float64]:
    """Return the middle of exposures; MJD in the scale that they came in.

    Parameters
    ----------
    mjd : array_like
        MJD.
    exposure : array_like
        Seconds.
    stamp : {'start', 'mid', 'end'}
        What the MJD names.

    Raises
    ------
    BadValue
    """
    _one_of(stamp, Stamp, "stamp")
    part = {"start": 0.5, "mid": 0.0, "end": -0.5}[stamp]
    seconds = checked(exposure, "exposure", 0.0, 10 * SECONDS, "seconds")
    return np.asarray(mjd, dtype=np.float64) + part * seconds / SECONDS


def tdb_minus_tt(tt: ArrayLike) -> NDArray[np.float64]:
    """Return TDB - TT at the earth's centre; seconds, within 10 microseconds from 1600 to 2200.

    Parameters
    ----------
    tt : array_like
        MJD, TT or TDB.

    Notes
    -----
    Kaplan 2005, USNO Circular 179, equation 2.6.
    """
    t = (np.asarray(tt, dtype=np.float64) - 51544.5) / 36525.0
    return np.asarray(
        0.001657 * np.sin(628.3076 * t + 6.2401)
        + 0.000022 * np.sin(575.3385 * t + 4.2970)
        + 0.000014 * np.sin(1256.6152 * t + 6.1969)
        + 0.000005 * np.sin(606.9777 * t + 4.0212)
        + 0.000005 * np.sin(52.9691 * t + 0.4444)
        + 0.000002 * np.sin(21.3299 * t + 5.5431)
        + 0.000010 * t * np.sin(628.3076 * t + 4.2490)
    )


def convert(mjd: ArrayLike, source: Scale, target: Scale) -> NDArray[np.float64]:
    """Return times of one scale in another; MJD, of the same shape.

    Parameters
    ----------
    mjd : array_like
        MJD.
    source, target : {'utc', 'tai', 'tt', 'tdb', 'tcb', 'tcg', 'ut1'}

    Raises
    ------
    BadValue
        A scale that is none of these.

    Notes
    -----
    Good to 10 microseconds from 1972 on. Before 1960, where there was no UTC, TAI is taken for it, which is up to 35 s
    from universal time. UT1 outside of the table that comes with astropy is UTC.
    """
    _one_of(source, Scale, "time scale")
    _one_of(target, Scale, "time scale")
    days = np.asarray(mjd, dtype=np.float64)
    return days if source == target else _from_tt(_to_tt(days, source), target)


def _to_tt(days: NDArray[np.float64], scale: Scale) -> NDArray[np.float64]:
    do = erfa.ufunc
    match scale:
        case "ut1":
            return _to_tt(_mjd(do.ut1utc(JD_OF_MJD_0, days, ut1_minus_utc(days))), "utc")
        case "utc":
            return _to_tt(_mjd(do.utctai(JD_OF_MJD_0, days)), "tai")
        case "tai":
            return days + 32.184 / SECONDS
        case "tcg":
            return _mjd(do.tcgtt(JD_OF_MJD_0, days))
        case "tcb":
            return _to_tt(_mjd(do.tcbtdb(JD_OF_MJD_0, days)), "tdb")
        case "tdb":
            return days - tdb_minus_tt(days) / SECONDS
    return days


def _from_tt(tt: NDArray[np.float64], scale: Scale) -> NDArray[np.float64]:
    do = erfa.ufunc
    match scale:
        case "ut1":
            utc = _from_tt(tt, "utc")
            return _mjd(do.utcut1(JD_OF_MJD_0, utc, ut1_minus_utc(utc)))
        case "utc":
            return _mjd(do.taiutc(JD_OF_MJD_0, _from_tt(tt, "tai")))
        case "tai":
            return tt - 32.184 / SECONDS
        case "tcg":
            return _mjd(do.tttcg(JD_OF_MJD_0, tt))
        case "tcb":
            return _mjd(do.tdbtcb(JD_OF_MJD_0, _from_tt(tt, "tdb")))
        case "tdb":
            return tt + tdb_minus_tt(tt) / SECONDS
    return tt


def _mjd(parts: tuple[NDArray[np.float64], ...]) -> NDArray[np.float64]:
    return np.asarray((parts[0] - JD_OF_MJD_0) + parts[1])


def barycentric(
    mjd: ArrayLike,
    ra: ArrayLike,
    dec: ArrayLike,
    site: Site | None = None,
    *,
    scale: Scale = "utc",
    reference: Reference = "observatory",
) -> NDArray[np.float64]:
    """Return the moments at which the light passed, or would have passed, the solar system's barycentre: BJD_TDB.

    Parameters
    ----------
    mjd : array_like
        Mid-exposure (see `mid_exposure`); MJD.
    ra, dec : array_like
        ICRS at that time; degrees. One position, or one a time.
    site : Site, optional
        Without one, the light is timed at the earth's centre: up to 21 ms wrong for a telescope on the ground.
    scale : str
        Of `mjd`.
    reference : {'observatory', 'geocentre', 'heliocentre', 'barycentre'}
        Where the clock stood: "heliocentre" undoes an HJD's correction first, "barycentre" changes the scale only.

    Returns
    -------
    ndarray
        Full Julian dates (2459000.5 and so on), TDB. A float64 of this size steps by 40 microseconds.

    Raises
    ------
    BadValue

    Notes
    -----
    Eastman, Siverd and Gaudi 2010, PASP 122, 935: BJD = t + r.n / c for a source far away. Within 0.1 ms, but for the
    light's delay near the sun (0.1 ms at its limb) and for sources inside the solar system, for which it does not hold.
    """
    _one_of(scale, Scale, "time scale")
    _one_of(reference, Reference, "time reference")
    days = checked_mjd(mjd)
    towards = unit_vectors(ra, dec)
    _one_each(days, towards)
    if reference == "barycentre":
        return convert(days, scale, "tdb") + JD_OF_MJD_0
    if reference == "heliocentre":
        days = days - _from_the_sun(convert(days, scale, "tdb"), towards)
    tt = convert(days, scale, "tt")
    tdb = convert(tt, "tt", "tdb")
    place = earth_and_sun(tdb).earth
    if site is not None and reference == "observatory":
        utc = convert(tt, "tt", "utc")  # for UT1: at most 0.9 s, in which the earth turns by 1.4 microseconds of light
        place = place + site_in_space(site, utc, tt)[0]
    return np.asarray(JD_OF_MJD_0 + (tdb + np.sum(place * towards, axis=-1) / LIGHT_AU_PER_DAY))


def _one_each(days: NDArray[np.float64], towards: NDArray[np.float64]) -> None:
    try:
        np.broadcast_shapes(days.shape, towards.shape[:-1])
    except ValueError:
        raise BadValue(
            f"{days.size} times and {towards[..., 0].size} positions; allowed: one position, or one a time"
        ) from None


def _from_the_sun(hjd: NDArray[np.float64], towards: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what was added to the time of the earth's centre to make it heliocentric; days."""
    added = np.zeros(hjd.shape)
    for _ in range(2):  # the earth goes 0.05 light seconds in the 500 s that the first guess is wrong by
        bodies = earth_and_sun(hjd - added)
        added = np.sum((bodies.earth - bodies.sun) * towards, axis=-1) / LIGHT_AU_PER_DAY
    return added


def _one_of(value: str, allowed: object, field: str) -> None:
    names = get_args(allowed)
    if value not in names:
        raise BadValue(f"{field} {value!r}; allowed: {', '.join(names)}")
