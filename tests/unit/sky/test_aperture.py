"""Light in a circle: right for stars whose light is known, with an error that is the scatter of many."""

from __future__ import annotations

import math

import numpy as np
import pytest

from toros.sky.aperture import Aperture, aperture_sum

SHAPE, SIGMA = (41, 41), 1.2
NONE = np.zeros(SHAPE, np.uint8)


def star(flux: float, x: float, y: float, sky: float = 0.0) -> np.ndarray:
    """Return an image of one star of normal shape."""
    rows, columns = np.indices(SHAPE)
    square = (columns - x) ** 2 + (rows - y) ** 2
    return sky + flux / (2 * math.pi * SIGMA**2) * np.exp(-square / (2 * SIGMA**2))


def measured(image: np.ndarray, x: float = 20.0, y: float = 20.0, mask: np.ndarray = NONE, **more: object) -> Aperture:
    found = aperture_sum(image, more.get("error"), mask, x, y, radius=6.0, sky=(9.0, 15.0))  # type: ignore[arg-type]
    assert found is not None
    return found


@pytest.mark.parametrize(("x", "y"), [(20.0, 20.0), (20.5, 19.5), (20.25, 20.4)])
def test_a_star_is_as_bright_as_it_was_made_wherever_it_falls(x: float, y: float) -> None:
    found = measured(star(5000.0, x, y, sky=100.0), x, y)
    assert found.flux == pytest.approx(5000.0, rel=1e-3)
    assert found.sky == pytest.approx(100.0, abs=1e-3)


def test_a_neighbour_in_the_sky_does_not_count() -> None:
    image = star(5000.0, 20, 20, sky=100.0) + star(50_000.0, 32, 20)
    assert measured(image).flux == pytest.approx(5000.0, rel=0.01)


def test_the_error_is_the_scatter_of_many() -> None:
    chance = np.random.default_rng(5)
    sky, gain_noise = 400.0, 20.0
    found = [measured(star(3000.0, 20, 20, sky) + chance.normal(0, gain_noise, SHAPE)) for _ in range(400)]
    scatter = np.std([each.flux for each in found])
    assert np.mean([each.error for each in found]) == pytest.approx(scatter, rel=0.1)
    assert np.mean([each.flux for each in found]) == pytest.approx(3000.0, abs=4 * scatter / 20)


def test_the_flags_of_the_circle_are_told_and_those_outside_are_not() -> None:
    mask = NONE.copy()
    mask[20, 22], mask[21, 20], mask[0, 0] = 2, 16, 4
    assert measured(star(5000.0, 20, 20), mask=mask).flags == 18


def test_without_a_value_in_the_circle_or_enough_sky_there_is_no_measurement() -> None:
    image = star(5000.0, 20, 20)
    image[20, 21] = np.nan
    assert aperture_sum(image, None, NONE, 20, 20, radius=6.0, sky=(9.0, 15.0)) is None
    hidden = np.full(SHAPE, 1, np.uint8)
    assert aperture_sum(star(5000.0, 20, 20), None, hidden, 20, 20, radius=6.0, sky=(9.0, 15.0)) is None
