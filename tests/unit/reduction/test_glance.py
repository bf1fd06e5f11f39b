"""One pass over the pixels gives what numpy gives over all of them, and knows equal pixels from different ones."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from toros.reduction.amplifier import Amplifier
from toros.reduction.glance import BAND, Glance, glance
from toros.reduction.section import Section


class Rows:
    """An array, read as a file is; each row may be read once only."""

    def __init__(self, pixels: NDArray[Any]) -> None:
        self.pixels = pixels.astype(np.float32)
        self.shape = (pixels.shape[0], pixels.shape[1])
        self.next = 0

    def read(self, start: int, stop: int, out: NDArray[np.float32]) -> None:
        assert start == self.next
        self.next = stop
        out[...] = self.pixels[start:stop]


def look(pixels: NDArray[Any], full: float | None = None) -> Glance:
    return glance(Rows(pixels), full)


FLOATS = st.floats(-1e6, 1e6, width=32) | st.sampled_from([np.nan, np.inf, -np.inf, 65535.0, 4095.0])


@given(arrays.arrays(np.float32, st.tuples(st.integers(2, 40), st.integers(2, 30)), elements=FLOATS))
def test_peaks_and_parts_are_numpys(pixels: NDArray[np.float32]) -> None:
    seen = look(pixels, 4095.0)
    finite = pixels[np.isfinite(pixels)]
    if finite.size == 0:
        assert np.isnan(seen.peak)
        return
    assert seen.peak == finite.max()
    assert seen.at_peak == pytest.approx((pixels == finite.max()).mean())
    assert seen.empty_rows == (~np.isfinite(pixels)).all(axis=1).sum()
    if not np.isinf(pixels).any():
        assert seen.full == pytest.approx((pixels >= 4095).mean())


def test_a_large_image_is_sampled_evenly_and_always_alike() -> None:
    rng = np.random.default_rng(1)
    pixels = rng.normal(1000, 30, (1200, 1501)).astype(np.float32)
    pixels[600:] += 500
    pixels[:, 750:] += 250
    seen = look(pixels)
    assert 100_000 < seen.sample.size < 300_000
    levels = seen.levels(None, ())
    assert levels == look(pixels).levels(None, ())
    assert levels.median == pytest.approx(np.median(pixels), abs=10)
    assert levels.noise == pytest.approx(30, rel=0.02)
    assert levels.quadrants == pytest.approx((1000, 1250, 1500, 1750), abs=1)


def test_a_sensor_with_a_mosaic_of_filters_is_not_seen_in_one_colour() -> None:
    pixels = np.full((1200, 1500), 100.0)
    pixels[::2, ::2] = 900
    values, counts = np.unique(look(pixels).sample, return_counts=True)
    assert dict(zip(values, counts / counts.sum(), strict=True))[900.0] == pytest.approx(0.25, abs=0.01)


def test_the_slope_of_the_light_is_no_noise() -> None:
    flat = np.random.default_rng(1).normal(0, 5, (400, 500))
    assert look(flat).levels(None, ()).noise == pytest.approx(5, rel=0.02)
    assert look(flat + np.linspace(0, 20000, 500)).levels(None, ()).noise == pytest.approx(5, rel=0.02)


def test_noise_of_whole_numbers_is_no_whole_number_and_stars_are_no_noise() -> None:
    pixels = np.random.default_rng(1).normal(1000, 1.7, (600, 700)).round()
    pixels[::11, ::7] = 30000
    assert look(pixels).levels(None, ()).noise == pytest.approx(np.hypot(1.7, 12**-0.5), rel=0.03)


def test_levels_leave_the_overscan_out() -> None:
    pixels = np.full((100, 120), 1000.0)
    pixels[:, 100:] = 7.0
    assert look(pixels).levels(Section(1, 100, 1, 100), ()).bright == 1000
    assert look(pixels).levels(None, ()).quadrants == (1000, 1000, 1000, 1000)
    assert look(np.fliplr(pixels)).levels(Section(21, 120, 1, 100), ()).quadrants == (1000, 1000, 1000, 1000)


def test_quadrants_are_the_mosaics_not_the_stacks() -> None:
    """Four amplifiers one above the other; the last is turned round both ways and dark in what becomes its corner."""
    raw = np.full((80, 30), 7.0)
    for n, level in enumerate((100, 200, 300, 400)):
        raw[20 * n : 20 * n + 20, :25] = level
    places = [Section(1, 25, 1, 20), Section(26, 50, 1, 20), Section(1, 25, 21, 40), Section(26, 50, 21, 40)]
    amplifiers = [
        Amplifier(Section(1, 25, 20 * n + 1, 20 * n + 20), None, place, n > 1, n % 2 == 1)
        for n, place in enumerate(places)
    ]
    levels = look(raw).levels(None, amplifiers)
    assert levels.quadrants == (100, 200, 300, 400)
    assert levels.bright <= 400


def test_nothing_with_a_value_has_no_level() -> None:
    pixels = np.full((10, 10), np.nan)
    seen = look(pixels)
    assert np.isnan([seen.peak, seen.levels(None, ()).median, *seen.levels(None, ()).quadrants]).all()
    assert seen.empty_rows == 10


@given(st.integers(0, 59), st.integers(0, 79), st.sampled_from([np.uint16, np.float32]))
def test_one_pixel_that_differs_is_another_image(row: int, column: int, kind: Any) -> None:
    pixels = np.arange(60 * 80).reshape(60, 80).astype(kind)
    other = pixels.copy()
    other[row, column] += 1
    assert look(pixels).fingerprint == look(pixels.astype(np.float64)).fingerprint
    assert look(pixels).fingerprint != look(other).fingerprint


def test_fingerprints_know_places_and_shapes() -> None:
    pixels = np.random.default_rng(1).integers(900, 1100, (60, 81))
    others = [np.roll(pixels, 1, 0), np.roll(pixels, 1, 1), np.roll(pixels, 2, 1), pixels[::-1], pixels.reshape(81, 60)]
    assert len({look(one).fingerprint for one in [pixels, *others]}) == 6


def test_it_takes_a_few_megabytes_for_any_frame() -> None:
    class Large:
        shape = (4_000, 10_000)

        def read(self, start: int, stop: int, out: NDArray[np.float32]) -> None:
            out[...] = start

    tracemalloc.start()
    try:
        seen = glance(Large(), 65535.0)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert seen.peak >= 3900
    assert peak < 8 * 4 * BAND
