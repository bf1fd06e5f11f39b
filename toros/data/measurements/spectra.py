"""Spectra: recorded once each, read as arrays."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from toros.data.permissions import Viewer, visible
from toros.data.processors.reading import MICROSECONDS_A_DAY, SpectrumReading
from toros.data.tables import Spectrum, Target
from toros.errors import Permanent

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from sqlalchemy.orm import Session

__all__ = ["SpectrumArrays", "compare_spectrum", "read_spectra", "record_spectrum"]


@dataclass(frozen=True)
class SpectrumArrays:
    """A spectrum as it was recorded.

    Attributes
    ----------
    mjd : float
        Mid-exposure, UTC.
    wavelength, flux : ndarray of float64
        In the units that are named.
    error : ndarray of float64 or None
    """

    number: int
    mjd: float
    facility: str
    wavelength: NDArray[np.float64]
    flux: NDArray[np.float64]
    error: NDArray[np.float64] | None
    wavelength_unit: str
    flux_unit: str
    active: bool


def record_spectrum(
    session: Session, target: int, spectrum: SpectrumReading, *, recorded: str, observer: str = "",
    product: int | None = None,
) -> int:  # fmt: skip
    """Record a spectrum and return its number; one on the same wavelengths at the same time is revised.

    Parameters
    ----------
    session : Session
        Inside a transaction.
    target : int
    spectrum : SpectrumReading
    recorded : str
        The time now; UTC, ISO 8601.

    Raises
    ------
    Permanent
        It is not known when it was taken.
    """
    key, values = _columns(target, spectrum, observer)
    row = session.scalar(select(Spectrum).filter_by(**key).with_for_update())
    if row is not None and not _differs(row, values):
        return row.number
    if row is None:
        row = Spectrum(**key, active=True)
        session.add(row)
    for name, value in values.items():
        setattr(row, name, value)
    row.product, row.recorded = product, recorded
    session.flush()
    return row.number


def compare_spectrum(session: Session, target: int, spectrum: SpectrumReading, *, observer: str = "") -> str:
    """Return what `record_spectrum` would do, without doing it: "new", "same" or "revised"."""
    key, values = _columns(target, spectrum, observer)
    row = session.scalar(select(Spectrum).filter_by(**key))
    return "new" if row is None else "revised" if _differs(row, values) else "same"


def _columns(target: int, spectrum: SpectrumReading, observer: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what tells a spectrum from others, and what it says; raise Permanent where its time is not known."""
    import numpy as np

    if spectrum.mjd is None:
        raise Permanent("mjd: the file does not say when the spectrum was taken: give mjd")
    wavelengths, fluxes = (np.asarray(each, "<f8").tobytes() for each in (spectrum.wavelength, spectrum.flux))
    unknown = bool(np.isnan(spectrum.error).all())
    key = {
        "target": target, "time": round(spectrum.mjd * MICROSECONDS_A_DAY), "facility": spectrum.facility,
        "observer": observer, "grid": hashlib.sha256(wavelengths).hexdigest(),
    }  # fmt: skip
    return key, {
        "wavelengths": wavelengths, "points": len(spectrum.wavelength), "fluxes": fluxes,
        "errors": None if unknown else np.asarray(spectrum.error, "<f8").tobytes(),
        "wavelength_unit": spectrum.wavelength_unit, "flux_unit": spectrum.flux_unit,
    }  # fmt: skip


def _differs(row: Spectrum, values: Mapping[str, Any]) -> bool:
    return any(getattr(row, name) != value for name, value in values.items())


def read_spectra(session: Session, target: int, *, viewer: Viewer, active_only: bool = True) -> list[SpectrumArrays]:
    """Return a target's spectra by time; none of a target that the viewer may not see."""
    import numpy as np

    query = select(Spectrum).join(Target, Target.number == Spectrum.target).where(Spectrum.target == target)
    if active_only:
        query = query.where(Spectrum.active)
    return [
        SpectrumArrays(
            row.number, row.time / MICROSECONDS_A_DAY, row.facility, np.frombuffer(row.wavelengths, "<f8"),
            np.frombuffer(row.fluxes, "<f8"), None if row.errors is None else np.frombuffer(row.errors, "<f8"),
            row.wavelength_unit, row.flux_unit, row.active,
        )
        for row in session.scalars(visible(query, viewer).order_by(Spectrum.time, Spectrum.number))
    ]  # fmt: skip
