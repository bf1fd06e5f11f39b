"""Frames are combined to the numbers that ccdproc's Combiner gives with the same options, whatever their piles hold.

Equal means within four units in the last place of float32 of the largest value of the pile, and eight of the sum of
squares for the error: the standard deviation of the values used (one less than their number in the denominator) over
the square root of their number; of a median 1.4826 times the median absolute deviation over that root.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from astropy.nddata import CCDData
from ccdproc import Combiner
from hypothesis import given, settings
from hypothesis import strategies as st

from toros.errors import BadFrame
from toros.reduction.combine import combine_rows, frame_noise
from toros.reduction.planes import ArrayRows, MaskedRows

pytestmark = pytest.mark.filterwarnings("ignore:All-NaN slice:RuntimeWarning")

ULP = float(np.finfo(np.float32).eps)
SIGMA = 1.482602218505602


@st.composite
def cubes(draw: st.DrawFn, fewest: int = 2) -> Any:
    """Return frames as one cube: with noise, ties, outliers, and pixels without a value."""
    frames = draw(st.integers(fewest, 30))
    shape = (frames, draw(st.integers(1, 12)), draw(st.integers(1, 40)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    level, noise = draw(st.sampled_from([0.0, 100.0, 30000.0])), draw(st.sampled_from([0.0, 1.0, 50.0]))
    cube = rng.normal(level, noise, shape)
    if draw(st.booleans()):
        cube = np.round(cube)
    struck = rng.random(shape) < draw(st.sampled_from([0.0, 0.02, 0.1]))
    cube[struck] += rng.exponential(5000, struck.sum())
    cube[rng.random(shape) < draw(st.sampled_from([0.0, 0.05, 0.6]))] = np.nan
    return cube.astype("f4")


def combined(cube: Any, **options: Any) -> Any:
    """Return the frames combined by us."""
    return combine_rows([ArrayRows(frame) for frame in cube], options)


def combiner(cube: Any) -> Combiner:
    """Return ccdproc's own way, in double precision."""
    return Combiner([CCDData(frame, unit="adu", mask=np.isnan(frame)) for frame in cube], dtype=np.float64)


def spread(values: Any, axis: int) -> Any:
    """Return the deviation from the median absolute deviation."""
    middle = np.expand_dims(np.nanmedian(values, axis=axis), axis)
    return SIGMA * np.nanmedian(np.abs(values - middle), axis=axis)


def scatter(values: Any, axis: int) -> Any:
    return np.nanstd(values, axis=axis, ddof=1)


def near(ours: Any, data: Any, error: Any, largest: Any, known: Any) -> None:
    """Check value and error where both are known."""
    assert np.array_equal(ours.mask, ~known)
    assert np.all(np.abs(ours.data - data)[known] <= 4 * ULP * largest[known])
    sure = known & np.isfinite(error) & (ours.count > 1)
    assert np.all(np.abs(ours.error - error)[sure] <= 4 * ULP * largest[sure] + 1e-5 * error[sure])


def largest_of(cube: Any) -> Any:
    """Return the largest absolute value of each pile."""
    return np.nanmax(np.abs(np.where(np.isnan(cube), 0, cube)), axis=0)


@settings(max_examples=150, deadline=None)
@given(cubes(), st.sampled_from([2.0, 3.0, 5.0]))
def test_the_clipped_mean_is_that_of_ccdproc(cube: Any, clip: float) -> None:
    floor = max(0.5, frame_noise([ArrayRows(frame) for frame in cube]))
    ours = combined(cube, clip=clip, floor=0.5)
    theirs = combiner(cube)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs.sigma_clipping(
            low_thresh=clip,
            high_thresh=clip,
            func=np.nanmedian,
            dev_func=lambda v, axis: np.fmax(spread(v, axis), floor),
        )
        made = theirs.average_combine(uncertainty_func=scatter)
    known = ours.count > 0
    largest = largest_of(cube)
    # a value that lies at the very limit may fall on either side: such piles are left out
    middle = np.nanmedian(cube.astype(float), axis=0)
    limit = clip * np.fmax(spread(cube.astype(float), 0), floor)
    edge = np.abs(np.abs(cube - middle) - limit) < 1e-4 * (limit + largest * ULP * 1e4)
    sure = ~edge.any(axis=0)
    assert np.array_equal(known, ~np.isnan(cube).all(axis=0))
    assert np.all(np.abs(ours.data - made.data)[known & sure] <= 4 * ULP * largest[known & sure])
    twice = known & sure & (ours.count > 1)
    error = np.asarray(made.uncertainty.array)
    assert np.all(np.abs(ours.error - error)[twice] <= 4 * ULP * largest[twice] + 1e-5 * error[twice])


@settings(max_examples=80, deadline=None)
@given(cubes())
def test_the_median_is_that_of_ccdproc(cube: Any) -> None:
    ours = combined(cube, method="median")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = combiner(cube).median_combine(median_func=np.nanmedian, uncertainty_func=spread)
    known = ~np.isnan(cube).all(axis=0)
    near(ours, made.data, np.asarray(made.uncertainty.array), largest_of(cube), known)
    assert np.array_equal(ours.count, (~np.isnan(cube)).sum(axis=0))


@settings(max_examples=80, deadline=None)
@given(cubes(fewest=4), st.integers(0, 1), st.integers(0, 1))
def test_the_mean_between_the_extremes_leaves_out_as_many_as_were_asked(cube: Any, low: int, high: int) -> None:
    ours = combined(cube, method="minmax", low=low, high=high)
    ordered = np.sort(cube.astype(float), axis=0)  # NaN last
    there = (~np.isnan(cube)).sum(axis=0)
    expected = np.full(there.shape, np.nan)
    for where in np.ndindex(there.shape):
        n = there[where]
        if n > low + high:
            expected[where] = ordered[low : n - high, *where].mean()
    known = np.isfinite(expected)
    assert np.all(np.abs(ours.data - expected)[known] <= 4 * ULP * largest_of(cube)[known])
    assert np.array_equal(ours.count[known], (there - low - high)[known])


@pytest.mark.parametrize("frames", [65, 130, 300])
def test_many_frames_are_combined_like_few(frames: int) -> None:
    rng = np.random.default_rng(frames)
    cube = rng.normal(1000, 10, (frames, 6, 50)).astype("f4")
    cube[:3, 2, 5] = 60000
    cube[:, 4, 4] = np.nan
    ours = combined(cube, clip=5.0, floor=1.0)
    middle = np.nanmedian(cube.astype(float), axis=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        keep = np.abs(cube - middle) <= 5 * np.fmax(spread(cube.astype(float), 0), 10)
        expected = np.nanmean(np.where(keep, cube.astype(float), np.nan), axis=0)
    known = np.isfinite(expected)
    assert np.allclose(ours.data[known], expected[known], rtol=1e-6)
    assert ours.count[2, 5] == frames - 3
    assert ours.mask[4, 4] and ours.mask.sum() == 1


def test_a_struck_pixel_does_not_reach_the_master_nor_its_error() -> None:
    rng = np.random.default_rng(2)
    cube = rng.normal(500, 3, (7, 30, 40)).astype("f4")
    cube[3, 10, 10] = 20000
    ours = combined(cube, clip=5.0, floor=1.0)
    assert ours.data[10, 10] == pytest.approx(500, abs=6)
    assert ours.error[10, 10] < 5
    assert ours.count[10, 10] == 6


def test_the_error_is_what_the_noise_of_the_frames_makes_it() -> None:
    rng = np.random.default_rng(3)
    ours = combined(rng.normal(0, 8, (16, 200, 200)).astype("f4"), clip=5.0, floor=1.0)
    assert np.std(ours.data) == pytest.approx(8 / 4, rel=0.02)
    assert np.sqrt(np.mean(ours.error**2)) == pytest.approx(8 / 4, rel=0.02)


def test_frames_of_other_shapes_or_none_at_all_are_refused() -> None:
    with pytest.raises(BadFrame, match="cannot be combined"):
        combine_rows([ArrayRows(np.zeros((2, 3), "f4")), ArrayRows(np.zeros((3, 3), "f4"))], {"clip": 5.0})
    with pytest.raises(BadFrame, match="no frame"):
        combine_rows([], {"clip": 5.0})


def test_a_masked_image_has_no_value_where_its_mask_says_so() -> None:
    rng = np.random.default_rng(4)
    image, mask = rng.normal(100, 5, (7, 13)).astype("f4"), rng.random((7, 13)) < 0.2
    expected = np.where(mask, np.nan, image)
    for kind in (bool, "u1", "i4", "f4"):
        rows = MaskedRows(ArrayRows(image), ArrayRows(mask.astype(kind)))
        assert np.array_equal(rows.rows(2, 6), expected[2:6], equal_nan=True)
    every_other = np.zeros((7, 26), "f4")[:, ::2]
    rows.read(0, 7, every_other)
    assert np.array_equal(every_other, expected, equal_nan=True)
    with pytest.raises(BadFrame, match="a mask of .* does not belong"):
        MaskedRows(ArrayRows(image), ArrayRows(mask[:-1]))


@pytest.mark.parametrize("share", [0.01, 0.5])
def test_pixels_without_an_error_of_their_own_have_the_usual_one(share: float) -> None:
    rng = np.random.default_rng(5)
    frames = rng.normal(1000, 10, (4, 70, 300)).astype("f4")
    alone = rng.random((70, 300)) < share
    frames[1:, alone] = np.nan
    frames[:, 3, 7] = np.nan
    made = combined(frames, clip=None)
    usual = np.median(made.error[~alone])
    assert np.allclose(made.error[alone], usual, rtol=0.05)
    assert len(np.unique(made.error[alone])) == 1
    assert made.mask.sum() == 1 and made.mask[3, 7] and np.isfinite(made.error).all()
