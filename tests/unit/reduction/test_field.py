"""The same stars are recognised wherever the telescope pointed by then."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.unit.reduction.made_stars import Stars, strewn
from toros.reduction.field import follow
from toros.reduction.stars import STAR

SIDE = 1000


def table(stars: Stars, *, seed: int = 0, most: int = 200, side: int = SIDE) -> NDArray[Any]:
    """Return the stars that lie on the frame as `stars_of` lists them, their places not quite exact."""
    rng = np.random.default_rng(seed)
    inside = (stars.x > 0) & (stars.x < side) & (stars.y > 0) & (stars.y < side)
    made = np.zeros(inside.sum(), dtype=STAR)
    for name in ("x", "y", "flux"):
        made[name] = getattr(stars, name)[inside]
    made["x"] += rng.normal(0, 0.1, made.size)
    made["y"] += rng.normal(0, 0.1, made.size)
    return made[np.argsort(-made["flux"])][:most]


def turned(stars: Stars, side: int = SIDE) -> Stars:
    return Stars(side - stars.x, side - stars.y, stars.flux)


@settings(max_examples=30, deadline=None)
@given(dx=st.floats(-400, 400), dy=st.floats(-400, 400), seed=st.integers(0, 50))
def test_a_shift_is_found(dx: float, dy: float, seed: int) -> None:
    truth = strewn(400, SIDE, seed=seed)
    one, other = follow([table(truth), table(truth.moved(-dx, -dy), seed=1)])
    assert one is not None
    assert other is not None
    if one.shift == (0, 0):
        assert other.shift == pytest.approx((dx, dy), abs=0.3)
    else:  # the second had more stars
        assert one.shift == pytest.approx((-dx, -dy), abs=0.3)
    assert not other.turned


def test_each_star_is_itself() -> None:
    truth = strewn(150, SIDE, seed=1)
    frames = [table(truth), table(truth.moved(30, -20), seed=1)]
    places = follow(frames)
    pairs = [(f, p) for f, p in zip(frames, places, strict=True) if p]
    by_light = [dict(zip(f["flux"].tolist(), p.stars.tolist(), strict=True)) for f, p in pairs]
    both = by_light[0].keys() & by_light[1].keys()
    assert len(both) > 130
    assert sum(by_light[0][f] == by_light[1][f] for f in both) >= 0.99 * len(both)
    for place in places:
        assert place is not None
        assert len(set(place.stars)) == len(place.stars)


def test_a_frame_turned_upside_down_is_found() -> None:
    truth = strewn(200, SIDE, seed=2)
    places = follow([table(truth), table(truth), table(turned(truth).moved(15, 5))])
    assert [p is not None and p.turned for p in places] == [False, False, True]


def test_a_field_that_drifts_out_of_sight_is_followed() -> None:
    truth = strewn(4000, 4 * SIDE, seed=3)
    frames = [table(truth.moved(-300.0 * n, -50.0 * n), seed=n) for n in range(9)]
    assert not set(frames[0]["flux"]) & set(frames[-1]["flux"])
    places = follow(frames)
    shifts = np.array([p.shift for p in places if p])
    assert len(shifts) == 9
    assert np.diff(shifts, axis=0) == pytest.approx(np.tile([300.0, 50.0], (8, 1)), abs=0.5)


def test_another_field_is_not_taken_for_this_one() -> None:
    places = follow(
        [table(strewn(200, SIDE, seed=4)), table(strewn(190, SIDE, seed=5)), table(strewn(3, SIDE, seed=6))]
    )
    assert [p is not None for p in places] == [True, False, False]


def test_small_frames_full_of_stars_do_not_agree_by_chance() -> None:
    one, other = (table(strewn(200, 100, seed=n), side=100) for n in (7, 8))
    assert follow([one, other])[1] is None


def test_nothing_is_found_where_there_is_nothing() -> None:
    empty = np.empty(0, dtype=STAR)
    assert follow([]) == []
    assert follow([empty, empty])[1] is None
    assert follow([table(strewn(50, SIDE, seed=9)), empty])[1] is None
