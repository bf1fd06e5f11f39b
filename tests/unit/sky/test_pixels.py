"""Pixels are those of astropy-healpix, and a pixel's centre lies in it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toros.sky.coordinates import separation
from toros.sky.healpix import circumradius
from toros.sky.pixels import centres_of, pixels_of

ORDERS = [0, 1, 3, 8, 12, 20, 29]
EDGES = [math.nextafter(360, 0), 359.9999, -1e-20, 22.5, 45.0]


def everywhere(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return positions evenly on the sky, close about the poles, and where faces and belts meet."""
    rng = np.random.default_rng(seed)
    poles = 90.0 - 10.0 ** rng.uniform(-9, 0, 2000)
    meet = np.degrees(np.arcsin(2 / 3)) * np.array([1 - 1e-12, 1 + 1e-12, -1 - 1e-12, -1 + 1e-12])
    dec = np.concatenate([np.degrees(np.arcsin(rng.uniform(-1, 1, 20_000))), poles, -poles, np.repeat(meet, 5)])
    return np.concatenate([rng.uniform(0, 360, 24_000), np.tile(EDGES, 4)]), dec


@pytest.mark.parametrize("order", ORDERS)
def test_they_are_astropys(order: int) -> None:
    from astropy import units
    from astropy_healpix import healpix_to_lonlat, lonlat_to_healpix

    ra, dec = everywhere(order)
    theirs = lonlat_to_healpix(ra * units.deg, dec * units.deg, 2**order, order="nested")
    assert (pixels_of(ra, dec, order) == theirs).all()
    pixels = np.random.default_rng(order).integers(0, 12 * 4**order, 5000)
    longitude, latitude = healpix_to_lonlat(pixels, 2**order, order="nested")
    there, height = centres_of(pixels, order)
    assert np.abs(height - latitude.to_value("deg")).max() < 1e-12
    turn = (there - longitude.to_value("deg") + 180.0) % 360.0 - 180.0
    assert np.abs(turn * np.cos(latitude.value)).max() < 1e-12
    assert (pixels_of(there, height, order) == pixels).all()


@pytest.mark.parametrize("dec", [90.0, -90.0, 0.0])
@pytest.mark.parametrize("ra", [0.0, 45.0, 180.0, 270.0])
def test_where_pixels_meet_it_is_one_of_them(ra: float, dec: float) -> None:
    for order in ORDERS:
        there, height = centres_of(pixels_of(ra, dec, order), order)
        assert separation(ra, dec, float(there), float(height)) < 60.0 / 2**order


@given(st.floats(-360, 720), st.floats(-90, 90), st.integers(0, 29))
def test_every_position_lies_about_the_centre_of_its_pixel(ra: float, dec: float, order: int) -> None:
    pixel = pixels_of(ra, dec, order)
    assert 0 <= int(pixel) < 12 * 4**order
    there, height = centres_of(pixel, order)
    assert separation(ra, dec, float(there), float(height)) <= math.degrees(circumradius(order)) + 1e-11
