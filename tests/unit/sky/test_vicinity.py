"""What is near to a position lies in its vicinity, at the poles and across RA 0 too."""

from __future__ import annotations

import math

import numpy as np
import pytest
from astropy import units
from astropy.coordinates import SkyCoord

from toros.sky.healpix import ORDER, pixel_of
from toros.sky.vicinity import vicinities


def _positions(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return positions all over the sky, many of them at poles, RA 0 and the corners of the largest pixels."""
    chance = np.random.default_rng(7)
    ra, dec = chance.uniform(0, 360, count), np.degrees(np.arcsin(chance.uniform(-1, 1, count)))
    corner = math.degrees(math.asin(2 / 3))
    ra[: count // 2] = np.round(ra[: count // 2] / 45) * 45 % 360
    dec[: count // 4] = chance.choice([90, -90, 0, corner, -corner], count // 4)
    ra[: count // 2] = (ra[: count // 2] + chance.normal(0, 1e-4, count // 2)) % 360
    dec[: count // 4] = np.clip(dec[: count // 4] + chance.normal(0, 1e-4, count // 4), -90, 90)
    return ra, dec


@pytest.mark.parametrize("arcseconds", [0.0, 0.5, 3.0, 60.0, 3600.0, 36000.0])
def test_all_that_is_near_lies_in_the_vicinity(arcseconds: float) -> None:
    ra, dec = _positions(2000)
    order, found = vicinities(ra, dec, arcseconds / 3600)
    chance = np.random.default_rng(8)
    here = SkyCoord(ra, dec, unit="deg")
    near = here.directional_offset_by(chance.uniform(0, 360, 2000) * units.deg, arcseconds * units.arcsec * 0.999999)
    pixels = pixel_of(near.ra.deg, near.dec.deg) >> 2 * (ORDER - order)
    assert all(pixel in each.around for pixel, each in zip(pixels.tolist(), found, strict=True))
    own = pixel_of(ra, dec) >> 2 * (ORDER - order)
    assert [each.pixel for each in found] == own.tolist()
    assert np.mean([len(each.around) for each in found]) < 7


def test_nothing_has_no_vicinity_and_a_wide_one_is_refused() -> None:
    assert vicinities([], [], 0.001)[1] == []
    with pytest.raises(ValueError, match="up to 10 degrees"):
        vicinities([1.0], [2.0], 11.0)
