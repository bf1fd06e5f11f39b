"""Nothing is left to compile once the kernels were warmed, whatever a usual night asks for."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.unit.reduction import made_frames as made

REDUCE = """
import sys
from numba.core import event
compiled = []
class Listener(event.Listener):
    def on_start(self, e):
        compiled.append(e.data["dispatcher"].py_func.__qualname__)
    def on_end(self, e):
        pass
event.register("numba:compile", Listener())
from toros.reduction.folder import reduce_folder
night = reduce_folder(sys.argv[1], sys.argv[2], cosmic_rays=True)
assert len(night.lights) == 2 and len(night.masters) == 4
print(compiled)
"""


def test_a_night_after_warming_compiles_nothing(tmp_path: Path) -> None:
    raw = made.write_night(tmp_path / "raw")
    subprocess.run([sys.executable, "-m", "toros.reduction.warm"], check=True, capture_output=True)
    done = subprocess.run(
        [sys.executable, "-c", REDUCE, str(raw), str(tmp_path / "out")], check=True, capture_output=True, text=True,
        env=os.environ,
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == "[]"
