"""How soon the first page of a search comes, on SQLite and PostgreSQL, whatever the radius of the cone.

`scripts/bench data finding [--targets 10000000] [--folder FOLDER]`: a sky of synthetic targets is made first, a million
of them where nothing is said. The time is that of the whole search: ranges of pixels, queries, exact distances, rows
with aliases and tags. The goal is for the processor time of a search, ours and the PostgreSQL server's together,
since a busy machine takes longer by the clock; its median and 99th percentile stand beside.
"""

from __future__ import annotations

import argparse
import random
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from sqlalchemy import Table

from tests.bench.measure import Goal, percentile, show
from tests.support.postgres import PostgresServer
from toros.data.permissions import Viewer
from toros.data.tables import METADATA
from toros.data.targets.fields import places
from toros.data.targets.finding import Page, find_targets
from toros.data.targets.names import key_of
from toros.store.database import Database
from workorders.finding import TargetFilter

MOST = 20.0  # milliseconds for a first page of 100
RADII = {
    "1 arcsec": 1 / 3600,
    "1 arcmin": 1 / 60,
    "0.1 deg": 0.1,
    "1 deg": 1.0,
    "10 deg": 10.0,
    "45 deg": 45.0,
    "90 deg": 90.0,
}
TIMES = 100
WARM = 10  # the first searches load libraries and compile statements
CHUNK = 50_000
NOW = "2026-11-20T00:00:00.000"
FIELDS = ("number", "name", "kind", "ra", "dec", "epoch", "importance", "cadence", "classification", "access",
          "last_mjd", "last_magnitude", "created", "changed", "healpix", "galactic_longitude", "galactic_latitude",
          "constellation")  # fmt: skip
CLASSES = ("SN Ia", "SN II", "CV", "AGN", "microlensing", None)


def synthetic(count: int) -> Iterator[list[tuple[Any, ...]]]:
    """Yield rows of targets, evenly on the sky, some thousand at a time."""
    rng, chance = np.random.default_rng(1), random.Random(1)
    for start in range(0, count, CHUNK):
        size = min(CHUNK, count - start)
        ra, dec = rng.uniform(0, 360, size), np.degrees(np.arcsin(rng.uniform(-1, 1, size)))
        yield [
            (start + i + 1, f"T {start + i + 1}", "sidereal", float(ra[i]), float(dec[i]), 2000.0,
             float(chance.randrange(11)), chance.choice((0.5, 1.0, 3.0)), chance.choice(CLASSES), "public",
             chance.uniform(55000, 61000), chance.uniform(10, 22), NOW, NOW, *place.values())
            for i, place in enumerate(places(ra, dec))
        ]  # fmt: skip


def fill(database: Database, count: int) -> None:
    """Put synthetic targets into a database: rows first, indexes then."""
    tables = [METADATA.tables[name] for name in ("target", "target_name", "target_tag")]
    indexes = [index for table in tables for index in table.indexes]
    database.on_connection(lambda connection: [index.drop(connection) for index in indexes])
    for rows in synthetic(count):
        names = [(key_of(row[1]), row[1], row[0], True) for row in rows]
        tags = [(row[0], "rare" if row[0] % 10_000 == 0 else "common") for row in rows if row[0] % 3 == 0]
        for table, columns, values in zip(
            tables, (FIELDS, ("key", "name", "target", "main"), ("target", "tag")), (rows, names, tags), strict=True
        ):
            database.on_connection(_putting(table, columns, values))
    database.on_connection(lambda connection: [index.create(connection) for index in indexes])
    database.on_connection(lambda connection: connection.exec_driver_sql("ANALYZE"))


def _putting(table: Table, columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> Callable[[Any], None]:
    names = ", ".join(columns)

    def put(connection: Any) -> None:
        cursor = connection.connection.cursor()
        if connection.dialect.name == "sqlite":
            marks = ", ".join("?" * len(columns))
            cursor.executemany(f"INSERT INTO {table.name} ({names}) VALUES ({marks})", rows)
            return
        with cursor.copy(f"COPY {table.name} ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)

    return put


def server_time(server: PostgresServer | None) -> dict[int, float]:
    """Return the processor time that each process of a server has taken so far, in seconds; counted in hundredths."""
    if server is None:
        return {}
    master = psutil.Process(int((server.folder / "postmaster.pid").read_text().split()[0]))
    times = {each.pid: each.cpu_times() for each in (master, *master.children())}
    return {process: float(each.user + each.system) for process, each in times.items()}


def first_pages(
    database: Database, search: Callable[[int], dict[str, Any]], server: PostgresServer | None
) -> tuple[list[float], float, int]:
    """Return the seconds of the clock of many first pages, the mean of the processor's, and the rows of the last."""
    clock, rows, worked = [], 0, 0.0
    before: dict[int, float] = {}
    for turn in range(TIMES + WARM):
        how = search(turn)
        asked = TargetFilter.model_validate({key: value for key, value in how.items() if key != "sort"})
        if turn == WARM:
            worked, before = time.process_time(), server_time(server)
        began = time.perf_counter()
        page: Page = database.read(
            lambda session, asked=asked, sort=how.get("sort"): find_targets(  # type: ignore[misc]
                session, asked, viewer=Viewer.all_seeing(), now=61000.0, sort=sort
            )
        )
        if turn >= WARM:
            clock.append(time.perf_counter() - began)
        rows = len(page.targets)
    worked = time.process_time() - worked
    worked += sum(spent - before.get(process, spent) for process, spent in server_time(server).items())
    return clock, worked / TIMES, rows


def searches(count: int) -> dict[str, Callable[[int], dict[str, Any]]]:
    """Return what is looked for: cones of every radius, and the other ways."""
    chance = random.Random(2)

    def cone(radius: float) -> Callable[[int], dict[str, Any]]:
        def ask(turn: int) -> dict[str, Any]:
            dec = (90.0, -89.99, 41.81)[turn] if turn < 3 else np.degrees(np.arcsin(chance.uniform(-1, 1)))
            return {"cone": {"ra": chance.uniform(0, 360) % 360, "dec": float(dec), "radius": radius}}

        return ask

    found = {f"cone {words}": cone(radius) for words, radius in RADII.items()}
    found["name"] = lambda turn: {"name": f"t-{chance.randrange(count) + 1}"}
    found["tag, common"] = lambda turn: {"tags": ["common"]}
    found["tag, rare"] = lambda turn: {"tags": ["rare"]}
    found["sorted by magnitude"] = lambda turn: {"sort": "last_magnitude"}
    found["sorted by priority"] = lambda turn: {"sort": "priority"}
    return found


def measured(words: str, database: Database, count: int, server: PostgresServer | None) -> list[Goal]:
    """Return the figures of one database."""
    goals = []
    for name, search in searches(count).items():
        clock, processor, rows = first_pages(database, search, server)
        middle, slow = percentile(clock, 0.5) * 1e3, percentile(clock, 0.99) * 1e3
        figures = f"{processor * 1e3:.1f} ms; clock 50 %: {middle:.1f}, 99 %: {slow:.1f}; {rows} rows"
        goals.append(Goal(f"{words}, {name}", figures, "", processor * 1e3, most=MOST))
    return goals


def main(words: Sequence[str]) -> bool:
    """Measure both databases, show the figures, and return whether the goals were met."""
    parser = argparse.ArgumentParser(prog="scripts/bench data finding", description=__doc__)
    parser.add_argument("--targets", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, default=None, help="where the databases lie; a folder of their own else")
    parser.add_argument("--only", choices=["sqlite", "postgresql"], default=None)
    asked = parser.parse_args(words)
    folder = Path(tempfile.mkdtemp(prefix="toros-finding-", dir=asked.folder))
    goals: list[Goal] = []
    try:
        for kind in ("sqlite", "postgresql"):
            if asked.only in (None, kind):
                goals += _one(kind, folder, asked.targets)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return show(f"First page of 100 of {asked.targets:,} targets", goals)


def _one(kind: str, folder: Path, count: int) -> list[Goal]:
    server = PostgresServer(folder / "server") if kind == "postgresql" else None
    database = Database(server.url() if server else f"sqlite:///{folder}/data_manager.sqlite", service="data_manager")
    try:
        database.prepare(METADATA)
        began = time.perf_counter()
        fill(database, count)
        print(f"{kind}: {count:,} targets made in {time.perf_counter() - began:.0f} s")
        return measured(kind, database, count, server)
    finally:
        database.close()
        if server is not None:
            server.close()
