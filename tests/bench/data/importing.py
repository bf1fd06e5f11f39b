"""How fast a table of targets is imported, in how much memory, and how fast it is found to be there already.

`scripts/bench data importing [--targets 100000] [--only sqlite]`: synthetic targets all over the sky with two aliases,
a tag and an extra each, in a CSV file. Each import runs in a process of its own. It is judged by processor time, since
others may work beside it.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from tests.bench.measure import Goal, show
from tests.support.postgres import PostgresServer

T = TypeVar("T")
MOST = 20.0  # seconds for 100,000 targets
MEMORY = 500.0  # MB
TARGETS = 100_000
NOW = "2026-11-20T00:00:00.000"
HEADER = "name,ra,dec,name1,ZTF_name,importance,cadence,classification,redshift,tags\n"


def fill(path: Path, count: int) -> None:
    """Write a table of synthetic targets."""
    chance = random.Random(1)
    with path.open("w", encoding="utf-8") as stream:
        stream.write(HEADER)
        for i in range(count):
            ra, dec = chance.uniform(0, 360) % 360, math.degrees(math.asin(chance.uniform(-1, 1)))
            about = f"{chance.randrange(10)},1.5,SN Ia,{chance.random():.4f},survey"
            stream.write(f"SN {i},{ra:.7f},{dec:.7f},alias {i},ZTF{i},{about}\n")


def import_once(url: str, path: Path) -> dict[str, Any]:
    """Import the table, and return counts, seconds, processor seconds, the longest transaction and MB at most."""
    from toros.data.permissions import Viewer
    from toros.data.tables import METADATA
    from toros.data.targets.fields import load_sky
    from toros.data.targets.importing.journal import Journal
    from toros.data.targets.importing.reading import TextTable
    from toros.data.targets.importing.rows import Header
    from toros.data.targets.importing.running import Asked, import_rows, rows_of_lines
    from toros.data.targets.importing.taking import Taker
    from toros.network.server import spare_the_collector
    from toros.store.database import Database

    database = Database(url, service="data_manager")
    database.prepare(METADATA)
    changes: list[float] = []

    def write(change: Callable[[Session], T]) -> T:
        def timed(session: Session) -> T:
            began = time.thread_time()
            try:
                return change(session)
            finally:
                changes.append(time.thread_time() - began)

        return database.write(timed)

    load_sky()
    spare_the_collector()  # as a daemon does when it begins to serve
    began, processor = time.perf_counter(), time.process_time()
    table = TextTable(path)
    header = Header(table.header)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        journal = Journal(Path(folder), path)
        taker = Taker(Viewer.all_seeing(), recorded=NOW, match_radius=3.0)
        counts = import_rows(
            rows_of_lines(header, table), Asked(taker, 3.0), journal, write=write, tell=lambda rows: None
        )
    told = {
        "counts": counts, "seconds": time.perf_counter() - began, "processor": time.process_time() - processor,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6,
        "change": sorted(changes)[len(changes) // 2] * 1e3,
    }  # fmt: skip
    database.close()
    return told


def _apart(url: str, path: Path) -> dict[str, Any]:
    """Import in a process of its own."""
    code = "import sys; from pathlib import Path; from tests.bench.data.importing import import_once; import json"
    code += "; print(json.dumps(import_once(sys.argv[1], Path(sys.argv[2]))))"
    done = subprocess.run([sys.executable, "-c", code, url, str(path)], capture_output=True, text=True, check=True)
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def measured(words: str, url: str, path: Path, count: int) -> list[Goal]:
    """Return the figures of one database."""
    first, again = _apart(url, path), _apart(url, path)
    assert first["counts"]["new"] == count and again["counts"]["same"] == count
    share = TARGETS / count
    return [
        Goal(f"{words}, {count:,} new targets, processor seconds for 100,000",
             f"{first['processor']:.1f} s ({first['seconds']:.1f} s by the clock)", "", first["processor"] * share,
             most=MOST),
        Goal(f"{words}, the same file again, processor seconds for 100,000",
             f"{again['processor']:.1f} s ({again['seconds']:.1f} s by the clock)", "", again["processor"] * share,
             most=MOST),
        Goal(f"{words}, memory at most", f"{first['memory']:.0f} MB", "", first["memory"], most=MEMORY),
        Goal(f"{words}, processor time of one transaction, median", f"{first['change']:.0f} ms", "", first["change"],
             most=50.0),
    ]  # fmt: skip


def main(words: Sequence[str]) -> bool:
    """Measure, show the figures, and return whether the goals were met."""
    parser = argparse.ArgumentParser(prog="scripts/bench data importing", description=__doc__)
    parser.add_argument("--targets", type=int, default=TARGETS)
    parser.add_argument("--folder", type=Path, default=None, help="where the databases lie; a folder of their own else")
    parser.add_argument("--only", choices=["sqlite", "postgresql"], default=None)
    asked = parser.parse_args(words)
    folder = Path(tempfile.mkdtemp(prefix="toros-importing-", dir=asked.folder))
    goals: list[Goal] = []
    try:
        fill(folder / "targets.csv", asked.targets)
        if asked.only in (None, "sqlite"):
            goals += measured(
                "sqlite", f"sqlite:///{folder}/data_manager.sqlite", folder / "targets.csv", asked.targets
            )
        if asked.only in (None, "postgresql"):
            server = PostgresServer(folder / "server")
            try:
                goals += measured("postgresql", server.url(), folder / "targets.csv", asked.targets)
            finally:
                server.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return show(f"Import of {asked.targets:,} targets", goals)
