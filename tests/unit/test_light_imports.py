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


PATHS = """
import sys
from types import SimpleNamespace
from datetime import UTC, datetime
import services.data_manager
from toros.data.observations.filling import place_of
from toros.data.targets.fields import load_sky
from toros.data.targets.nearby import Place
from toros.sky.healpix import cone_ranges, separations
load_sky()
cone_ranges(10.0, 20.0, 1.0)
star = SimpleNamespace(ra=1.0, dec=2.0, epoch=2000.0, pm_ra=1.0, pm_dec=1.0, scheme=None)
place_of(star, datetime(2026, 11, 20, tzinfo=UTC), None)
Place(1.0, 2.0).away([star])
print(sorted({"astropy", "astropy_healpix", "pyarrow", "scipy", "pandas", "matplotlib"} & set(sys.modules)))
"""


def test_what_the_data_manager_does_with_every_target_stays_light() -> None:
    loaded = subprocess.run([sys.executable, "-c", PATHS], capture_output=True, text=True, check=True, cwd=ROOT)
    assert loaded.stdout.strip() == "[]"
