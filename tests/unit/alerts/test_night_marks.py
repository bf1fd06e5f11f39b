"""What is drawn of the night is where astropy has it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import AltAz, EarthLocation, SkyCoord, get_body, get_sun
from astropy.time import Time

from tests.unit.sky.astropys import bundled_tables
from toros.alerts.night_marks import night_marks
from toros.alerts.plans import Observatory
from toros.sky.limits import Limits
from toros.sky.site import Site

PUNA = Observatory("puna", Site(-67.33, -24.62, 4637.0, 25.0, "puna"), Limits())
TEXAS = Observatory("texas", Site(-97.57, 25.99, 12.0, 20.0, "texas"), Limits())
NOON = datetime(2026, 11, 20, 16, 0, tzinfo=UTC)


def test_horizons_zeniths_sun_and_moon_are_astropys() -> None:
    marks = night_marks([PUNA, TEXAS], NOON)
    assert [each.name for each in marks.horizons] == ["puna", "texas"]
    for horizon, one in zip(marks.horizons, (PUNA, TEXAS), strict=True):
        site, time = one.site, Time(horizon.moment)
        place = EarthLocation.from_geodetic(site.longitude, site.latitude, site.elevation)
        frame = AltAz(obstime=time, location=place)
        with bundled_tables():
            rim = SkyCoord(horizon.ra, horizon.dec, unit="deg").transform_to(frame).alt.deg
            top = SkyCoord(*horizon.zenith, unit="deg").transform_to(frame).alt.deg
            around = Time(horizon.moment) + np.array([-30.0, 0.0, 30.0]) * u.min
            sun = get_sun(around).transform_to(AltAz(obstime=around, location=place)).alt.deg
        assert rim == pytest.approx(np.full(rim.size, site.lowest_horizon), abs=0.2)
        assert top > 89.7
        assert sun[1] < min(sun[0], sun[2]) and sun[1] < -18.0, "the middle of the dark"
        assert timedelta(0) < horizon.moment - NOON < timedelta(hours=24)
    time = Time(marks.horizons[0].moment)
    with bundled_tables():
        lights = get_sun(time), get_body("moon", time)
    for place, light in zip((marks.sun, marks.moon), lights, strict=True):
        assert SkyCoord(*place, unit="deg").separation(SkyCoord(light.ra, light.dec)).deg < 1.2  # seen from the site
