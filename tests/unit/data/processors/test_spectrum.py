"""Spectra: text with its comments, FITS of one to three dimensions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from toros.data.processors.options import PhotometryOptions
from toros.data.processors.reading import SpectrumReading
from toros.data.processors.registry import read_product
from toros.errors import Permanent

TEXT = """# DATE-OBS: 2020-05-31T06:00:00
# FACILITY: LCO
wavelength,flux
4000,1.5e-15
4001,oops
4002,1.7e-15
"""


def read(path: Path) -> SpectrumReading:
    spectrum = read_product(path, "spectroscopy", PhotometryOptions())
    assert isinstance(spectrum, SpectrumReading)
    return spectrum


def test_text(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text(TEXT)
    spectrum = read(tmp_path / "s.csv")
    assert spectrum.wavelength.tolist() == [4000, 4002] and spectrum.flux.tolist() == [1.5e-15, 1.7e-15]
    assert (spectrum.mjd, spectrum.facility, spectrum.wavelength_unit) == (59000.25, "LCO", "Angstrom")
    assert str(spectrum.problems.first[0]) == "line 5: flux 'oops' is not a number"


@pytest.mark.parametrize("shape", [(5,), (2, 5), (2, 3, 5)])
def test_fits_of_one_to_three_dimensions(tmp_path: Path, shape: tuple[int, ...]) -> None:
    hdu = fits.PrimaryHDU(np.arange(np.prod(shape), dtype="f4").reshape(shape))
    hdu.header.update({"CRVAL1": 4000.0, "CRPIX1": 1.0, "CD1_1": 2.0, "DATE-OBS": "2020-05-31T06:00:00",
                       "TELESCOP": "FTN", "CUNIT1": "Angstrom"})  # fmt: skip
    hdu.writeto(tmp_path / "s.fits")
    spectrum = read(tmp_path / "s.fits")
    assert spectrum.wavelength.tolist() == [4000, 4002, 4004, 4006, 4008]
    assert spectrum.flux.tolist() == [0, 1, 2, 3, 4]
    assert (spectrum.mjd, spectrum.facility) == (59000.25, "FTN")


def test_logarithmic_wavelengths(tmp_path: Path) -> None:
    hdu = fits.PrimaryHDU(np.ones(3))
    hdu.header.update({"CRVAL1": 3.0, "CDELT1": 1.0, "DC-FLAG": 1})
    hdu.writeto(tmp_path / "s.fits")
    assert read(tmp_path / "s.fits").wavelength.tolist() == [1000, 10000, 100000]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("wavelength,flux\n2,1\n1,1\n", "do not grow"), ("wavelength,flux\n2,1\n", "1 points that can be read"),
     ("wavelength,brightness\n2,1\n", "no column holds the flux")],
)  # fmt: skip
def test_what_is_no_spectrum(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "s.csv").write_text(text)
    with pytest.raises(Permanent, match=sentence):
        read(tmp_path / "s.csv")


def test_fits_without_wavelengths_is_refused(tmp_path: Path) -> None:
    fits.PrimaryHDU(np.ones(3)).writeto(tmp_path / "s.fits")
    with pytest.raises(Permanent, match="does not say its wavelengths"):
        read(tmp_path / "s.fits")
