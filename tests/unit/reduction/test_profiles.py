"""One profile is fitted to many stars and gives back the shape that they were drawn with."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from toros.reduction.profiles import fit_profiles

HALF = 9


def stamps(
    fwhm: float, ellipticity: float, angle: float, beta: float, number: int = 12, noise: float = 0.0
) -> NDArray[np.float64]:
    rng = np.random.default_rng(5)
    y, x = np.mgrid[-HALF : HALF + 1, -HALF : HALF + 1].astype(float)
    turn, ratio = math.radians(angle), math.sqrt(1 - ellipticity)
    made = []
    for dx, dy in rng.uniform(-0.5, 0.5, (number, 2)):
        u, v = x - dx, y - dy
        long, short = u * math.cos(turn) + v * math.sin(turn), v * math.cos(turn) - u * math.sin(turn)
        square = ((long * ratio) ** 2 + (short / ratio) ** 2) * 4 / fwhm**2
        shape = 2**-square if math.isinf(beta) else (1 + (2 ** (1 / beta) - 1) * square) ** -beta
        made.append(1000 * shape + 20 + rng.normal(0, noise, x.shape))
    return np.array(made)


@settings(max_examples=40, deadline=None)
@given(
    fwhm=st.floats(1.8, 7.0), ellipticity=st.floats(0, 0.5), angle=st.floats(-89, 89),
    beta=st.sampled_from([2.5, 3.5, 5.0, math.inf]), off=st.floats(0.7, 1.5),
)  # fmt: skip
def test_the_shape_is_given_back(fwhm: float, ellipticity: float, angle: float, beta: float, off: float) -> None:
    assume(fwhm * math.sqrt(1 - ellipticity) >= 1.6)  # a star narrower than that is not sampled well enough
    pixels = stamps(fwhm, ellipticity, angle, beta)
    found = fit_profiles(pixels, np.ones_like(pixels), fwhm * off)
    assert np.sqrt(found.major * found.minor) == pytest.approx(np.full(12, fwhm), rel=0.01)
    assert 1 - found.minor / found.major == pytest.approx(np.full(12, ellipticity), abs=0.015)
    assert found.height == pytest.approx(np.full(12, 1000), rel=0.02)
    if ellipticity > 0.1:
        away = (found.angle - angle + 90) % 180 - 90
        assert np.abs(away).max() < 2


def test_an_exponent_between_those_tried_costs_little() -> None:
    pixels = stamps(3.0, 0.0, 0.0, 3.0, noise=2.0)
    found = fit_profiles(pixels, np.ones_like(pixels), 3.5)
    assert np.median(np.sqrt(found.major * found.minor)) == pytest.approx(3.0, rel=0.015)


def test_pixels_of_no_weight_are_not_looked_at() -> None:
    pixels = stamps(3.0, 0.2, 30.0, 3.5)
    weights = np.ones_like(pixels)
    pixels[:, 3, :], weights[:, 3, :] = 1e6, 0
    found = fit_profiles(pixels, weights, 3.0)
    assert np.sqrt(found.major * found.minor) == pytest.approx(np.full(12, 3.0), rel=0.01)


@pytest.mark.parametrize("value", [0.0, 5.0, -3.0])
def test_what_is_no_star_is_not_a_number_or_at_least_does_no_harm(value: float) -> None:
    pixels = stamps(3.0, 0.0, 0.0, 3.5)
    pixels[0] = value
    weights = np.ones_like(pixels)
    weights[1] = 0
    found = fit_profiles(pixels, weights, 3.0)
    assert np.isnan(found.major[1]) or found.major[1] > 0
    assert np.sqrt(found.major * found.minor)[2:] == pytest.approx(np.full(10, 3.0), rel=0.01)
