"""The coefficients bring counts per second to one rate, or it is said why they cannot be told."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toros.reduction.linearity import Linearity, linearity_of

TIMES = np.array([1.0, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0])
UNEVEN = np.linspace(0.6, 1.4, 50)


def read(times: np.ndarray, c1: float, c2: float = 0.0) -> np.ndarray:
    """Return the counts that the correction brings back to 2000 a second on the mean patch."""
    true = 2000.0 * times[:, None] * UNEVEN
    counts = true.copy()
    for _ in range(50):
        counts = true / (1 + c1 * counts + c2 * counts**2)
    return counts


@settings(max_examples=30, deadline=None)
@given(c1=st.floats(-1.5e-6, 1.5e-6), c2=st.one_of(st.just(0.0), st.floats(-1e-11, 1e-11)))
def test_the_coefficients_are_given_back(c1: float, c2: float) -> None:
    found = linearity_of(TIMES, read(TIMES, c1, c2))
    assert isinstance(found, Linearity)
    counts = np.linspace(0, 60_000, 10)
    correction = sum(c.value * counts ** (n + 1) for n, c in enumerate(found.coefficients))
    assert correction == pytest.approx(c1 * counts + c2 * counts**2, abs=2e-4)
    assert found.rate == pytest.approx(2000, rel=1e-3)


def test_three_times_tell_one_coefficient() -> None:
    times = np.array([1.0, 5.0, 20.0])
    found = linearity_of(times, read(times, 1e-6))
    assert isinstance(found, Linearity)
    assert len(found.coefficients) == 1
    assert found.coefficients[0].value == pytest.approx(1e-6, rel=0.01)


def test_what_is_within_the_errors_is_not_corrected() -> None:
    rng = np.random.default_rng(1)
    found = linearity_of(TIMES, read(TIMES, 0.0) * (1 + rng.normal(0, 0.003, (TIMES.size, 1))))
    assert isinstance(found, Linearity)
    assert not found.significant


@pytest.mark.parametrize(
    ("times", "words"), [([1.0, 1.0, 1.001], "these have 1"), ([1.0, 2.0], "these have 2"), ([], "these have 0")]
)
def test_too_few_times_are_said(times: list[float], words: str) -> None:
    said = linearity_of(times, np.full((len(times), 5), 1000.0))
    assert isinstance(said, str)
    assert words in said


def test_twilight_is_not_taken_for_a_lamp() -> None:
    rng = np.random.default_rng(2)
    said = linearity_of(TIMES, read(TIMES, 0.0) * rng.uniform(0.7, 1.4, (TIMES.size, 1)))
    assert isinstance(said, str)
    assert "not steady" in said
