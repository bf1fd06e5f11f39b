"""Maps, catalogues and rankings at the sizes of the real ones, on one core; seconds of the processor.

`scripts/bench alerts [work]...`: reading, crossmatch, ranking, tiling, visibility, latency, import; all without a word.
The stores (1.4 GB) and the text of GLADE+'s shape (7 GB) are made in the folder for temporary files, and removed. The
peer is named by TOROS_BENCH_PEER, a Python that has ligo.skymap: it is never installed beside TOROS.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.bench.alerts import crossmatching, importing, latency, ranking, reading, tiling, visibility
from tests.bench.measure import show

WORKS = {
    "reading": reading.goals,
    "crossmatch": crossmatching.goals,
    "ranking": ranking.goals,
    "tiling": tiling.goals,
    "visibility": visibility.goals,
    "latency": latency.goals,
    "import": importing.goals,
}


def main(names: list[str]) -> bool:
    """Measure, and return whether every goal was met."""
    with tempfile.TemporaryDirectory(prefix="toros-bench-") as folder:
        goals = [goal for name in names or WORKS for goal in WORKS[name](Path(folder))]
    return show("alerts", goals)


if __name__ == "__main__":
    sys.exit(0 if main(sys.argv[1:]) else 1)
