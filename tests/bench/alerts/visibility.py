"""Where the best candidates can be seen tonight, from three observatories."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.bench.measure import Goal, spent
from toros.sky.limits import Limits
from toros.sky.site import Site
from toros.sky.span import night_span
from toros.sky.visibility import survey

__all__ = ["goals"]

SITES = (Site(-67.33, -24.62, 4637.0, 20.0), Site(-70.8, -30.2, 2200.0, 20.0), Site(-97.57, 25.99, 12.0, 25.0))
CANDIDATES = 300


def goals(_folder: Path) -> list[Goal]:
    """Measure, the nights themselves included."""
    random = np.random.default_rng(1)
    ra, dec = random.uniform(0.0, 360.0, CANDIDATES), random.uniform(-90.0, 30.0, CANDIDATES)
    limits = Limits(airmass=2.0, moon_separation=30.0, hour_angle=5.0)
    taken = spent(lambda: [survey(night_span(site, "2026-11-20"), ra, dec, limits) for site in SITES], 5) * 1e3
    return [Goal(f"{CANDIDATES} candidates from three observatories", f"{taken:.0f} ms", "", taken, most=50.0)]
