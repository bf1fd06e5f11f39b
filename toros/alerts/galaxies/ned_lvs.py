"""NED's Local Volume Sample: a FITS table of some 1.9 million galaxies within 1 Gpc, 0.0 where a distance is not known.

Cook et al. 2023, ApJS 268, 14.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from toros.alerts.galaxies.columns import Columns, columns_of
from toros.alerts.galaxies.cosmology import redshift_distance
from toros.alerts.galaxies.tables import fits_rows, numbers_of, texts_of

if TYPE_CHECKING:
    from toros.alerts.galaxies.importing import Told

__all__ = ["read"]

NEEDED = ("objname", "ra", "dec", "z")
MEASURED, SPECTROSCOPIC, PHOTOMETRIC = 1, 2, 3  # places in columns.FOUND


def read(file: Path, told: Told) -> Iterator[Columns]:
    """Yield the galaxies; a distance that does not rest on the redshift comes before one that does.

    Raises
    ------
    TorosError
        The file is not NED-LVS's.
    """
    import numpy as np

    for rows in fits_rows(file, told, NEEDED):
        measured, own = numbers_of(rows, "ziDist"), numbers_of(rows, "ziDist_unc")
        distance, error = redshift_distance(numbers_of(rows, "z"), numbers_of(rows, "z_unc"))
        better = measured > 0.0
        photometric = np.char.startswith(np.char.upper(texts_of(rows, "z_tech")), b"PHOT")
        found = np.where(better, MEASURED, np.where(photometric, PHOTOMETRIC, SPECTROSCOPIC))
        with np.errstate(divide="ignore", invalid="ignore"):
            mass = np.log10(numbers_of(rows, "Mstar"))
        columns = columns_of(
            ra=numbers_of(rows, "ra"), dec=numbers_of(rows, "dec"), name=texts_of(rows, "objname"),
            distance=np.where(better, measured, distance),
            distance_error=np.where(better, np.where(own > 0.0, own, 0.15 * measured), error), found=found,
            magnitude=np.full(better.size, np.nan), mass=np.where(np.isfinite(mass), mass, np.nan),
        )  # fmt: skip
        told.leave_out("without a position", better.size - columns["ra"].size)
        yield columns
