"""Measurements: taken in, and read as light curves.

The peer keeps each point as the TOM Toolkit does: a row with its value as JSON, unique over target, type, time, value.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from tests.bench.data.growing import CURVE, NOW, empty_database, passed, points
from tests.bench.measure import Goal, percentile, show
from toros.data.measurements.ingestion import ingest_reading
from toros.data.measurements.lightcurve import Selection, read_lightcurve
from toros.data.permissions import Viewer
from toros.data.processors.options import PhotometryOptions
from toros.data.processors.reading import MICROSECONDS_A_DAY, Reading
from toros.data.processors.registry import read_product
from toros.store.database import Database

__all__ = ["main", "measure"]

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
    args = parser.parse_args(arguments)
    return show("Measurements", measure(small=args.small))


def measure(*, small: bool = False) -> list[Goal]:
    """Return the figures; processor time, since a shared machine's clock on the wall says little."""
    with TemporaryDirectory(prefix="toros-bench-") as folder:
        return list(_ingesting(Path(folder), 20_000 if small else 200_000))


def _spent(work: Callable[[], object]) -> float:
    """Return the processor time that something takes, seconds."""
    started = time.process_time()
    work()
    return time.process_time() - started


def _ingesting(folder: Path, count: int) -> Iterator[Goal]:
    database = empty_database(f"sqlite:///{folder}/ingesting.sqlite")
    reading = points(count)
    first, clock = passed(lambda: ingest_reading(database.write, 1, reading, recorded=NOW))
    again = _spent(lambda: ingest_reading(database.write, 1, reading, recorded=NOW))
    revised = _spent(lambda: ingest_reading(database.write, 1, points(count, seed=2), recorded=NOW))
    theirs = _tom(folder / "tom.sqlite", reading)
    peer = f"{count / theirs:,.0f}/s"
    yield Goal("new points", f"{count / first:,.0f}/s", peer, count / first, least=50_000)
    yield Goal("new points, by the clock", f"{count / clock:,.0f}/s", "", count / clock, least=50_000)
    yield Goal("the same again", f"{count / again:,.0f}/s", "", count / again, least=50_000)
    yield Goal("all revised, with history", f"{count / revised:,.0f}/s", "", count / revised, least=10_000)
    path = folder / "night.csv"
    taken = reading.points
    lines = (f"{t / MICROSECONDS_A_DAY:.9f},{v:.4f},0.05,r\n" for t, v in zip(taken.time, taken.value, strict=True))
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
    taken = reading.points

    def work() -> None:
        for start in range(0, len(taken), 2000):
            part = taken.take(slice(start, start + 2000))
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
