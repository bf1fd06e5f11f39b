"""Importing a catalogue of GLADE+'s size and shape; in a process of its own, whose memory is its own."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

from tests.bench.alerts.glade_text import write_glade
from tests.bench.measure import Goal, peak
from toros.alerts.galaxies.importing import import_catalogue

__all__ = ["goals"]

ROWS = 22_500_000


def goals(folder: Path) -> list[Goal]:
    """Measure."""
    file = folder / "glade.txt"
    write_glade(file, ROWS)
    size = file.stat().st_size / 1e9
    words = [sys.executable, "-m", "tests.bench.alerts.importing", str(file), str(folder / "glade.galaxies")]
    told = json.loads(subprocess.run(words, capture_output=True, text=True, check=True).stdout)
    file.unlink()
    return [
        Goal(f"import {ROWS / 1e6:g} million rows ({size:.1f} GB of text)", f"{told['wall']:.0f} s",
             f"{told['cpu']:.0f} s of the processor", told["wall"], most=300.0),
        Goal("memory of that", f"{told['memory']:.0f} MB", "", told["memory"], most=1000.0),
    ]  # fmt: skip


if __name__ == "__main__":
    began, cpu = time.perf_counter(), time.process_time()
    import_catalogue(Path(sys.argv[1]), Path(sys.argv[2]), "glade+")
    wall, spent = time.perf_counter() - began, time.process_time() - cpu
    print(json.dumps({"wall": wall, "cpu": spent, "memory": peak()}))
