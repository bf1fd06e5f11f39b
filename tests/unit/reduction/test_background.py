"""The sky is found under stars, masks and gradients, and its noise with it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.reduction.made_stars import drawn, strewn
from toros.reduction.background import subtract_background

RNG = np.random.default_rng


def test_level_and_noise_of_a_plain_sky_are_its_own() -> None:
    found = subtract_background(RNG(1).normal(500.0, 20.0, (700, 600)))
    assert found is not None
    assert found.level == pytest.approx(500.0, abs=0.5)
    assert found.noise == pytest.approx(20.0, rel=0.01)
    assert not found.bad.any()


def test_a_field_full_of_stars_has_the_noise_of_its_sky() -> None:
    image = drawn(strewn(1500, 1024, seed=3, bright=3e6), 1024, sky=400.0, read_noise=8.0)
    found = subtract_background(image)
    assert found is not None
    assert found.level == pytest.approx(400.0, rel=0.01)
    assert found.noise == pytest.approx((400 + 64) ** 0.5, rel=0.02)


def test_a_sky_that_is_brighter_at_one_side_is_taken_away_everywhere() -> None:
    y, x = np.mgrid[0:800, 0:900]
    found = subtract_background(RNG(2).normal(0, 5.0, (800, 900)) + 300 + 0.2 * x + 0.1 * y)
    assert found is not None
    corners = [found.flat[r : r + 100, c : c + 100].mean() for r in (0, 350, 700) for c in (0, 400, 800)]
    assert np.abs(corners).max() < 2.0
    assert np.median(np.abs(corners)) < 0.5


def test_rows_between_those_that_are_looked_at_are_no_worse_than_they() -> None:
    y = np.arange(512)[:, None] + np.zeros(512)
    found = subtract_background(100 + y + RNG(3).normal(0, 1e-3, (512, 512)))
    assert found is not None
    inner = found.flat[100:-100].mean(axis=1)
    assert np.abs(np.diff(inner)).max() < 0.01


def test_what_is_masked_or_has_no_value_does_not_count() -> None:
    image = RNG(4).normal(100.0, 3.0, (300, 300))
    mask = np.zeros(image.shape, dtype=bool)
    image[:30], image[50, 50], image[200:220, 200:220] = np.nan, np.inf, 1e6
    mask[200:220, 200:220] = True
    found = subtract_background(image, mask)
    assert found is not None
    assert (found.level, found.noise) == (pytest.approx(100, abs=0.3), pytest.approx(3, rel=0.02))
    assert found.bad.sum() == 30 * 300 + 1 + 400
    assert (found.flat[found.bad] == 0).all()


def test_with_most_pixels_masked_the_rest_still_tell_the_level() -> None:
    found = subtract_background(RNG(5).normal(100.0, 3.0, (300, 300)), RNG(6).random((300, 300)) < 0.8)
    assert found is not None
    assert (found.level, found.noise) == (pytest.approx(100, abs=0.3), pytest.approx(3, rel=0.03))


@pytest.mark.parametrize("sigma", [1.0, 2.0, 5.0])
@pytest.mark.parametrize("offset", [0.0, 0.25, 0.5])
def test_the_noise_of_whole_counts_is_right(sigma: float, offset: float) -> None:
    found = subtract_background(np.round(RNG(7).normal(1000.0 + offset, sigma, (400, 400))).astype(np.uint16))
    assert found is not None
    assert found.noise == pytest.approx((sigma**2 + 1 / 12) ** 0.5, rel=0.03)


@pytest.mark.parametrize("image", [np.full((5, 5), np.nan), np.full((5, 5), np.inf), np.full((5, 5), 1e300)])
def test_without_a_good_pixel_there_is_no_sky(image: np.ndarray) -> None:
    assert subtract_background(image) is None
    assert subtract_background(np.ones((5, 5)), np.ones((5, 5))) is None


@given(
    shape=st.tuples(st.integers(1, 70), st.integers(1, 70)),
    value=st.floats(-1e6, 1e6),
    dtype=st.sampled_from(["<f4", ">f4", "<f8", ">f8", ">i2", "<u2", "u1"]),
)
def test_a_frame_of_one_value_has_that_level_and_no_noise(shape: tuple[int, int], value: float, dtype: str) -> None:
    if dtype[-2] != "f":
        value = abs(int(value)) % 200
    found = subtract_background(np.full(shape, value, dtype=dtype))
    assert found is not None
    assert found.level == pytest.approx(value, rel=1e-6, abs=1e-6)
    assert found.noise == 0
    assert np.abs(found.flat).max() <= 1e-6 * max(1.0, abs(value))


def test_the_image_itself_is_left_as_it_was() -> None:
    image = RNG(8).normal(100.0, 3.0, (300, 300)).astype(np.float32)
    before = image.copy()
    subtract_background(image, image > 105)
    assert (image == before).all()


def test_writing_over_the_image_and_its_mask_changes_no_number() -> None:
    image = RNG(5).normal(100.0, 3.0, (530, 300)).astype(np.float32) + np.arange(300, dtype=np.float32)
    image[50, 50] = np.nan
    mask = np.zeros(image.shape, dtype=bool)
    mask[200:220, 200:220] = True
    kept, copied = image.copy(), subtract_background(image, mask)
    assert np.array_equal(image, kept, equal_nan=True)
    assert mask.sum() == 400
    found = subtract_background(image, mask, in_place=True)
    assert found is not None
    assert copied is not None
    assert np.shares_memory(found.flat, image)
    assert np.shares_memory(found.bad, mask)
    assert np.array_equal(found.flat, copied.flat)
    assert np.array_equal(found.bad, copied.bad)
    assert (found.level, found.noise) == (copied.level, copied.noise)
