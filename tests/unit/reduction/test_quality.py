"""Quality is what the frame was drawn with, in plain numbers, whatever the frame."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.unit.reduction.made_stars import ccd, drawn, strewn
from toros.reduction.quality import QUALITY_CARDS, inspect, measure, transparency_of


@pytest.mark.parametrize(
    ("fwhm", "ellipticity", "angle", "beta"),
    [(2.2, 0.0, 0.0, 3.5), (3.1, 0.15, 60.0, 2.5), (4.5, 0.3, -35.0, 3.5), (6.0, 0.05, 0.0, math.inf)],
)
def test_shape_and_number_of_stars_are_those_drawn(fwhm: float, ellipticity: float, angle: float, beta: float) -> None:
    exponent = 40.0 if math.isinf(beta) else beta
    truth = strewn(400, 1024, seed=11, faint=6000.0)
    found = measure(
        ccd(drawn(truth, 1024, fwhm=fwhm, ellipticity=ellipticity, angle=angle, beta=exponent)), counts=True,
        pixel_scale=0.5,
    )  # fmt: skip
    assert found["fwhm_pixels"] == pytest.approx(fwhm, rel=0.01)
    assert found["fwhm_arcseconds"] == pytest.approx(fwhm * 0.5, rel=0.01)
    assert found["ellipticity"] == pytest.approx(ellipticity, abs=0.015)
    if ellipticity > 0.1:
        assert found["position_angle_degrees"] == pytest.approx(angle, abs=2)
    assert found["sources"] == pytest.approx(400, rel=0.05)
    assert found["background"] == pytest.approx(400, rel=0.01)
    assert found["noise"] == pytest.approx(464**0.5, rel=0.01)
    assert found["stars_measured"] >= 100
    assert "remark" not in found


def test_cosmic_rays_do_not_change_the_width_of_stars() -> None:
    rng = np.random.default_rng(12)
    image = drawn(strewn(200, 800, seed=13), 800, fwhm=3.0)
    for x, y in rng.integers(10, 780, (100, 2)):
        image[y, x : x + rng.integers(1, 8)] += rng.uniform(500, 20_000)
    found = measure(ccd(image), counts=True)
    assert found["fwhm_pixels"] == pytest.approx(3.0, rel=0.02)


def test_saturated_stars_do_not_widen_the_others() -> None:
    truth = strewn(300, 800, seed=14, bright=3e6)
    image = np.minimum(drawn(truth, 800, fwhm=3.0), 20_000)
    found = measure(ccd(image, image >= 20_000), counts=True, saturation=20_000)
    assert found["fwhm_pixels"] == pytest.approx(3.0, rel=0.01)
    assert found["saturated_fraction"] == pytest.approx((image >= 20_000).mean(), abs=1e-6)


def test_a_mask_of_saturated_pixels_goes_before_a_level() -> None:
    full = np.zeros((40, 50), dtype=np.uint8)
    full[:4] = 1
    found = measure(ccd(np.ones((40, 50))), counts=False, saturated=full, saturation=0.5)
    assert found["saturated_fraction"] == 0.1


def test_stars_are_compared_with_those_expected() -> None:
    image = drawn(strewn(100, 500, seed=15), 500)
    found = measure(ccd(image), counts=True, stars_expected=200)
    assert found["star_ratio"] == pytest.approx(found["sources"] / 200)
    assert found["transparency"] == pytest.approx(transparency_of(found["sources"] / 200), abs=1e-6)
    assert "star_ratio" not in measure(ccd(image), counts=True)


def test_transparency_follows_from_the_slope_of_the_counts() -> None:
    lost = 0.75  # magnitudes
    assert transparency_of(10 ** (-0.3 * lost), slope=0.3) == pytest.approx(10 ** (-0.4 * lost))
    assert (transparency_of(1.0), transparency_of(0.0)) == (1.0, 0.0)


def test_masters_have_a_level_and_a_noise_only() -> None:
    found = measure(ccd(drawn(strewn(20, 200, seed=16), 200)), counts=False)
    assert set(found) == {"background", "noise", "masked_fraction"}


def test_inspecting_gives_the_stars_too() -> None:
    quality, stars = inspect(ccd(drawn(strewn(100, 500, seed=17), 500)), counts=True)
    assert np.median(stars["fwhm"]) == pytest.approx(quality["fwhm_pixels"], rel=0.01)


def test_a_frame_too_full_to_count_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("toros.reduction.stars.find_sources", lambda sky: None)
    found = measure(ccd(drawn(strewn(10, 100, seed=18), 100)), counts=True)
    assert "not counted" in found["remark"]
    assert "sources" not in found


@settings(max_examples=60, deadline=None)
@given(
    data=st.tuples(st.integers(1, 40), st.integers(1, 40)).flatmap(
        lambda shape: arrays(np.float32, shape, elements=st.floats(width=32))
    ),
    masked=st.floats(0, 1),
    seed=st.integers(0, 9),
)
def test_no_frame_is_too_odd_to_be_measured(data: np.ndarray, masked: float, seed: int) -> None:
    mask = np.random.default_rng(seed).random(data.shape) < masked
    found = measure(ccd(data, mask), counts=True, saturation=1e4, stars_expected=3, pixel_scale=1.0)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert all(type(value) in (int, float, str) for value in found.values())
    assert found["masked_fraction"] == pytest.approx((mask | ~np.isfinite(data)).mean(), abs=1e-6)


def test_every_number_has_a_card() -> None:
    found = measure(
        ccd(drawn(strewn(100, 500, seed=19), 500)), counts=True, saturation=1e5, pixel_scale=1.0, stars_expected=100
    )
    assert set(found) == set(QUALITY_CARDS)
    keywords = [keyword for keyword, _ in QUALITY_CARDS.values()]
    assert len(set(keywords)) == len(keywords)
    assert all(len(k) <= 8 and len(comment) <= 47 for k, comment in QUALITY_CARDS.values())
