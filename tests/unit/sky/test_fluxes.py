from __future__ import annotations

import numpy as np
import pytest

from toros.errors import BadValue
from toros.sky.bands import BANDS, ab_from_vega, band_named, vega_from_ab
from toros.sky.fluxes import (
    asinh_magnitude,
    flux_of,
    limit_of,
    magnitude_of,
    per_frequency,
    per_wavelength,
    photometry,
    to_microjanskys,
)


def test_magnitudes_are_astropys() -> None:
    import astropy.units as u

    flux = np.array([0.5, 3.631, 1.0e6])
    theirs = (flux * u.uJy).to_value(u.ABmag)
    assert magnitude_of(flux)[0] == pytest.approx(theirs, abs=1e-3)


def test_there_and_back_with_errors() -> None:
    magnitude, error = magnitude_of([100.0, 3.0], [1.0, 0.3])
    assert magnitude == pytest.approx([18.9, 22.7072], abs=1e-4)
    assert error == pytest.approx([0.010857, 0.10857], abs=1e-5)
    assert np.array(flux_of(magnitude, error)) == pytest.approx(np.array([[100.0, 3.0], [1.0, 0.3]]))


def test_no_magnitude_without_flux() -> None:
    assert np.isnan(magnitude_of([0.0, -1.0, np.nan], 1.0)).all()


def test_what_is_not_detected_is_a_limit() -> None:
    found = photometry([100.0, 2.9, -4.0, 50.0, 50.0], [1.0, 1.0, 1.0, 0.0, np.nan])
    assert found.upper_limit.tolist() == [False, True, True, True, True]
    assert found.magnitude[:3] == pytest.approx([18.9, 23.9 - 2.5 * np.log10(5.0), 23.9 - 2.5 * np.log10(5.0)])
    assert np.isnan(found.error[1:]).all() and np.isnan(found.magnitude[3:]).all()
    assert limit_of(1.0, 3.0) == pytest.approx(22.7072, abs=1e-4)


def test_asinh_magnitudes_join_the_others_when_bright_and_exist_when_faint() -> None:
    bright, error = asinh_magnitude(1000.0, 10.0, 1.0)
    assert (bright, error) == (pytest.approx(16.4, abs=1e-5), pytest.approx(0.010857, abs=1e-6))
    faint, error = asinh_magnitude([0.0, -2.0], 1.0, 1.0)
    assert faint[0] == pytest.approx(23.9) and faint[1] > faint[0] and np.isfinite(error).all()
    with pytest.raises(BadValue, match="softening = 0"):
        asinh_magnitude(1.0, 1.0, 0.0)


def test_per_wavelength_is_astropys() -> None:
    import astropy.units as u

    wave = np.array([3500.0, 6562.8, 22000.0])
    flux = np.array([1e-16, 3e-17, 2e-18])
    theirs = (flux * u.erg / u.s / u.cm**2 / u.AA).to_value(u.uJy, u.spectral_density(wave * u.AA))
    assert per_frequency(flux, wave) == pytest.approx(theirs)
    assert per_wavelength(per_frequency(flux, wave), wave) == pytest.approx(flux)
    with pytest.raises(BadValue, match="wavelength = -1"):
        per_frequency(1.0, -1.0)


@pytest.mark.parametrize(
    ("value", "unit", "microjanskys"),
    [
        (2.0, "mJy", 2000.0),
        (1.0, "nJy", 1e-3),
        (1.0, "nanomaggy", 3.631),
        (1e-29, "erg/s/cm2/Hz", 1.0),
        (5.0, "µJy", 5.0),
    ],
)
def test_units_of_flux(value: float, unit: str, microjanskys: float) -> None:
    assert to_microjanskys(value, unit) == pytest.approx(microjanskys)


def test_a_unit_that_is_not_known() -> None:
    with pytest.raises(BadValue, match="unit of flux 'MJy'; allowed: Jy, mJy, uJy"):
        to_microjanskys(1.0, "MJy")


@pytest.mark.parametrize(
    ("name", "band"),
    [
        ("r", "r"),
        ("R", "R"),
        ("SDSS r'", "r"),
        ("ZTF(zr)", "ZTF r"),
        ("ztf_r", "ZTF r"),
        ("GaiaDR3(GBP)", "Gaia BP"),
        ("RP", "Gaia RP"),
        ("rp", "r"),
        ("Rp", None),
        ("U(GaiaSP)", "U"),
        ("u(GaiaSP)", "u"),
        ("WISE(W1)", "W1"),
        ("ATLAS_o", "ATLAS o"),
        ("halpha", None),
    ],
)
def test_bands_by_the_names_that_archives_use(name: str, band: str | None) -> None:
    found = band_named(name)
    assert (found.name if found else None) == band


def test_every_band_is_found_by_every_name_and_no_name_is_of_two() -> None:
    for band in BANDS:
        assert all(band_named(word) == band for word in (band.name, *band.spellings)), band
        assert 100.0 < band.wavelength < 30000.0 and band.source


def test_vega_and_ab() -> None:
    assert ab_from_vega([10.0, 12.0], "Ks") == pytest.approx([11.85, 13.85])
    assert vega_from_ab(ab_from_vega(10.0, "Gaia G"), "Gaia G") == pytest.approx(10.0)
    assert ab_from_vega(0.0, "WISE(W2)") == pytest.approx(3.339)
    with pytest.raises(BadValue, match="band 'luminance' is not known"):
        ab_from_vega(10.0, "luminance")
    with pytest.raises(BadValue, match="band ZTF g: no offset"):
        ab_from_vega(10.0, "zg")
