from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import AltAz, EarthLocation, SkyCoord, get_sun
from astropy.time import Time

from tests.unit.sky.astropys import bundled_tables
from toros.alerts.plans import Aim, Observatory, Plan, coming_night, plan_night
from toros.sky.limits import Limits
from toros.sky.site import Site

MACON = Observatory("macon", Site(-67.3283, -24.6157, 4637.0, 25.0, "macon"), Limits(sun_altitude=-12.0), 2.0, 2.0)
EVENING = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)
FORNAX, VIRGO, POLE = Aim("NGC1365", 53.40, -36.14, 0.5), Aim("M87", 187.71, 12.39, 0.3), Aim("north", 30.0, 80.0, 0.2)


def planned(*aims: Aim, moment: datetime = EVENING, seconds: float = 60.0, hours: float = 24.0, most: int = 5) -> Plan:
    return plan_night(aims, MACON, moment, most=most, seconds=seconds, until=moment + timedelta(hours=hours))


def test_a_target_has_its_window_and_the_others_a_reason() -> None:
    plan = planned(FORNAX, VIRGO, POLE)
    assert [each.aim.name for each in plan.targets] == ["NGC1365"]
    assert plan.probability == 0.5
    assert [name for name, _ in plan.left_out] == ["M87", "north"]
    assert "only while the sun" in plan.left_out[0][1] and "never rises" in plan.left_out[1][1]
    assert "degrees high at best" in plan.targets[0].reasons()[-1]


def test_the_window_is_astropys() -> None:
    (target,) = planned(FORNAX).targets
    assert target.start is not None and target.end is not None
    times = Time(EVENING) + np.linspace(0, 14, 1681) * u.hour
    place = EarthLocation.from_geodetic(-67.3283, -24.6157, 4637.0)
    frame = AltAz(obstime=times, location=place)
    with bundled_tables():
        height = SkyCoord(53.40, -36.14, unit="deg").transform_to(frame).alt.deg
        sun = get_sun(times).transform_to(frame).alt.deg
    good = np.flatnonzero((height >= 25.0) & (sun <= -12.0))
    first, last = (times[i].to_datetime(UTC) for i in (good[0], good[-1]))
    assert abs(target.start - first) < timedelta(minutes=2)
    assert abs(target.end - last) < timedelta(minutes=2)
    assert target.altitude == pytest.approx(height[good].max(), abs=0.2)


def test_the_rest_of_this_night_counts_and_in_the_morning_the_next() -> None:
    middle = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
    assert planned(FORNAX, moment=middle).targets[0].start == middle
    morning = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
    start = planned(FORNAX, moment=morning).targets[0].start
    assert start is not None and start - morning > timedelta(hours=11)
    assert coming_night(MACON, morning).mjd[0] > Time(morning).mjd


def test_a_window_that_is_too_short_or_opens_too_late_is_none() -> None:
    plan = planned(FORNAX, seconds=12 * 3600.0)
    assert plan.targets == () and "minutes only, and 720 are needed" in plan.left_out[0][1]
    late = planned(FORNAX, hours=1.0)
    assert late.targets == () and "after the orders expire" in late.left_out[0][1]
    assert late.notes


def test_only_so_many_are_planned_and_no_aims_are_no_plan() -> None:
    aims = [Aim(f"{number}", 50.0 + number, -30.0, 0.1) for number in range(9)]
    assert len(planned(*aims, most=4).targets) == 4
    assert planned() == Plan()


def test_plain_values_say_their_units() -> None:
    told = planned(FORNAX, POLE).plain()
    assert told["targets"][0]["altitude_deg"] > 70
    assert set(told["left_out"][0]) == {"name", "reason"}
