"""Whether one more observation follows, and when: by the history and the clock alone."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.data.observations.desk import EVENING
from toros.data.observations.cadences import Last, Rule, next_look, next_window
from toros.data.observations.life import FAILED, TERMINAL, Status

RETRY, RESUME, REPEAT = "retry_failed", "resume_after_failure", "repeat"


def at(hours: float) -> datetime:
    return EVENING + timedelta(hours=hours)


@pytest.mark.parametrize(
    ("strategy", "status", "now", "expected"),
    [
        (RETRY, "PENDING", 100, None),
        (RETRY, "COMPLETED", 100, None),
        (RETRY, "WINDOW_EXPIRED", 8, 24),
        (RETRY, "FAILURE_LIMIT_REACHED", 30, 30),
        (RESUME, "PENDING", 100, None),
        (RESUME, "COMPLETED", 8, 24),
        (RESUME, "COMPLETED", 30, 30),
        (RESUME, "NOT_ATTEMPTED", 8, 8),
        (REPEAT, "COMPLETED", 8, 24),
        (REPEAT, "WINDOW_EXPIRED", 8, 24),
        (REPEAT, "PENDING", 23.9, None),
        (REPEAT, "PENDING", 24, 24),
        (REPEAT, "COMPLETED", 24 * 3 + 5, 24 * 3),
    ],
)
def test_what_follows_and_when(strategy: str, status: str, now: float, expected: float | None) -> None:
    window = next_window(Rule(strategy, 24), Last(status, at(0), at(8), 1), at(now))
    assert window == (None if expected is None else (at(expected), at(expected + 8)))


def test_without_an_end_the_next_has_none_either() -> None:
    assert next_window(Rule(REPEAT, 24), Last("COMPLETED", at(0), None, 1), at(8)) == (at(24), None)


@pytest.mark.parametrize("rule", [Rule(REPEAT, 24, most=3), Rule(REPEAT, 24, until=at(23.9))])
def test_it_ends_where_it_was_told_to(rule: Rule) -> None:
    assert next_window(rule, Last("COMPLETED", at(0), at(8), 3), at(9)) is None
    assert next_look(rule, Last("PENDING", at(0), at(8), 3), at(9)) is None


@given(
    strategy=st.sampled_from([RETRY, RESUME, REPEAT]), status=st.sampled_from(sorted(Status)),
    hours=st.floats(0.01, 1000), now=st.floats(0, 5000), length=st.none() | st.floats(0.01, 100),
)  # fmt: skip
def test_laws(strategy: str, status: str, hours: float, now: float, length: float | None) -> None:
    end = None if length is None else at(length)
    last = Last(status, at(0), end, 1)
    window = next_window(Rule(strategy, hours), last, at(now))
    look = next_look(Rule(strategy, hours), last, at(now))
    if window is None:
        assert not (strategy == RETRY and status in FAILED) and not (strategy == RESUME and status in TERMINAL)
        if look is not None:  # then, and not before, there is one
            assert next_window(Rule(strategy, hours), last, look) is not None
        return
    assert window[0] >= last.start
    if window[1] is not None and last.end is not None:
        assert abs((window[1] - window[0]) - (last.end - last.start)) < timedelta(milliseconds=1)
    if strategy != REPEAT:
        assert window[0] >= at(now), "never in the past"
