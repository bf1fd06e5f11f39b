"""How many orders a desk stores durably, against what the standard library gives; and what daemons cost while idle.

`python -m tests.bench.desk` runs both servers in turn, on the same machine and disk, with the same authenticated
callers and the same 2 kB order, and exits with 1 where a goal is missed. Absolute figures are the machine's.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.attack.served import REPOSITORY, serving
from tests.bench.callers import order
from tests.bench.daemons import idle, promptness
from tests.bench.measure import Goal, bare_sync, percentile, show
from toros.network import wire
from toros.network.auth import new_identity

SYNC = 3.0  # milliseconds added to each sync in the third comparison
ALONE = 5  # times as many rounds for one client, whose ratio changes by a tenth from round to round

Server = Callable[[Path, Mapping[str, str]], AbstractContextManager[str]]


@dataclass(frozen=True)
class Run:
    """What a run of callers found.

    Attributes
    ----------
    rate : float
        Orders acknowledged in a second.
    seconds : list of float
        Each order's.
    acknowledged : list of str
        Ids.
    """

    rate: float
    seconds: list[float]
    acknowledged: list[str]


@contextmanager
def toros_server(folder: Path, environment: Mapping[str, str]) -> Iterator[str]:
    """Serve a telescope's desk; give its URL with credentials."""
    token = new_identity(folder / "identities.yaml", "caller")
    with serving(folder, environment=environment) as desk:
        yield desk.url.replace("//", f"//caller:{token}@")


@contextmanager
def standard_server(folder: Path, environment: Mapping[str, str]) -> Iterator[str]:
    """Serve the standard library's; give its URL with credentials."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.standard_server", str(folder), "token"],
        stdout=subprocess.PIPE, text=True, cwd=REPOSITORY, env={**os.environ, **environment},
    )  # fmt: skip
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip().replace("//", "//caller:token@")
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


def call(url: str, connections: int, seconds: float, prefix: str) -> Run:
    """Let callers call from a process of their own."""
    command = [sys.executable, "-m", "tests.bench.callers", url, str(connections), str(seconds), prefix]
    done = subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY, check=True)
    found = json.loads(done.stdout)
    return Run(len(found["seconds"]) / found["taken"], found["seconds"], found["acknowledged"])


@dataclass
class Comparison:
    """Both servers in turn, several times.

    Attributes
    ----------
    ours, theirs : list of Run
        One a round.
    """

    ours: list[Run]
    theirs: list[Run]

    @property
    def ratio(self) -> float:
        """The median round's ratio of rates."""
        return statistics.median(a.rate / b.rate for a, b in zip(self.ours, self.theirs, strict=True))

    def goal(self, name: str, least: float) -> Goal:
        """Return the comparison as a line of the table."""
        mine, other = (statistics.median(run.rate for run in runs) for runs in (self.ours, self.theirs))
        return Goal(name, f"{mine:,.0f}/s", f"{other:,.0f}/s", self.ratio, least=least)


def compare(connections: int, seconds: float, rounds: int, environment: Mapping[str, str]) -> Comparison:
    """Run both servers in turn, each round from an empty database, and start with the other one each time."""
    found: dict[Server, list[Run]] = {toros_server: [], standard_server: []}
    for number in range(rounds):
        servers = list(found)
        for server in servers if number % 2 else servers[::-1]:
            with tempfile.TemporaryDirectory(dir=PLACE) as folder, server(Path(folder), environment) as url:
                found[server].append(call(url, connections, seconds, f"r{number}"))
    return Comparison(*found.values())


def check_nothing_is_lost_or_doubled(seconds: float) -> str:
    """Run callers that send some orders twice; every acknowledged order must be stored, and once."""
    with tempfile.TemporaryDirectory(dir=PLACE) as name:
        folder = Path(name)
        token = new_identity(folder / "identities.yaml", "caller")
        with serving(folder) as desk:
            run = call(desk.url.replace("//", f"//caller:{token}@"), 4, seconds, "check")
            stored = desk.stored()
    missing = set(run.acknowledged) - set(stored)
    assert not missing, f"{len(missing)} acknowledged orders are not stored"
    assert len(stored) == len(set(stored)), "orders are stored twice"
    return f"{len(run.acknowledged)} acknowledged, 0 lost, 0 stored twice"


def slow_disk(folder: Path) -> dict[str, str] | None:
    """Return the environment in which a sync costs more; None where there is no compiler."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        return None
    library = folder / "slow_sync.so"
    source = Path(__file__).with_name("slow_sync.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-O2", str(source), "-o", str(library), "-ldl"], check=True)
    return {"LD_PRELOAD": str(library), "SLOW_SYNC_MS": str(SYNC)}


def run(seconds: float, rounds: int) -> bool:
    """Measure everything, print it, and return whether every goal was met."""
    size = len(wire.call(order("r0-0-1")))
    with tempfile.TemporaryDirectory(dir=PLACE) as folder:
        before = bare_sync(Path(folder))
        print(f"order of {size} bytes; {check_nothing_is_lost_or_doubled(min(seconds, 2.0))}")
        one = compare(1, seconds / 2, ALONE * rounds, {})
        four = compare(4, seconds, rounds, {})
        goals = [
            one.goal("durable accepts, one client", 0.8),
            p99_of(one),
            four.goal("durable accepts, four connections", 1.1),
        ]
        slow = slow_disk(Path(folder))
        if slow is None:
            print(f"no C compiler: the comparison with {SYNC:g} ms more a sync is left out")
        else:
            goals.append(compare(8, seconds, rounds, slow).goal(f"eight connections, {SYNC:g} ms more a sync", 3.0))
        after = bare_sync(Path(folder))
        goals.append(promptness(PLACE))
        goals.extend(idle(PLACE))
        goals.append(promptness_of_help())
    title = f"bare 4 kB sync p50 {before * 1e3:.2f} ms before, {after * 1e3:.2f} ms after"
    return show(title, goals)


def p99_of(one: Comparison) -> Goal:
    """Return the slowest hundredth at one client, in milliseconds: of the median round."""
    ours, theirs = (
        statistics.median(percentile(run.seconds, 0.99) * 1e3 for run in runs) for runs in (one.ours, one.theirs)
    )
    return Goal("p99 at one client", f"{ours:.2f} ms", f"{theirs:.2f} ms", ours, most=3.0)


def promptness_of_help() -> Goal:
    """Return how soon `toros --help` is there: the shortest of several times."""
    taken = []
    for _ in range(7):
        started = time.perf_counter()
        subprocess.run([sys.executable, "-m", "toros.cli", "--help"], check=True, capture_output=True)
        taken.append(time.perf_counter() - started)
    return Goal("toros --help", f"{1e3 * min(taken):.0f} ms", "", min(taken), most=0.3)


PLACE = os.environ.get("TOROS_BENCH_FOLDER")  # on the disk that is to be measured; the system's for temporary files


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=4.0, help="of each run")
    parser.add_argument("--rounds", type=int, default=3, help="of each comparison; the median counts")
    chosen = parser.parse_args()
    started = time.monotonic()
    met = run(chosen.seconds, chosen.rounds)
    print(f"taken: {time.monotonic() - started:.0f} s")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
