"""Fluxes and magnitudes: microjanskys inside, AB magnitudes derived, limits where there is no detection."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toros.errors import BadValue
from toros.sky.checks import checked

__all__ = [
    "AB_ZERO",
    "MICROJANSKYS",
    "Photometry",
    "asinh_magnitude",
    "flux_of",
    "limit_of",
    "magnitude_of",
    "per_frequency",
    "per_wavelength",
    "photometry",
    "to_microjanskys",
]

Array = NDArray[np.float64]

AB_ZERO = 23.9  # AB magnitude of 1 microjansky: -2.5 log(1e-29) - 48.6, Oke and Gunn 1983, ApJ 266, 713
POGSON = 2.5 / math.log(10.0)
LIGHT = 2.99792458e18  # Angstrom a second
MICROJANSKY = 1e-29  # erg / s / cm^2 / Hz
AB_JANSKYS = 3631.0  # of the maggie, as SDSS defines it

MICROJANSKYS = {  # in one of each unit
    "Jy": 1e6,
    "mJy": 1e3,
    "uJy": 1.0,
    "nJy": 1e-3,
    "erg/s/cm2/Hz": 1.0 / MICROJANSKY,
    "W/m2/Hz": 1e32,
    "maggy": AB_JANSKYS * 1e6,
    "nanomaggy": AB_JANSKYS * 1e-3,
}
_SPELLINGS = {"µjy": "uJy", "μjy": "uJy", "microjansky": "uJy", "jansky": "Jy", "nmgy": "nanomaggy", "mgy": "maggy"}


@dataclass(frozen=True, eq=False)
class Photometry:
    """AB magnitudes of detections, and limits of the rest.

    Attributes
    ----------
    magnitude : ndarray
        AB; of a limit, the limit.
    error : ndarray
        Magnitudes; NaN of a limit.
    upper_limit : ndarray of bool
    """

    magnitude: Array
    error: Array
    upper_limit: NDArray[np.bool_]


def magnitude_of(flux: ArrayLike, error: ArrayLike = np.nan) -> tuple[Array, Array]:
    """Return AB magnitudes and their errors; NaN where the flux is not positive.

    Parameters
    ----------
    flux, error : array_like
        Microjanskys.

    Notes
    -----
    The error is of the first order, 1.0857 error / flux: fair above 5 sigma. Below, use `asinh_magnitude` or the flux.
    """
    values, errors = np.broadcast_arrays(np.asarray(flux, dtype=np.float64), np.asarray(error, dtype=np.float64))
    positive = np.where(values > 0.0, values, np.nan)
    return np.asarray(AB_ZERO - 2.5 * np.log10(positive)), np.asarray(POGSON * errors / positive)


def flux_of(magnitude: ArrayLike, error: ArrayLike = np.nan) -> tuple[Array, Array]:
    """Return fluxes and their errors in microjanskys: `magnitude_of`, backwards.

    Parameters
    ----------
    magnitude, error : array_like
        AB magnitudes.
    """
    flux = 10.0 ** ((AB_ZERO - np.asarray(magnitude, dtype=np.float64)) / 2.5)
    return flux, np.asarray(flux * np.asarray(error, dtype=np.float64) / POGSON)


def limit_of(error: ArrayLike, sigmas: float = 5.0) -> Array:
    """Return the AB magnitude of a source so many times the error bright.

    Parameters
    ----------
    error : array_like
        Of the flux; microjanskys.
    sigmas : float
    """
    return magnitude_of(sigmas * np.asarray(error, dtype=np.float64))[0]


def photometry(flux: ArrayLike, error: ArrayLike, *, detection: float = 3.0, limit: float = 5.0) -> Photometry:
    """Return AB magnitudes where there is a detection, limits where there is none.

    Parameters
    ----------
    flux, error : array_like
        Of the source, which may be negative; microjanskys. A flux without a positive error is no detection.
    detection : float
        Flux over error from which a source counts as detected.
    limit : float
        Sigmas of the limits.

    Notes
    -----
    3 and 5 are what the guide to ZTF's forced photometry advises.
    """
    values, errors = np.broadcast_arrays(np.asarray(flux, dtype=np.float64), np.asarray(error, dtype=np.float64))
    detected = (errors > 0.0) & (values >= detection * errors)
    magnitude, spread = magnitude_of(values, errors)
    return Photometry(
        magnitude=np.where(detected, magnitude, limit_of(errors, limit)),
        error=np.where(detected, spread, np.nan),
        upper_limit=~detected,
    )


def asinh_magnitude(flux: ArrayLike, error: ArrayLike, softening: ArrayLike) -> tuple[Array, Array]:
    """Return asinh magnitudes (luptitudes) and their errors, which exist at any flux, also negative.

    Parameters
    ----------
    flux, error : array_like
        Microjanskys.
    softening : array_like
        Flux about which they turn from logarithmic to linear: about the error of the sky; microjanskys.

    Raises
    ------
    BadValue

    Notes
    -----
    Lupton, Gunn and Szalay 1999, AJ 118, 1406. Some times above the softening they are AB magnitudes.
    """
    b = checked(softening, "softening", 1e-12, 1e12, "microjanskys")
    ratio = np.asarray(flux, dtype=np.float64) / (2.0 * b)
    magnitude = AB_ZERO - POGSON * (np.arcsinh(ratio) + np.log(b))
    return magnitude, np.asarray(POGSON * np.asarray(error, dtype=np.float64) / (2.0 * b * np.sqrt(1.0 + ratio**2)))


def to_microjanskys(value: ArrayLike, unit: str) -> Array:
    """Return fluxes, or errors of fluxes, in microjanskys.

    Parameters
    ----------
    value : array_like
    unit : str
        One of `MICROJANSKYS`; case matters, since mJy is not MJy.

    Raises
    ------
    BadValue
    """
    name = _SPELLINGS.get(unit.strip().lower(), unit.strip())
    if name not in MICROJANSKYS:
        raise BadValue(f"unit of flux {unit!r}; allowed: {', '.join(MICROJANSKYS)}")
    return np.asarray(np.asarray(value, dtype=np.float64) * MICROJANSKYS[name])


def per_frequency(flux: ArrayLike, wavelength: ArrayLike) -> Array:
    """Return flux densities per frequency, in microjanskys, of those per wavelength.

    Parameters
    ----------
    flux : array_like
        erg / s / cm^2 / Angstrom.
    wavelength : array_like
        Angstrom: of a spectrum's pixel, or the pivot wavelength of a band.
    """
    return np.asarray(np.asarray(flux, dtype=np.float64) * _lengths(wavelength) ** 2 / (LIGHT * MICROJANSKY))


def per_wavelength(flux: ArrayLike, wavelength: ArrayLike) -> Array:
    """Return flux densities per wavelength, in erg / s / cm^2 / Angstrom, of those per frequency.

    Parameters
    ----------
    flux : array_like
        Microjanskys.
    wavelength : array_like
        Angstrom.
    """
    return np.asarray(np.asarray(flux, dtype=np.float64) * (LIGHT * MICROJANSKY) / _lengths(wavelength) ** 2)


def _lengths(wavelength: ArrayLike) -> Array:
    return checked(wavelength, "wavelength", 1e-3, 1e14, "Angstrom")
