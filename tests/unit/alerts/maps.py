"""Small maps for tests: whole skies of coarse cells with chosen densities."""

from __future__ import annotations

import io
from typing import Any

import astropy.io.fits as fits
import numpy as np
from astropy_healpix import healpix_to_lonlat

__all__ = ["blob", "fits_of"]


def fits_of(header: dict[str, Any] | None = None, **columns: Any) -> bytes:
    """Return a table with these columns as FITS bytes."""
    table = fits.BinTableHDU.from_columns(
        [
            fits.Column(name, "K" if name in ("UNIQ", "PIXEL") else "D", array=np.asarray(values))
            for name, values in columns.items()
        ]
    )
    for key, value in ({"ORDERING": "NUNIQ", "COORDSYS": "C"} | (header or {})).items():
        if value is not None:
            table.header[key] = value
    content = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(content)
    return content.getvalue()


def blob(
    ra: float, dec: float, sigma: float, distance: tuple[float, float] | None = (40.0, 8.0), order: int = 5
) -> bytes:
    """Return a map with a round normal distribution of `sigma` degrees about a place, at one distance everywhere."""
    cell = np.arange(12 * 4**order)
    lon, lat = healpix_to_lonlat(cell, 2**order, order="nested")
    lat = lat.rad
    cosine = np.sin(lat) * np.sin(np.radians(dec)) + np.cos(lat) * np.cos(np.radians(dec)) * np.cos(
        lon.rad - np.radians(ra)
    )
    angle = np.degrees(np.arccos(np.clip(cosine, -1, 1)))
    density = np.exp(-((angle / sigma) ** 2) / 2) + 1e-15
    density /= density.sum() * np.pi / 3 / 4**order
    columns: dict[str, Any] = {"UNIQ": 4 ** (order + 1) + cell, "PROBDENSITY": density}
    if distance is None:
        return fits_of(**columns)
    mu, spread = distance
    columns |= {
        "DISTMU": np.full(cell.size, mu),
        "DISTSIGMA": np.full(cell.size, spread),
        "DISTNORM": np.full(cell.size, 1 / (mu**2 + spread**2)),
    }
    return fits_of({"DISTMEAN": mu, "DISTSTD": spread}, **columns)
