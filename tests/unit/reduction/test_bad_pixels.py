"""Bad pixels are found where a simulated detector has them, and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from toros.errors import BadFrame
from toros.reduction.bad_pixels import BadPixels, Defect, Thresholds, find_bad_pixels

SHAPE = (300, 410)  # no multiple of anything
SECONDS, NOISE = 60.0, 2.0  # of the master dark; its noise in counts
LOW, HIGH = 8000.0, 24000.0


@dataclass
class Detector:
    """Masters of a detector whose bad pixels are known."""

    truth: dict[Defect, NDArray[np.bool_]]
    dark: NDArray[np.float32]
    flats: tuple[NDArray[np.float32], NDArray[np.float32]]


def some(rng: np.random.Generator, number: int) -> NDArray[np.bool_]:
    chosen = np.zeros(SHAPE, bool)
    chosen.flat[rng.choice(chosen.size, number, replace=False)] = True
    return chosen


def simulated(seed: int = 1, bad: int = 60, columns: bool = True) -> Detector:
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    hot, dead, curved = some(rng, bad), some(rng, bad), some(rng, bad)
    column = np.zeros(SHAPE, bool)
    if columns:
        column[:, 200] = True
    glow = 80 * np.exp(-np.hypot(y, x) / 60)  # of an amplifier in the corner
    dark = 3 + glow + rng.normal(0, NOISE, SHAPE)
    dark[hot] += rng.uniform(60, 5000, hot.sum())
    dark[column] += 2 * NOISE
    light = 1 - 0.2 * ((y / SHAPE[0] - 0.5) ** 2 + (x / SHAPE[1] - 0.5) ** 2)
    response = light * rng.normal(1, 0.01, SHAPE)
    response[dead] *= rng.uniform(0.0, 0.4, dead.sum())
    flats = []
    for level in (LOW, HIGH):
        counts = response * level
        counts[curved] *= 1 - 0.15 * level / HIGH
        flats.append((counts + rng.normal(0, np.sqrt(counts / 10))).astype(np.float32))
    truth = {Defect.HOT: hot, Defect.DEAD: dead, Defect.NONLINEAR: curved & ~dead, Defect.COLUMN: column}
    return Detector(truth, dark.astype(np.float32), (flats[0], flats[1]))


def flagged(found: BadPixels, defect: Defect) -> NDArray[np.bool_]:
    return (found.mask & defect) != 0


def test_each_kind_is_found_where_it_is_and_nowhere_else() -> None:
    detector = simulated()
    found = find_bad_pixels(detector.dark, SECONDS, detector.flats)
    for defect, true in detector.truth.items():
        assert np.array_equal(flagged(found, defect), true), defect.name
        assert found.counts[defect] == true.sum()
    assert found.counts[Defect.BRIGHT] == 0
    assert found.bad == np.count_nonzero(np.logical_or.reduce(list(detector.truth.values())))


def test_what_was_found_is_said_in_words() -> None:
    found = find_bad_pixels(simulated().dark, SECONDS)
    assert str(found) == f"{found.bad} of 123000 pixels are bad: 60 hot, 300 of bad columns"
    good = find_bad_pixels(simulated(bad=0, columns=False).dark, SECONDS)
    assert str(good) == "0 of 123000 pixels are bad"


def test_a_rate_that_does_no_harm_is_left_alone() -> None:
    detector = simulated(columns=False)
    excess = detector.dark - np.median(detector.dark)
    found = find_bad_pixels(detector.dark, SECONDS, thresholds=Thresholds(hot_rate=20.0))
    sure = detector.truth[Defect.HOT] & (excess > 25.0 * SECONDS)
    assert 0 < found.counts[Defect.HOT] < 60
    assert flagged(found, Defect.HOT)[sure].all()
    assert (excess[flagged(found, Defect.HOT)] > 18.0 * SECONDS).all()


def test_one_flat_tells_the_dead_and_not_the_curved() -> None:
    detector = simulated(columns=False)
    found = find_bad_pixels(flats=detector.flats[:1])
    assert np.array_equal(flagged(found, Defect.DEAD), detector.truth[Defect.DEAD])
    assert found.counts[Defect.NONLINEAR] == found.counts[Defect.HOT] == 0


def test_a_flat_around_one_is_judged_like_one_in_counts() -> None:
    detector = simulated()
    counts = find_bad_pixels(flats=detector.flats)
    scaled = find_bad_pixels(flats=[f / np.float32(f.mean()) for f in detector.flats])
    assert np.array_equal(counts.mask, scaled.mask)


def test_pixels_that_answer_too_much_are_bright() -> None:
    flat = simulated(bad=0, columns=False).flats[0]
    flat[40, 50] *= 2
    found = find_bad_pixels(flats=[flat])
    assert np.argwhere(found.mask).tolist() == [[40, 50]]
    assert found.mask[40, 50] == Defect.BRIGHT


def test_a_part_of_a_column_is_bad_and_the_rest_is_not() -> None:
    detector = simulated(bad=0, columns=False)
    detector.dark[128:256, 77] += 3 * NOISE
    detector.flats[0][128:256, 300] *= np.float32(0.97)
    assert np.argwhere(find_bad_pixels(detector.dark, SECONDS).mask).tolist() == [[row, 77] for row in range(128, 256)]
    found = find_bad_pixels(flats=detector.flats[:1]).mask
    assert np.argwhere(found).tolist() == [[row, 300] for row in range(128, 256)]


def test_a_column_of_which_most_is_bad_is_bad() -> None:
    detector = simulated(bad=0, columns=False)
    detector.dark[:250:2, 33] += 500
    detector.dark[1:250:4, 33] += 500
    assert flagged(find_bad_pixels(detector.dark, SECONDS), Defect.COLUMN)[:, 33].sum() >= 128


def test_a_dead_corner_is_dead_although_all_of_it_is_alike() -> None:
    flat = simulated(bad=0, columns=False).flats[0]
    flat[:100, :100] = np.random.default_rng(3).normal(5, 1, (100, 100))
    assert flagged(find_bad_pixels(flats=[flat]), Defect.DEAD)[:100, :100].all()


def test_pixels_without_a_value_are_bad_and_do_not_spoil_their_neighbours() -> None:
    detector = simulated(bad=0, columns=False)
    detector.dark[10:14, 20:24] = np.nan
    detector.flats[0][200, 100] = np.nan
    found = find_bad_pixels(detector.dark, SECONDS, detector.flats)
    assert np.count_nonzero(found.mask) == 17
    assert (found.mask[10:14, 20:24] == Defect.DEAD).all()
    assert found.mask[200, 100] == Defect.DEAD


def test_whole_numbers_without_scatter_are_not_hot() -> None:
    dark = np.full((64, 64), 7.0)
    dark[3, 3] = 8
    dark[9, 9] = 40
    assert np.argwhere(find_bad_pixels(dark, SECONDS).mask).tolist() == [[9, 9]]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "there is neither"),
        ({"dark": np.ones((4, 4)), "flats": [np.ones((4, 5))]}, "not of one detector"),
        ({"flats": [np.zeros((4, 4))]}, "without light"),
    ],
)
def test_masters_that_tell_nothing_are_refused(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(BadFrame, match=words):
        find_bad_pixels(**arguments)


def test_three_flats_are_one_too_many() -> None:
    with pytest.raises(ValueError, match="not from 3"):
        find_bad_pixels(flats=[np.ones((4, 4))] * 3)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 150), st.integers(1, 150))
def test_a_good_detector_of_any_shape_has_hardly_a_bad_pixel(seed: int, rows: int, columns: int) -> None:
    rng = np.random.default_rng(seed)
    found = find_bad_pixels(
        rng.normal(5, 2, (rows, columns)), 30.0, [rng.normal(level, 50, (rows, columns)) for level in (9000, 18000)]
    )
    assert found.mask.shape == (rows, columns)
    assert found.bad <= 0.02 * rows * columns + 1
