"""Points to take in, and what is asked of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from toros.data.measurements.ingestion import Ingestion, ingest_reading
from toros.data.measurements.lightcurve import Lightcurve, Selection, read_lightcurve
from toros.data.permissions import Viewer
from toros.data.processors.reading import MICROSECONDS_A_DAY, About, Points, Problems, Reading
from toros.store.database import Database

NOW, LATER = "2026-11-20T03:00:00.000", "2026-11-21T03:00:00.000"
R = About(band="r", system="AB", facility="CTMO", observer="M. Beroiz")


def reading(*rows: tuple[float, float, float], about: About = R, limits: tuple[int, ...] = ()) -> Reading:
    """Return rows of MJD, value and error as a file would give them; `limits` are positions of upper limits."""
    mjd, value, error = (np.array(column, float) for column in zip(*rows, strict=True))
    points = Points(
        time=np.rint(mjd * MICROSECONDS_A_DAY).astype(np.int64), value=value, error=error,
        upper_limit=np.isin(np.arange(len(mjd)), limits), flags=np.zeros(len(mjd), np.int64),
        line=np.arange(len(mjd)) + 2, series=np.zeros(len(mjd), np.int32), about=(about,),
    )  # fmt: skip
    return Reading(points, Problems(), "test")


def night(points: int, start: float = 59000.0, seed: int = 1) -> Reading:
    """Return a made-up light curve."""
    chance = np.random.default_rng(seed)
    return reading(*[(start + i / 1024, chance.normal(18, 0.1), 0.05) for i in range(points)])


def ingest(database: Database, what: Reading, *, target: int = 1, recorded: str = NOW, **more: Any) -> Ingestion:
    """Take a reading in."""
    return ingest_reading(database.write, target, what, recorded=recorded, **more)


def curve(database: Database, *, target: int = 1, viewer: Viewer | None = None, **selection: Any) -> Lightcurve:
    """Return the target's light curve, also what is switched off unless told."""
    who = viewer or Viewer.all_seeing()
    chosen = Selection(**selection)
    return database.read(lambda session: read_lightcurve(session, target, viewer=who, selection=chosen, name="SN"))
