"""Stars that were drawn are found, each once, with their light, place and shape; what is no star is not."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import cKDTree

from tests.unit.reduction.made_stars import Stars, ccd, drawn, on_a_grid, strewn
from toros.reduction.background import Background, subtract_background
from toros.reduction.stars import find_sources, stars_of


def test_all_stars_are_found_and_nothing_else() -> None:
    truth = strewn(500, 1024, seed=1)
    sky = subtract_background(drawn(truth, 1024))
    assert sky is not None
    found = find_sources(sky)
    assert found is not None
    away, which = cKDTree(np.column_stack([truth.x, truth.y])).query(np.column_stack([found["x"], found["y"]]))
    assert (away < 2).all(), "spurious"
    assert len(set(which)) == len(which), "counted twice"
    assert len(which) >= 0.97 * 500  # the rest are too near to a brighter one, or half outside


def test_the_brightest_come_first_with_their_place_light_and_shape() -> None:
    truth = on_a_grid(640, 40, 40_000.0, seed=2)
    truth.flux *= np.linspace(1, 2, truth.flux.size)
    found = stars_of(ccd(drawn(truth, 640, fwhm=3.4, ellipticity=0.3, angle=-40.0)))
    assert len(found) == 200
    assert (np.diff(found["flux"]) <= 0).all()
    away, which = cKDTree(np.column_stack([truth.x, truth.y])).query(np.column_stack([found["x"], found["y"]]))
    assert np.median(away) < 0.03
    ratio = found["flux"] / truth.flux[which]
    assert ratio.std() < 0.02
    assert 0.85 < ratio.mean() < 1
    assert np.median(found["fwhm"]) == pytest.approx(3.4, rel=0.01)
    assert np.median(found["ellipticity"]) == pytest.approx(0.3, abs=0.01)
    assert np.median(found["angle"]) == pytest.approx(-40.0, abs=1)


def test_saturated_masked_blended_and_cut_stars_are_left_out() -> None:
    places = np.array([[100, 100], [200, 100], [300, 100], [305, 100], [1, 200], [100, 200], [200, 200]], dtype=float)
    truth = Stars(places[:, 0], places[:, 1], np.array([9e5, 8e4, 7e4, 5e4, 6e4, 5e4, 4e4]))
    grid = on_a_grid(400, 40, 20_000.0, seed=3)
    far = cKDTree(places).query(np.column_stack([grid.x, grid.y]))[0] > 25
    truth = Stars(*(np.r_[getattr(truth, a), getattr(grid, a)[far]] for a in ("x", "y", "flux")))
    image = np.minimum(drawn(truth, 400), 30_000)
    mask = np.zeros(image.shape, dtype=bool)
    mask[201, 101] = True
    found = stars_of(ccd(image, mask), saturation=30_000)
    brightest = [(round(float(x)), round(float(y))) for x, y in zip(found["x"][:2], found["y"][:2], strict=True)]
    assert brightest == [(200, 100), (200, 200)]


def test_where_all_stars_have_neighbours_they_are_measured_all_the_same() -> None:
    found = stars_of(ccd(drawn(on_a_grid(300, 10, 40_000.0, seed=4), 300)))
    assert len(found) == 200
    assert np.median(found["fwhm"]) == pytest.approx(3.0, rel=0.05)


def test_hot_pixels_are_no_stars() -> None:
    image = np.random.default_rng(5).normal(100, 5, (300, 300))
    image[::20, ::20] = 5000
    sky = subtract_background(image)
    assert sky is not None
    found = find_sources(sky)
    assert found is not None
    assert len(found) == 0


@pytest.mark.parametrize("value", [np.nan, 0.0, 7.0])
def test_a_frame_without_stars_gives_an_empty_table(value: float) -> None:
    found = stars_of(ccd(np.full((30, 40), value)))
    assert len(found) == 0
    assert set(found.dtype.names) == {"x", "y", "flux", "peak", "fwhm", "ellipticity", "angle"}


def test_a_frame_that_stands_out_everywhere_is_not_counted() -> None:
    flat = np.random.default_rng(6).uniform(900, 1000, (800, 800)).astype(np.float32)
    assert find_sources(Background(flat, np.zeros(flat.shape, dtype=bool), 0.0, 1.0)) is None


def test_a_cluster_with_too_many_stars_to_part_is_counted_without_parting() -> None:
    blob = np.random.default_rng(7).uniform(100, 1e6, (300, 300)).astype(np.float32)
    found = find_sources(Background(blob, np.zeros(blob.shape, dtype=bool), 0.0, 1.0))
    assert found is not None
    assert len(found) == 1
