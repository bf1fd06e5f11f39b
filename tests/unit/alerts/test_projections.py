from __future__ import annotations

import numpy as np
import pytest

from toros.alerts.projections import Gnomonic, Mollweide


@pytest.mark.parametrize("projection", [Mollweide(), Mollweide(30.0)])
def test_mollweide_there_and_back(projection: Mollweide) -> None:
    random = np.random.default_rng(1)
    ra, dec = random.uniform(0, 360, 1000), random.uniform(-89.9, 89.9, 1000)
    x, y = projection.plane(ra, dec)
    back_ra, back_dec = projection.sky(x, y)
    assert np.abs((back_ra - ra + 180) % 360 - 180).max() < 1e-4
    assert np.abs(back_dec - dec).max() < 1e-4


def test_mollweide_keeps_areas() -> None:
    """Evenly spread positions are evenly spread in the plane."""
    random = np.random.default_rng(2)
    ra, dec = random.uniform(0, 360, 200_000), np.degrees(np.arcsin(random.uniform(-1, 1, 200_000)))
    x, y = Mollweide().plane(ra, dec)
    counts, _, _ = np.histogram2d(x, y, bins=(8, 4), range=((-1, 1), (-0.5, 0.5)))
    assert counts.std() / counts.mean() < 0.03


def test_mollweide_has_poles_rims_and_an_outside() -> None:
    x, y = Mollweide().plane(np.array([180.0, 10.0, 180.0]), np.array([0.0, 90.0, -90.0]))
    assert x == pytest.approx([0, 0, 0], abs=1e-3)
    assert y == pytest.approx([0, 1, -1], abs=1e-3)
    ra, dec = Mollweide().sky(np.array([1.9, 0.0]), np.array([0.9, 1.5]))
    assert np.isnan(ra).all()
    assert np.isnan(dec).all()


def test_east_is_to_the_left() -> None:
    for projection in (Mollweide(), Gnomonic(180.0, 0.0)):
        x, y = projection.plane(np.array([185.0]), np.array([5.0]))
        assert x[0] < 0 < y[0]


@pytest.mark.parametrize(("ra", "dec"), [(10.0, 41.0), (0.0, -89.0), (359.9, 0.0), (200.0, 90.0)])
def test_gnomonic_there_and_back(ra: float, dec: float) -> None:
    x, y = np.meshgrid(np.linspace(-30, 30, 21), np.linspace(-30, 30, 21))
    back_x, back_y = Gnomonic(ra, dec).plane(*Gnomonic(ra, dec).sky(x, y))
    assert np.abs(back_x - x).max() < 1e-9
    assert np.abs(back_y - y).max() < 1e-9


def test_gnomonic_agrees_with_the_tangent_projection_of_wcslib() -> None:
    from astropy.wcs import WCS

    wcs = WCS(naxis=2)
    wcs.wcs.ctype, wcs.wcs.crval, wcs.wcs.cdelt = ["RA---TAN", "DEC--TAN"], [10.0, 41.0], [-1.0, 1.0]
    theirs = wcs.wcs_world2pix([[12.0, 40.0]], 0)[0] + 1
    x, y = Gnomonic(10.0, 41.0).plane(np.array([12.0]), np.array([40.0]))
    assert [x[0], y[0]] == pytest.approx(theirs)


def test_gnomonic_does_not_show_the_other_half_of_the_sky() -> None:
    assert np.isnan(Gnomonic(10.0, 41.0).plane(np.array([190.0]), np.array([0.0]))[0]).all()
