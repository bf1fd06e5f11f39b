"""Nights: from local noon to noon, named by their evening."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

__all__ = ["night_of"]

HOURS_A_DEGREE = 24.0 / 360.0


def night_of(moment: datetime, longitude: float) -> str:
    """Return the name of the night that a moment belongs to.

    Parameters
    ----------
    moment : datetime
        Timezone-aware.
    longitude : float
        Of the site; degrees east, -180 to 360.

    Returns
    -------
    str
        Date of the evening by local mean solar time, `YYYY-MM-DD`.
    """
    east = (longitude + 180.0) % 360.0 - 180.0
    local = moment.astimezone(UTC) + timedelta(hours=east * HOURS_A_DEGREE)
    return (local - timedelta(hours=12)).date().isoformat()
