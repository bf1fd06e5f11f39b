"""GLADE+ as its text form has it: 22.5 million rows of 40 words, blanks between them, `null` where nothing is known.

Columns and flags: Dálya et al. 2022, MNRAS 514, 1403, and the catalogue's own description.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toros.alerts.galaxies.columns import Columns, columns_of
from toros.alerts.galaxies.cosmology import HUBBLE, LEAST_REDSHIFT, LIGHT, PECULIAR
from toros.alerts.galaxies.text import batches, fixed_width, numbers

if TYPE_CHECKING:
    from toros.alerts.galaxies.importing import Told

__all__ = ["COLUMNS", "read"]

COLUMNS = (
    "GLADE_no", "PGC", "GWGC", "HyperLEDA", "2MASS", "WISExSCOS", "SDSS-DR16Q", "type", "RA", "Dec",
    "B", "B_err", "B_flag", "B_Abs", "J", "J_err", "H", "H_err", "K", "K_err",
    "W1", "W1_err", "W2", "W2_err", "W1_flag", "BJ", "BJ_err", "z_helio", "z_cmb", "z_flag",
    "v_err", "z_err", "d_L", "d_L_err", "dist_flag", "Mstar", "Mstar_err", "Mstar_flag", "rate", "rate_err",
)  # fmt: skip
TEXTS = ("GLADE_no", "PGC", "GWGC", "HyperLEDA", "2MASS", "WISExSCOS", "SDSS-DR16Q", "type")
NUMBERS = ("RA", "Dec", "B", "z_cmb", "z_flag", "v_err", "d_L", "d_L_err", "dist_flag", "Mstar")
NAMES = (("GWGC", ""), ("PGC", "PGC"), ("HyperLEDA", ""), ("2MASS", "2MASX J"), ("WISExSCOS", "WISE J"),
         ("SDSS-DR16Q", "SDSS J"), ("GLADE_no", "GLADE"))  # fmt: skip
QUASAR = "Q"
PHOTOMETRIC, MEASURED, SPECTROSCOPIC = 1, 2, 3  # what dist_flag says
FOUND = {PHOTOMETRIC: 3, MEASURED: 1, SPECTROSCOPIC: 2}  # and the place in columns.FOUND
PHOTOMETRIC_ERROR = 0.033 * LIGHT / HUBBLE  # Mpc: scatter of WISExSCOS, Bilicki et al. 2016, ApJS 225, 5


def read(file: Path, told: Told) -> Iterator[Columns]:
    """Yield the galaxies, some hundred thousand at a time; quasars and rows without a position are left out.

    Raises
    ------
    TorosError
        The file is not GLADE+'s.
    """
    import numpy as np
    import pyarrow.compute as pc

    for batch in batches(file, told, texts=TEXTS, numbers=NUMBERS, names=COLUMNS, delimiter=" "):
        galaxy = pc.fill_null(pc.not_equal(batch["type"], QUASAR), True)
        told.leave_out("quasars", len(galaxy) - galaxy.true_count)
        batch = batch.filter(galaxy)
        value = {name: numbers(batch[name]) for name in NUMBERS}
        flag = np.nan_to_num(value["dist_flag"], nan=0.0).astype(int)
        distance, error = _distances(value, flag)
        with np.errstate(divide="ignore"):
            mass = np.log10(value["Mstar"]) + 10.0
        columns = columns_of(
            ra=value["RA"], dec=value["Dec"], name=fixed_width(_name(batch)), distance=distance, distance_error=error,
            found=np.select([flag == key for key in FOUND], list(FOUND.values()), 0), magnitude=value["B"],
            mass=np.where(np.isfinite(mass), mass, np.nan),
        )  # fmt: skip
        told.leave_out("without a position", flag.size - columns["ra"].size)
        yield columns


def _distances(value: dict[str, Any], flag: Any) -> tuple[Any, Any]:
    """Return distances and their errors; Mpc.

    Notes
    -----
    GLADE+ corrects redshifts below 0.05 for peculiar velocities and then says how well (z_flag, v_err); elsewhere the
    motions are in the error. A distance that is not measured and whose redshift is smaller than they are is dropped.
    """
    import numpy as np

    measured = flag == MEASURED
    corrected = (value["z_flag"] == 1) & np.isfinite(value["v_err"])
    motion = np.where(measured, 0.0, np.where(corrected, value["v_err"] * LIGHT / HUBBLE, PECULIAR))
    guess = np.where(flag == PHOTOMETRIC, PHOTOMETRIC_ERROR, np.where(measured, 0.15 * value["d_L"], 0.0))
    own = np.where(value["d_L_err"] > 0.0, value["d_L_err"], guess)
    known = measured | ((np.isin(flag, (PHOTOMETRIC, SPECTROSCOPIC))) & (value["z_cmb"] > LEAST_REDSHIFT))
    return np.where(known, value["d_L"], np.nan), np.hypot(own, motion)


def _name(batch: Any) -> Any:
    """Return the best known of each galaxy's names."""
    import pyarrow as pa
    import pyarrow.compute as pc

    named = []
    for column, prefix in NAMES:
        text = batch[column]
        apart = "" if not prefix or prefix.endswith("J") else " "
        named.append(pc.binary_join_element_wise(pa.scalar(prefix), text, apart) if prefix else text)
    return pc.coalesce(*named)
