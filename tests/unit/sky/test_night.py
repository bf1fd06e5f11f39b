from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from toros.sky.night import night_of

CHILE = -67.3283


@pytest.mark.parametrize(
    ("moment", "longitude", "night"),
    [
        (datetime(2026, 11, 20, 23, 0, tzinfo=UTC), CHILE, "2026-11-20"),
        (datetime(2026, 11, 21, 5, 0, tzinfo=UTC), CHILE, "2026-11-20"),  # after midnight: the evening's name
        (datetime(2026, 11, 21, 16, 0, tzinfo=UTC), CHILE, "2026-11-20"),  # 11:31 local
        (datetime(2026, 11, 21, 17, 0, tzinfo=UTC), CHILE, "2026-11-21"),  # 12:31 local
        (datetime(2026, 11, 21, 17, 0, tzinfo=UTC), 360 + CHILE, "2026-11-21"),
        (datetime(2026, 11, 20, 10, 0, tzinfo=UTC), 149.07, "2026-11-20"),  # Siding Spring, evening
        (datetime(2026, 11, 20, 1, 0, tzinfo=UTC), 149.07, "2026-11-19"),  # 10:56 local
        (datetime(2026, 11, 20, 12, 0, tzinfo=UTC), 0.0, "2026-11-20"),
        (datetime(2026, 11, 20, 11, 59, tzinfo=UTC), 0.0, "2026-11-19"),
        (datetime(2027, 1, 1, 3, 0, tzinfo=UTC), -20.0, "2026-12-31"),
    ],
)
def test_a_night_goes_from_local_noon_to_noon(moment: datetime, longitude: float, night: str) -> None:
    assert night_of(moment, longitude) == night


def test_the_time_zone_of_the_moment_does_not_matter() -> None:
    moment = datetime(2026, 11, 21, 16, 0, tzinfo=UTC)
    assert night_of(moment.astimezone(timezone(timedelta(hours=9))), CHILE) == night_of(moment, CHILE)
