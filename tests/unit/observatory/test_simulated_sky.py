from __future__ import annotations

import numpy as np
import pytest

from tests.unit.observatory.cameras import CAMERA
from toros.observatory.frames import tangent_wcs
from toros.observatory.simulated_sky import Stars, draw, new_source, stars_around
from toros.sky.coordinates import separation


def within(stars: Stars, ra: float, dec: float, radius: float) -> set[tuple[float, float, float]]:
    rows = zip(stars.ra, stars.dec, stars.magnitude, strict=True)
    return {row for row in rows if separation(ra, dec, row[0], row[1]) < radius}


def test_the_same_place_has_the_same_stars() -> None:
    first, second = (stars_around(60.0, -24.0, 0.2, seed=1) for _ in range(2))
    assert (first.ra == second.ra).all()
    assert (first.magnitude == second.magnitude).all()


def test_fields_that_overlap_show_the_same_stars() -> None:
    here, there = stars_around(60.0, -24.0, 0.5, seed=1), stars_around(60.3, -24.2, 0.5, seed=1)
    common = within(here, 60.15, -24.1, 0.2)
    assert len(common) > 200
    assert common == within(there, 60.15, -24.1, 0.2)


def test_another_seed_is_another_sky() -> None:
    assert within(stars_around(60, -24, 0.2, 1), 60, -24, 0.2).isdisjoint(
        within(stars_around(60, -24, 0.2, 2), 60, -24, 0.2)
    )


@pytest.mark.parametrize(("ra", "dec"), [(0.0, 0.0), (359.99, 45.0), (120.0, 89.95), (200.0, -90.0)])
def test_stars_surround_every_place(ra: float, dec: float) -> None:
    stars = stars_around(ra, dec, 0.3, seed=1)
    quarter = [within(stars, ra, dec, 0.3)]
    expected = 3500 * np.pi * 0.3**2
    assert len(quarter[0]) == pytest.approx(expected, abs=5 * np.sqrt(expected))


def test_faint_stars_are_many_and_bright_ones_few() -> None:
    magnitude = stars_around(60, -24, 3.0, seed=1).magnitude
    counts = [(magnitude < limit).sum() for limit in (14, 16, 18, 20)]
    slopes = np.diff(np.log10(counts)) / 2
    assert slopes == pytest.approx([0.34] * 3, abs=0.04)
    assert magnitude.min() >= 8.0
    assert magnitude.max() <= 20.5


def test_the_new_source_is_near_the_middle_at_a_known_place() -> None:
    ra, dec = new_source(60.0, -24.0)
    assert separation(60.0, -24.0, ra, dec) * 3600 == pytest.approx(np.hypot(24.0, 15.0), rel=1e-3)
    assert ra > 60.0
    assert dec > -24.0


def test_a_star_falls_where_the_projection_says_with_all_its_light() -> None:
    wcs = tangent_wcs(60.0, -24.0, CAMERA)
    image = np.zeros((300, 400), dtype=np.float32)
    star = Stars(np.array([60.0]), np.array([-24.0]), np.array([15.0]))
    draw(image, star, wcs, fwhm=3.0, flux=np.array([1e5]))
    y, x = np.indices(image.shape)
    assert (image * x).sum() / image.sum() == pytest.approx(199.5, abs=0.02)
    assert (image * y).sum() / image.sum() == pytest.approx(149.5, abs=0.02)
    assert image.sum() == pytest.approx(1e5, rel=0.02)
    half = image[150, :] > image[150].max() / 2
    assert half.sum() == pytest.approx(3, abs=1)


def test_stars_on_and_beyond_the_rim_do_no_harm() -> None:
    wcs = tangent_wcs(60.0, -24.0, CAMERA)
    ra, dec = wcs.wcs_pix2world([-0.4, 399.4, -3.0, 5000.0, 200.0], [0.0, 299.4, 150.0, 10.0, -4000.0], 0)
    image = np.zeros((300, 400), dtype=np.float32)
    draw(image, Stars(ra, dec, np.full(5, 10.0)), wcs, fwhm=3.0, flux=np.full(5, 1e5))
    assert np.isfinite(image).all()
    assert image[0, 0] > 0
    assert image[299, 399] > 0
    assert image[150, 0] > 0
    assert image[150, 200] < 1
