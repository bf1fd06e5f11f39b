"""The command line stays light: importing it loads no science and no database."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_science_rooms_stay_light_to_import() -> None:
    code = "import sys, toros.cli; print(sorted({'astropy', 'numpy', 'sqlalchemy', 'ccdproc'} & set(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert loaded.stdout.strip() == "[]"
