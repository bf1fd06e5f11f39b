from __future__ import annotations

import numpy as np
import pytest

from toros.errors import BadValue
from toros.sky.limits import TWILIGHTS, Limits, margins
from toros.sky.reasons import why_not
from toros.sky.site import Site
from toros.sky.span import Span, night_span, span
from toros.sky.visibility import dark_windows, next_window, rise_and_set, survey, windows

MACON = Site(-67.3283, -24.6157, 4637.0, 20.0, "Macón")
TROMSO = Site(18.9, 69.6, 100.0, name="Tromsø")
RIGEL = (78.634, -8.202)
MINUTE = 1.0 / 1440.0


@pytest.fixture(scope="module")
def night() -> Span:
    return night_span(MACON, "2026-11-20")


@pytest.fixture(scope="module")
def fine() -> Span:
    return night_span(MACON, "2026-11-20", 0.25)


def test_a_window_keeps_to_its_limits_and_its_edges_are_sharp(night: Span, fine: Span) -> None:
    limits = Limits(airmass=2.0, sun_altitude=TWILIGHTS["nautical"], hour_angle=2.0)
    (window,) = windows(night, RIGEL, limits)
    inside = fine.mjd[margins(fine, RIGEL, limits).least >= 0.0]
    assert window.start == pytest.approx(inside[0], abs=0.3 * MINUTE)
    assert window.end == pytest.approx(inside[-1], abs=0.3 * MINUTE)
    transit = fine.mjd[np.argmax(fine.altitude(RIGEL))]
    assert window.best == pytest.approx(transit, abs=2.6 * MINUTE)
    assert window.best_altitude == pytest.approx(90.0 - abs(-24.6157 + 8.19), abs=0.05)
    assert window.hours == pytest.approx(4.0 / 1.0027, abs=0.01)  # 2 sidereal hours on either side


def test_twilights_are_in_order(night: Span) -> None:
    starts = [dark_windows(night, TWILIGHTS[name])[0][0] for name in ("civil", "nautical", "astronomical")]
    assert starts == sorted(starts)
    assert dark_windows(night_span(TROMSO, "2026-06-20")) == []
    assert dark_windows(night_span(TROMSO, "2026-12-20"), 0.0)[0][0] < night_span(TROMSO, "2026-12-20").mjd[1]


def test_rising_and_setting(night: Span, fine: Span) -> None:
    rise, sets = rise_and_set(night, RIGEL)
    assert rise.rises and not sets.rises
    height = np.interp([rise.mjd, sets.mjd], fine.mjd, fine.altitude(RIGEL))
    assert height == pytest.approx([20.0, 20.0], abs=0.01)
    assert rise_and_set(night, (0.0, -89.0)) == []  # it stands at 24 degrees all night


def test_a_mountain_in_the_east_makes_a_target_rise_later() -> None:
    peak = Site(
        MACON.longitude, MACON.latitude, MACON.elevation, ((0.0, 20.0), (80.0, 40.0), (100.0, 40.0), (180.0, 20.0))
    )
    plain, hidden = (night_span(site, "2026-11-20") for site in (MACON, peak))
    assert rise_and_set(hidden, RIGEL)[0].mjd > rise_and_set(plain, RIGEL)[0].mjd + 60 * MINUTE
    assert rise_and_set(hidden, RIGEL)[1].mjd == pytest.approx(rise_and_set(plain, RIGEL)[1].mjd, abs=MINUTE)


def test_many_targets_at_once_are_the_same_as_one_by_one(night: Span) -> None:
    limits = Limits(airmass=2.5, moon_separation=40.0, hour_angle=5.0, declination=(-80.0, 25.0))
    rng = np.random.default_rng(4)
    ra, dec = rng.uniform(0.0, 360.0, 100), np.degrees(np.arcsin(rng.uniform(-1.0, 1.0, 100)))
    found = survey(night, ra, dec, limits, at_once=7)
    for k in range(100):
        mine = windows(night, (ra[k], dec[k]), limits)
        assert found.hours[k] == pytest.approx(sum(window.hours for window in mine), abs=1e-9)
        assert bool(mine) == bool(np.isfinite(found.first[k]))
        assert bool(mine) == (why_not(night, (ra[k], dec[k]), limits) is None)
        if mine:
            best = max(mine, key=lambda window: window.best_altitude)
            assert (found.first[k], found.last[k]) == pytest.approx((mine[0].start, mine[-1].end), abs=1e-9)
            assert (found.best[k], found.best_altitude[k]) == pytest.approx((best.best, best.best_altitude))
            assert found.moon_separation[k] == pytest.approx(best.moon_separation, abs=0.01)
    assert 20 < np.isfinite(found.first).sum() < 80


def test_no_targets_are_no_trouble(night: Span) -> None:
    assert survey(night, [], []).hours.size == 0


def test_the_next_window_may_be_months_away() -> None:
    limits = Limits(altitude=40.0)
    found = next_window(MACON, (250.0, -20.0), 61364.5, limits)  # behind the sun in November
    assert found is not None and 61364.5 + 60 < found.start < 61364.5 + 120
    day_before = span(MACON, found.start - 1.0, found.start - 0.01, 1.0)
    assert all(window.hours < 1 / 6 for window in windows(day_before, (250.0, -20.0), limits))
    assert found.hours >= 1 / 6
    assert next_window(MACON, (250.0, -20.0), found.start + 0.001, limits).start == pytest.approx(found.start + 0.001)  # type: ignore[union-attr]


def test_what_never_rises_has_no_next_window() -> None:
    assert next_window(MACON, (250.0, 60.0), 61364.5) is None
    assert next_window(MACON, RIGEL, 61364.5, Limits(sun_altitude=-80.0), days=20.0) is None


def test_the_next_window_of_what_moves() -> None:
    found = next_window(MACON, lambda mjd: ((mjd - 61364.0) * 5.0 + 200.0, np.full(mjd.shape, -20.0)), 61364.5)
    still = next_window(MACON, (202.5, -20.0), 61364.5)
    assert found is not None and still is not None and found.start != still.start


@pytest.mark.parametrize(
    ("where", "limits", "words"),
    [
        ((250.0, 60.0), Limits(), "never rises above 20 degrees at Macón: its highest is 5.[0-9]"),
        (
            (235.0, -20.0),
            Limits(),
            "only while the sun is above -18 degrees: in the dark it is below the horizon.$",
        ),
        ((330.0, -24.0), Limits(altitude=70.0), "its highest in the dark is 64.1, at 2026-11-21 00:2[0-9] UTC.$"),
        (RIGEL, Limits(declination=(0.0, 30.0)), r"has the declination -8.2, outside of the limits \+0 to \+30"),
        (RIGEL, Limits(hour_angle=0.0), "only while its hour angle is beyond 0 hours"),
        (RIGEL, Limits(sun_altitude=-80.0), "has no darkness at Macón: the sun does not go below -80 degrees"),
        ((250.0, 60.0), Limits(airmass=1.5), "never rises above 41.7 degrees"),
    ],
)
def test_the_reason_is_given(night: Span, where: tuple[float, float], limits: Limits, words: str) -> None:
    import re

    said = why_not(night, where, limits, "AT 2026abc")
    assert said is not None and said.startswith("AT 2026abc ") and re.search(words, said), said


def test_a_full_moon_keeps_off() -> None:
    full = night_span(MACON, "2026-11-24")
    said = why_not(full, RIGEL, Limits(moon_separation=60.0))
    assert said is not None and said.startswith("The target is nearer to the moon than 60 degrees whenever it could be")
    assert why_not(full, RIGEL, Limits(moon_separation=20.0)) is None


def test_a_moon_that_has_set_does_not(night: Span) -> None:
    (window,) = windows(night, RIGEL, Limits(moon_separation=100.0))
    assert night.moon_altitude[np.searchsorted(night.mjd, window.start)] < 0.0


def test_no_reason_where_there_is_none(night: Span) -> None:
    assert why_not(night, RIGEL) is None


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"airmass": 0.5}, "airmass = 0.5; allowed: 1 to 37"),
        ({"hour_angle": 13.0}, "hour angle = 13"),
        ({"declination": (30.0, -30.0)}, "the lesser first"),
        ({"moon_separation": float("nan")}, "moon_separation = nan"),
    ],
)
def test_limits_that_cannot_be(given: dict[str, object], words: str) -> None:
    with pytest.raises(BadValue, match=words):
        Limits(**given)  # type: ignore[arg-type]
