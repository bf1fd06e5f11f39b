"""Ranges of pixels hold every position of a cone, everywhere on the sky, at every radius."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from toros.sky.coordinates import separation
from toros.sky.healpix import PIXELS, cone_ranges, pixel_of, separations

RA = st.sampled_from([0.0, 45.0, 90.0, 180.0, 359.9999, math.nextafter(360, 0)]) | st.floats(0, 360, exclude_max=True)
DEC = st.sampled_from([-90.0, -89.9999, -41.8103, 0.0, 41.8103, 89.9999, 90.0]) | st.floats(-90, 90)
RADIUS = st.sampled_from([0.0, 1e-7, 1 / 3600, 0.001, 1.0, 45.0, 90.0, 179.0, 180.0]) | st.floats(0, 180)


def around(ra: float, dec: float, radius: float, seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return positions about a centre: most within, at and beyond the radius, some anywhere."""
    rng = np.random.default_rng(seed)
    away = np.radians(np.concatenate([[0, radius], radius * rng.uniform(0, 1.2, 200), rng.uniform(0, 180, 50)]))
    turn = rng.uniform(0, 2 * np.pi, away.size)
    north = math.radians(dec)
    sine = math.sin(north) * np.cos(away) + math.cos(north) * np.sin(away) * np.cos(turn)
    there = np.arctan2(sine, np.hypot(math.cos(north) * np.cos(away) - math.sin(north) * np.sin(away) * np.cos(turn),
                                      np.sin(away) * np.sin(turn)))  # fmt: skip
    x = np.cos(away) - math.sin(north) * np.sin(there)
    east = np.arctan2(np.sin(turn) * np.sin(away) * math.cos(north), x)
    return (ra + np.degrees(east)) % 360.0 % 360.0, np.clip(np.degrees(there), -90, 90)


def covered(pixels: NDArray[np.int64], ranges: list[tuple[int, int]]) -> NDArray[np.bool_]:
    """Say of each pixel whether one of the ranges holds it."""
    return np.array([any(first <= pixel < end for first, end in ranges) for pixel in pixels.tolist()])


@given(RA, DEC, RADIUS, st.integers(0, 2**32 - 1))
@example(359.9999, 10.0, 0.001, 1)
@example(100.0, 80.0, 0.001, 1)
@example(0.0, 90.0, 0.0, 1)
@settings(max_examples=300, deadline=None)
def test_every_position_in_a_cone_lies_in_its_ranges(ra: float, dec: float, radius: float, seed: int) -> None:
    others = around(ra, dec, radius, seed)
    inside = separations(ra, dec, *others) <= radius
    ranges = cone_ranges(ra, dec, radius)
    assert covered(pixel_of(*others), ranges)[inside].all()


@given(RA, DEC, RADIUS, st.integers(0, PIXELS - 1), st.integers(1, 300))
@settings(max_examples=200, deadline=None)
def test_ranges_are_sorted_disjoint_and_begin_where_asked(
    ra: float, dec: float, radius: float, start: int, most: int
) -> None:
    ranges = cone_ranges(ra, dec, radius, start=start, most=most)
    ends = [0, *[each for pair in ranges for each in pair], PIXELS + 1]
    assert all(one < other for one, other in zip(ends[1:-1], ends[2:], strict=True))
    assert not ranges or ranges[0][0] >= start
    rng = np.random.default_rng(start)
    others = around(ra, dec, radius, int(rng.integers(2**32)))
    pixels = pixel_of(*others)
    wanted = (separations(ra, dec, *others) <= radius) & (pixels >= start)
    assert covered(pixels, ranges)[wanted].all()


@pytest.mark.parametrize("radius", [1 / 3600, 0.01, 1.0, 10.0, 60.0, 90.0])
def test_ranges_fit_closely_where_a_reader_begins(radius: float) -> None:
    cone = (1 - math.cos(math.radians(radius + 0.1 / 3600))) / 2
    for finer, most in ((0, 25), (3, 2.0), (6, 1.6)):
        ranges = cone_ranges(123.4, -20.2, radius, finer=finer, most=10_000)
        assert cone <= sum(end - first for first, end in ranges) / PIXELS < most * cone
    assert len(cone_ranges(123.4, -20.2, radius)) < 20


def test_the_whole_sky_is_one_range() -> None:
    assert cone_ranges(10.0, 20.0, 180.0) == [(0, PIXELS)]


def test_separations_are_those_of_one_position_at_a_time() -> None:
    found = separations(359.9999, 10.0, [0.0001, 179.9999], [10.0, -10.0])
    assert found == pytest.approx([separation(359.9999, 10.0, 0.0001, 10.0), 180.0], abs=1e-12)
    assert found[0] == pytest.approx(0.000197, abs=1e-6)
