"""Measurements: taken in, read as light curves, and one more added to a large table.

The peer keeps each point as the TOM Toolkit does: a row with its value as JSON, unique over target, type, time, value.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from sqlalchemy import insert

from tests.bench.measure import Goal, percentile, show
from toros.data.measurements.ingestion import ingest_reading
from toros.data.measurements.lightcurve import Selection, read_lightcurve
from toros.data.permissions import Viewer
from toros.data.processors.options import PhotometryOptions
from toros.data.processors.reading import MICROSECONDS_A_DAY, About, Points, Problems, Reading
from toros.data.processors.registry import read_product
from toros.data.tables import METADATA, Target
from toros.store.database import Database

__all__ = ["main", "measure"]

NOW = "2026-11-20T03:00:00.000"
CURVE = 2000  # points of a light curve
TOM = """
CREATE TABLE reduceddatum (
    id INTEGER PRIMARY KEY AUTOINCREMENT, target_id INTEGER NOT NULL, data_type VARCHAR(100) NOT NULL,
    source_name VARCHAR(100) NOT NULL, source_location VARCHAR(200) NOT NULL, timestamp DATETIME NOT NULL,
    value TEXT NOT NULL, UNIQUE (target_id, data_type, timestamp, value));
CREATE INDEX by_target ON reduceddatum (target_id);
CREATE INDEX by_time ON reduceddatum (timestamp)
"""
ADD_TOM = "INSERT OR IGNORE INTO reduceddatum VALUES (NULL, ?, 'photometry', 'CTMO', '', ?, ?)"


def main(arguments: list[str]) -> bool:
    """Measure and show; True where every goal is met."""
    parser = argparse.ArgumentParser(prog="scripts/bench data measurements", description=__doc__)
    parser.add_argument("--small", action="store_true", help="few rows: to try the bench, not to judge by it")
    parser.add_argument("--rows", type=int, default=5_000_000, help="rows of the large table, such as 100000000")
    args = parser.parse_args(arguments)
    return show("Measurements", measure(small=args.small, rows=args.rows))


def measure(*, small: bool = False, rows: int = 5_000_000) -> list[Goal]:
    """Return the figures; processor time, since a shared machine's clock on the wall says little."""
    rows = 100_000 if small else rows
    with TemporaryDirectory(prefix="toros-bench-") as folder:
        return [*_ingesting(Path(folder), 20_000 if small else 200_000), *_growing(Path(folder), rows)]


def _database(folder: Path, name: str, targets: int = 1) -> Database:
    database = Database(f"sqlite:///{folder}/{name}.sqlite", service="data_manager")
    database.prepare(METADATA)
    row = {"kind": "sidereal", "ra": 1.0, "dec": 1.0, "healpix": 1, "access": "open", "created": NOW, "changed": NOW}
    rows = [{**row, "number": i + 1, "name": f"T{i + 1}"} for i in range(targets)]
    database.write(lambda session: session.execute(insert(Target), rows) and None)
    return database


def _points(count: int, seed: int = 1, start: float = 55000.0) -> Reading:
    """Return a light curve of four bands, a point a minute."""
    chance = np.random.default_rng(seed)
    minutes = np.arange(count, dtype=np.int64)
    points = Points(
        time=round(start * MICROSECONDS_A_DAY) + minutes * 60_000_000, value=chance.normal(18, 0.1, count),
        error=np.full(count, 0.05), upper_limit=np.zeros(count, bool), flags=np.zeros(count, np.int64),
        line=minutes + 2, series=(minutes % 4).astype(np.int32),
        about=tuple(About(band=band, system="AB", facility="CTMO") for band in "griz"),
    )  # fmt: skip
    return Reading(points, Problems(), "bench")


def _spent(work: Callable[[], object]) -> float:
    """Return the processor time that something takes, seconds."""
    started = time.process_time()
    work()
    return time.process_time() - started


def _ingesting(folder: Path, count: int) -> Iterator[Goal]:
    database = _database(folder, "ingesting")
    reading = _points(count)
    first = _spent(lambda: ingest_reading(database.write, 1, reading, recorded=NOW))
    again = _spent(lambda: ingest_reading(database.write, 1, reading, recorded=NOW))
    revised = _spent(lambda: ingest_reading(database.write, 1, _points(count, seed=2), recorded=NOW))
    theirs = _tom(folder / "tom.sqlite", reading)
    peer = f"{count / theirs:,.0f}/s"
    yield Goal("new points", f"{count / first:,.0f}/s", peer, count / first, least=50_000)
    yield Goal("the same again", f"{count / again:,.0f}/s", "", count / again, least=50_000)
    yield Goal("all revised, with history", f"{count / revised:,.0f}/s", "", count / revised, least=10_000)
    path = folder / "night.csv"
    points = reading.points
    lines = (f"{t / MICROSECONDS_A_DAY:.9f},{v:.4f},0.05,r\n" for t, v in zip(points.time, points.value, strict=True))
    path.write_text("mjd,mag,magerr,band\n" + "".join(lines))
    read = _spent(lambda: read_product(path, "photometry", PhotometryOptions()))
    yield Goal("rows of a CSV file read", f"{count / read:,.0f}/s", "", count / read, least=100_000)
    yield from _reading_out(database, folder / "tom.sqlite")
    database.close()


def _tom(path: Path, reading: Reading) -> float:
    """Return the processor time in which the peer's table takes the points."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.executescript(TOM)
    points = reading.points

    def work() -> None:
        for start in range(0, len(points), 2000):
            part = points.take(slice(start, start + 2000))
            rows = [
                (1, str(t), json.dumps({"filter": reading.points.about[s].band, "magnitude": v, "error": e}))
                for t, v, e, s in zip(*(getattr(part, n).tolist() for n in ("time", "value", "error", "series")),
                                      strict=True)
            ]  # fmt: skip
            connection.executemany(ADD_TOM, rows)
            connection.commit()

    spent = _spent(work)
    connection.close()
    return spent


def _reading_out(database: Database, tom: Path) -> Iterator[Goal]:
    selection = Selection(active_only=True, until=55000 + (CURVE - 1) * 60e6 / MICROSECONDS_A_DAY)

    def ours() -> None:
        curve = database.read(lambda s: read_lightcurve(s, 1, viewer=Viewer.all_seeing(), selection=selection))
        assert len(curve) == CURVE

    connection = sqlite3.connect(tom)

    def theirs() -> None:
        rows = connection.execute("SELECT timestamp, value FROM reduceddatum WHERE target_id = 1 LIMIT ?", (CURVE,))
        values = [(int(moment), json.loads(value)) for moment, value in rows]
        np.array([(moment, value["magnitude"], value["error"]) for moment, value in values])

    ours()
    mine, other = (percentile([_spent(work) for _ in range(25)], 0.5) * 1e3 for work in (ours, theirs))
    connection.close()
    yield Goal(f"light curve of {CURVE} points, ms", f"{mine:.2f} ms", f"{other:.2f} ms", mine, most=5.0)


def _passed(work: Callable[[], object]) -> tuple[float, float]:
    """Return the processor time and the time on the wall that something takes, seconds."""
    started = time.perf_counter()
    spent = _spent(work)
    return spent, time.perf_counter() - started


def _growing(folder: Path, rows: int) -> Iterator[Goal]:
    """Add one point at a time to an empty database and to a large one, in turns."""
    targets = max(1, rows // CURVE)
    empty, large = _database(folder, "empty"), _database(folder, "large", targets)
    for target in range(targets):
        ingest_reading(large.write, target + 1, _points(CURVE, seed=target), recorded=NOW)
    chance = np.random.default_rng(0)
    taken: dict[str, list[tuple[float, float]]] = {"empty": [], "large": []}
    for i in range(400):
        for name, database, target in (("empty", empty, 1), ("large", large, int(chance.integers(targets)) + 1)):
            one = _points(1, seed=i, start=57000.0 + i)
            work = partial(ingest_reading, database.write, target, one, recorded=NOW)
            taken[name].append(_passed(work))
    for clock, words in enumerate(("processor", "wall")):
        small, big = (percentile([each[clock] for each in taken[name][20:]], 0.5) * 1e3 for name in ("empty", "large"))
        yield Goal(f"one more in {rows:,}, {words}", f"{big:.2f} ms", f"{small:.2f} ms (empty)", big / small, most=1.5)
    empty.close()
    large.close()
