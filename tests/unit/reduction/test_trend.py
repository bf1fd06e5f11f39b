"""Clouds are seen as fainter zero points, to the errors that are told."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.unit.reduction.made_stars import Stars, ccd, drawn, strewn
from tests.unit.reduction.test_field import SIDE, table
from toros.reduction.quality import inspect
from toros.reduction.trend import Sighting, trend

SAMPLES = os.environ.get("TOROS_SAMPLE_DATA")


def sighting(stars: Stars, *, seed: int, noise: float = 0.01, exposure_time: float = 1.0) -> Sighting:
    """Return what a frame sees, each star's light wrong by `noise` magnitudes."""
    rng = np.random.default_rng(seed)
    seen = replace(stars, flux=stars.flux * exposure_time * 10 ** (0.4 * rng.normal(0, noise, stars.flux.size)))
    return Sighting(table(seen, seed=seed), sources=int((seen.flux > 3000).sum()), exposure_time=exposure_time)


def test_clouds_are_measured_within_the_errors() -> None:
    truth = strewn(300, SIDE, seed=1)
    lost = np.array([0.0, 0.02, 0.5, 2.0, 0.3, 0.0, 0.1])
    points = trend([sighting(truth.moved(n, -n, 10 ** (-0.4 * m)), seed=n) for n, m in enumerate(lost)])
    found = np.array([p.magnitudes for p in points], dtype=float)
    errors = np.array([p.error for p in points], dtype=float)
    assert found.max() == 0
    assert found == pytest.approx(-lost, abs=0.006)
    assert errors == pytest.approx(np.full(7, 0.01 / 200**0.5), rel=0.4)
    assert [p.transparency for p in points] == pytest.approx(10 ** (-0.4 * lost), abs=0.006)


def test_the_errors_told_are_those_made() -> None:
    truth = strewn(100, SIDE, seed=2)
    pulls = []
    for trial in range(60):
        points = trend([sighting(truth, seed=1000 + 5 * trial + n, noise=0.05) for n in range(5)])
        values = np.array([p.magnitudes for p in points], dtype=float)
        pulls.extend((values - values.mean()) / np.array([p.error for p in points], dtype=float))
    assert np.std(pulls) == pytest.approx(np.sqrt(4 / 5), rel=0.25)


def test_two_frames_are_enough() -> None:
    truth = strewn(200, SIDE, seed=3)
    one, other = trend([sighting(truth, seed=1), sighting(truth.moved(0, 0, 0.5), seed=2)])
    assert (one.magnitudes, other.magnitudes) == (0, pytest.approx(2.5 * np.log10(0.5), abs=0.005))
    assert other.error == pytest.approx(0.01 / 200**0.5, rel=0.5)


def test_a_longer_exposure_is_no_clearer_sky() -> None:
    truth = strewn(200, SIDE, seed=4)
    points = trend([sighting(truth, seed=1), sighting(truth, seed=2, exposure_time=10.0), sighting(truth, seed=3)])
    assert [p.magnitudes for p in points] == pytest.approx([0, 0, 0], abs=0.005)
    assert points[1].star_ratio == 1  # compared with its own kind


def test_a_variable_star_and_a_blend_do_not_count() -> None:
    truth = strewn(60, SIDE, seed=5)
    changed = replace(truth, flux=truth.flux * np.where(np.arange(60) % 6 == 0, 3.0, 1.0))
    points = trend([sighting(truth, seed=1), sighting(changed, seed=2), sighting(truth, seed=3)])
    assert [p.magnitudes for p in points] == pytest.approx([0, 0, 0], abs=0.008)


def test_a_frame_that_shows_something_else_has_no_zero_point() -> None:
    truth = strewn(200, SIDE, seed=6)
    points = trend([sighting(truth, seed=1), sighting(strewn(150, SIDE, seed=7), seed=2), sighting(truth, seed=3)])
    assert [p.magnitudes is None for p in points] == [False, True, False]
    assert (points[1].error, points[1].transparency, points[1].stars) == (None, None, 0)


def test_one_frame_alone_has_nothing_to_be_compared_with() -> None:
    (point,) = trend([sighting(strewn(200, SIDE, seed=8), seed=1)])
    assert point.magnitudes is None
    assert trend([]) == []


def test_clouds_over_real_pixels_are_seen() -> None:
    truth = strewn(150, 600, seed=9, faint=3000.0)
    seen = []
    for n, part in enumerate([1.0, 0.5, 0.9, 1.0]):
        quality, stars = inspect(
            ccd(drawn(truth.moved(5.3 * n, -3.1 * n, part), 600, fwhm=3 + 0.4 * n, seed=n)), counts=True
        )
        seen.append(Sighting(stars, quality["sources"]))
    points = trend(seen)
    assert [p.transparency for p in points] == pytest.approx([1.0, 0.5, 0.9, 1.0], abs=0.03)
    assert points[3].shift is not None
    assert points[0].shift is not None
    assert np.subtract(points[3].shift, points[0].shift) == pytest.approx([-15.9, 9.3], abs=0.2)
    assert points[1].star_ratio is not None
    assert points[1].star_ratio < 0.95


@pytest.mark.skipif(SAMPLES is None, reason="TOROS_SAMPLE_DATA is not set")
def test_a_real_transit_night_is_followed_and_fades_as_it_sets() -> None:
    from toros.reduction.frame import read_frame

    seen = []
    for path in sorted((Path(SAMPLES or ".") / "ccd/hatp32_20171220").glob("*.FITS"))[::4]:
        quality, stars = inspect(ccd(read_frame(path).pixels), counts=True, saturation=4095)
        seen.append(Sighting(stars, quality["sources"], 60.0))
    points = trend(seen)
    values = np.array([p.magnitudes for p in points], dtype=float)
    assert np.isfinite(values).all()
    assert points[-1].shift is not None
    assert points[0].shift is not None
    assert np.hypot(*np.subtract(points[-1].shift, points[0].shift)) > 200  # the field drifts by half a degree
    assert -0.15 < values[-2:].mean() < values[3:7].mean() - 0.03
    assert max(p.error for p in points if p.error) < 0.004
