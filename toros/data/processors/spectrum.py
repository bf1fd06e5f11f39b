"""Spectra: two or three columns of text, or FITS of one to three dimensions with its wavelengths in the header."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toros.data.processors.cells import Rows, numbers, times
from toros.data.processors.layout import plain
from toros.data.processors.options import PhotometryOptions
from toros.data.processors.reading import MICROSECONDS_A_DAY, Problems, SpectrumReading
from toros.data.processors.text_table import SEPARATORS, text_blocks, text_head
from toros.errors import Permanent

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["read"]

WAVELENGTHS = ("wavelength", "wave", "lambda", "wl")
FLUXES = ("flux", "f", "flam", "flambda")
ERRORS = ("error", "err", "fluxerror", "fluxerr", "sigma", "uncertainty")
WAVELENGTH_UNIT, FLUX_UNIT = "Angstrom", "erg s-1 cm-2 Angstrom-1"
DATES, FACILITIES = ("date-obs", "date_obs"), ("facility", "telescop", "telescope", "observat")


def read(path: Path, options: PhotometryOptions) -> SpectrumReading:
    """Read a spectrum; its wavelengths must grow.

    Raises
    ------
    Permanent
        It is no spectrum, or has fewer than two points.
    """
    import numpy as np

    with path.open("rb") as file:
        is_fits = file.read(9) == b"SIMPLE  ="
    spectrum = _of_fits(path, options) if is_fits else _of_text(path, options)
    if len(spectrum.wavelength) < 2:
        raise Permanent(
            f"{path.name} has {len(spectrum.wavelength)} points that can be read; a spectrum has two at least"
        )
    if not (np.diff(spectrum.wavelength) > 0).all():
        raise Permanent(f"{path.name}: its wavelengths do not grow from point to point")
    return spectrum


def _of_text(path: Path, options: PhotometryOptions) -> SpectrumReading:
    import numpy as np

    head = text_head(path)
    named = {plain(name): name for name in head.columns}
    roles = {role: next((named[name] for name in names if name in named), None)
             for role, names in (("wavelength", WAVELENGTHS), ("flux", FLUXES), ("error", ERRORS))}  # fmt: skip
    for role in ("wavelength", "flux"):
        if roles[role] is None:
            raise Permanent(f"{path.name}: no column holds the {role}; there is {', '.join(head.columns)}")
    problems = Problems()
    parts: dict[str, list[NDArray[Any]]] = {role: [] for role in roles}
    for block in text_blocks(path, head, problems):
        rows = Rows(block.lines, problems)
        found = {role: numbers(block.columns[name], name, rows) for role, name in roles.items() if name is not None}
        for role in ("wavelength", "flux"):
            name = str(roles[role])
            rows.refuse(~np.isfinite(found[role]), name, block.columns[name], "is not a finite number")
        for role, values in found.items():
            parts[role].append(values[rows.good])
    columns = {role: np.concatenate(each) if each else np.empty(0) for role, each in parts.items()}
    said = _said_in(head.comments)
    units = head.units
    return SpectrumReading(
        columns["wavelength"], columns["flux"],
        columns["error"] if roles["error"] else np.full(len(columns["flux"]), np.nan),
        units.get(str(roles["wavelength"]), WAVELENGTH_UNIT), options.unit or units.get(str(roles["flux"]), FLUX_UNIT),
        _mjd(said, options), options.facility or _first(said, FACILITIES), problems, "spectrum, text",
        (f"cells separated by {SEPARATORS[head.separator]}, header in line {head.skipped}",),
    )  # fmt: skip


def _said_in(comments: Sequence[str]) -> dict[str, str]:
    """Return what comments such as `# DATE-OBS: 2026-11-20` say, by name in small letters."""
    pairs = (comment.partition(":") for comment in comments if ":" in comment)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _of_fits(path: Path, options: PhotometryOptions) -> SpectrumReading:
    import numpy as np
    from astropy.io import fits

    try:
        with fits.open(path, memmap=False) as file:
            hdu = next((each for each in file if each.is_image and each.data is not None), None)
            if hdu is None:
                raise Permanent(f"{path.name} holds no image of a spectrum")
            data, header = np.asarray(hdu.data, float), hdu.header.copy()
    except OSError as error:
        raise Permanent(f"{path.name} cannot be read as FITS: {error}") from None
    dimensions = data.ndim
    if not 1 <= dimensions <= 3:
        raise Permanent(f"{path.name} has {dimensions} dimensions; a spectrum has 1 to 3")
    flux = data if dimensions == 1 else data[0] if dimensions == 2 else data[0, 0]
    wavelength = _wavelengths(header, len(flux), path)
    problems = Problems()
    finite = np.isfinite(flux)
    for i in np.flatnonzero(~finite):
        problems.add(int(i) + 1, "flux", flux[i], "is not a finite number")
    said = {
        name.lower(): str(header[name]) for name in ("DATE-OBS", "TELESCOP", "OBSERVAT", "FACILITY") if name in header
    }
    taken = "" if dimensions == 1 else "; the first row is taken"
    return SpectrumReading(
        wavelength[finite], flux[finite], np.full(int(finite.sum()), np.nan),
        str(header.get("CUNIT1", WAVELENGTH_UNIT)).strip() or WAVELENGTH_UNIT,
        options.unit or str(header.get("BUNIT", FLUX_UNIT)).strip(), _mjd(said, options),
        options.facility or _first(said, FACILITIES), problems, "spectrum, FITS",
        (f"{dimensions} dimensions, wavelengths from axis 1{taken}",),
    )  # fmt: skip


def _wavelengths(header: Any, length: int, path: Path) -> NDArray[Any]:
    """Return the wavelength of every pixel from CRVAL1, CRPIX1 and CDELT1 or CD1_1; DC-FLAG 1 means logarithms."""
    import numpy as np

    step = header.get("CD1_1", header.get("CDELT1"))
    if "CRVAL1" not in header or not step:
        raise Permanent(f"{path.name}: the header does not say its wavelengths (CRVAL1, and CD1_1 or CDELT1)")
    values = header["CRVAL1"] + step * (np.arange(1, length + 1) - header.get("CRPIX1", 1.0))
    return np.asarray(10.0**values if header.get("DC-FLAG", 0) == 1 else values, float)


def _mjd(said: Mapping[str, str], options: PhotometryOptions) -> float | None:
    """Return the time of the exposure, where it is known."""

    if options.mjd is not None:
        return options.mjd
    text = _first(said, DATES)
    if not text:
        return None
    rows = Rows([0], Problems())
    found = times([text], "DATE-OBS", rows, format_="iso")
    if not rows.good[0]:
        raise Permanent(f"DATE-OBS {text!r} {rows.problems.first[0].reason}")
    return float(found[0]) / MICROSECONDS_A_DAY


def _first(said: Mapping[str, str], names: Sequence[str]) -> str:
    return next((said[name] for name in names if name in said), "")
