"""Frames that would spoil a master are told from the others, with the reason, and never more than half of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from toros.reduction.planes import ArrayRows
from toros.reduction.rejection import FrameStatistics, reject_frames, statistics_of

SHAPE = (120, 160)
FULL = 60000.0
Image = NDArray[np.float32]


def bias(rng: np.random.Generator, level: float = 1000.0) -> Image:
    drift = rng.normal(0, 0.5)
    return rng.normal(level + drift, 6, SHAPE).round().astype(np.float32)


def dark(rng: np.random.Generator) -> Image:
    image = rng.normal(1030, 8, SHAPE)
    image[::9, ::11] += 500  # hot pixels
    hits = rng.integers(0, SHAPE[0], 20), rng.integers(0, SHAPE[1], 20)
    image[hits] += rng.exponential(2000, 20)
    return image.round().astype(np.float32)


def flat(rng: np.random.Generator, light: float | None = None) -> Image:
    light = float(rng.uniform(15000, 30000)) if light is None else light
    y, x = np.mgrid[-1 : 1 : SHAPE[0] * 1j, -1 : 1 : SHAPE[1] * 1j]
    tilt = rng.normal(0, 0.004)  # the twilight sky is not even, nor the same from flat to flat
    expected = light * (1 - 0.15 * (x**2 + y**2)) * (1 + tilt * x)
    return (1000 + rng.normal(expected, np.sqrt(expected))).clip(0, FULL).round().astype(np.float32)


MAKERS: dict[str, Callable[[np.random.Generator], Image]] = {"bias": bias, "dark": dark, "flat": flat}


def half_closed(rng: np.random.Generator) -> Image:
    image = flat(rng)
    image[: SHAPE[0] // 3] = (image[: SHAPE[0] // 3] - 1000) * 0.4 + 1000
    return image


def trailed(rng: np.random.Generator) -> Image:
    image = flat(rng)
    for row in (20, 50, 90):
        image[row] += 6000
    return image


def leaky(rng: np.random.Generator) -> Image:
    image = dark(rng)
    image[:, SHAPE[1] // 2 :] += np.float32(25)
    return image


def judged(kind: str, images: list[Image]) -> tuple[list[int], list[tuple[int, str]]]:
    return reject_frames(kind, [statistics_of(ArrayRows(i), FULL) for i in images], 1000.0)


@pytest.mark.parametrize("number", [3, 5, 11, 40])
@pytest.mark.parametrize("kind", ["bias", "dark", "flat"])
def test_good_frames_are_kept(kind: str, number: int) -> None:
    rng = np.random.default_rng(number)
    for _ in range(3):
        kept, rejected = judged(kind, [MAKERS[kind](rng) for _ in range(number)])
        assert rejected == []
        assert kept == list(range(number))


@pytest.mark.parametrize(
    ("kind", "spoilt", "words"),
    [
        ("bias", lambda rng: bias(rng, 1040.0), "it saw light"),
        ("bias", lambda rng: bias(rng, 900.0), "another state"),
        ("bias", lambda rng: np.full(SHAPE, 1000, np.float32), "noise"),
        ("bias", lambda rng: bias(rng) + rng.normal(0, 12, SHAPE).astype(np.float32), "noise"),
        ("bias", lambda rng: np.full(SHAPE, np.nan, np.float32), "none of its pixels has a value"),
        ("dark", leaky, "right quarter"),
        ("dark", lambda rng: dark(rng) + 60, "it saw light"),
        ("flat", half_closed, "lower"),
        ("flat", trailed, "trail"),
        ("flat", lambda rng: flat(rng, 90000.0), "saturated"),
        ("flat", lambda rng: flat(rng, 1000.0), "underexposed"),
        ("flat", lambda rng: bias(rng), "underexposed"),
    ],
)
@pytest.mark.parametrize("number", [3, 7, 20])
def test_a_spoilt_frame_is_rejected_and_no_other(kind: str, spoilt: Any, words: str, number: int) -> None:
    rng = np.random.default_rng(number)
    images = [MAKERS[kind](rng) for _ in range(number)]
    images[1] = spoilt(rng)
    kept, rejected = judged(kind, images)
    assert [index for index, _ in rejected] == [1]
    assert words in rejected[0][1]
    assert kept == [0, *range(2, number)]


def test_nearly_half_may_be_spoilt() -> None:
    rng = np.random.default_rng(1)
    images = [half_closed(rng) if n % 2 else flat(rng) for n in range(9)]
    _, rejected = judged("flat", images)
    assert [index for index, _ in rejected] == [1, 3, 5, 7]


def test_of_two_frames_nobody_knows_which_is_wrong() -> None:
    rng = np.random.default_rng(2)
    assert judged("flat", [flat(rng), trailed(rng)]) == ([0, 1], [])
    assert reject_frames("bias", []) == ([], [])


def test_what_is_not_known_of_a_frame_is_not_held_against_it() -> None:
    frames = [FrameStatistics(level=1000.0 + n) for n in range(3)]
    assert reject_frames("bias", frames) == ([0, 1, 2], [])
    assert reject_frames("flat", frames) == ([0, 1, 2], [])


def test_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="light"):
        reject_frames("light", [])


numbers = st.one_of(st.floats(-1e5, 1e5), st.just(math.nan))
statistics = st.builds(
    FrameStatistics,
    level=numbers,
    noise=st.one_of(st.floats(0, 1e4), st.just(math.nan)),
    saturated=st.floats(0, 1),
    bright=numbers,
    quadrants=st.tuples(numbers, numbers, numbers, numbers),
)


@given(st.sampled_from(["bias", "dark", "flat"]), st.lists(statistics, max_size=30), st.floats(0, 2000))
def test_each_frame_is_kept_or_rejected_with_a_reason_and_at_least_half_are_kept(
    kind: str, frames: list[FrameStatistics], level: float
) -> None:
    kept, rejected = reject_frames(kind, frames, level)
    assert sorted([*kept, *(index for index, _ in rejected)]) == list(range(len(frames)))
    assert 2 * len(rejected) <= len(frames)
    assert all(reason for _, reason in rejected)


@given(st.lists(statistics, min_size=3, max_size=12), st.randoms(use_true_random=False))
def test_the_order_of_the_frames_does_not_matter(frames: list[FrameStatistics], random: Any) -> None:
    order = list(range(len(frames)))
    random.shuffle(order)
    _, one = reject_frames("dark", frames)
    _, other = reject_frames("dark", [frames[n] for n in order])
    if 2 * len(one) < len(frames) - 1:  # else the worst are chosen, and of equals it may be either
        assert sorted(order[n] for n, _ in other) == [n for n, _ in one]
