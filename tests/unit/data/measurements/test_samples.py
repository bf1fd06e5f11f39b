"""Recorded light curves of archives, taken in twice."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.unit.data.measurements.curves import curve, ingest
from toros.data.measurements.chunk import Taken
from toros.data.processors.options import PhotometryOptions
from toros.data.processors.registry import read_product
from toros.store.database import Database

SAMPLES = Path(os.environ.get("TOROS_SAMPLE_DATA", "/nowhere")) / "archives"
pytestmark = pytest.mark.skipif("TOROS_SAMPLE_DATA" not in os.environ, reason="TOROS_SAMPLE_DATA is not set")
FILES: dict[str, dict[str, Any]] = {
    "atlas/test_atlas_fp.csv": {}, "asassn/vxmen.csv": {"band": "V", "source": "ASAS-SN"},
    "antares/ZTF18aaermez.csv": {"source": "ZTF"}, "sdss_stripe82/1013184.csv": {"source": "SDSS"},
    "gaia_alerts/Gaia20bph_lightcurve.csv": {"band": "G", "source": "Gaia"}, "ztf/640202200001881.csv": {},
    "ztf/ZTF_lightcurve.csv": {"source": "ZTF"},
}  # fmt: skip


def test_all_of_them_on_one_target(database: Database) -> None:
    readings = [read_product(SAMPLES / name, "photometry", PhotometryOptions(**more)) for name, more in FILES.items()]
    taken = [ingest(database, reading).taken for reading in readings]
    points = sum(each.new for each in taken)
    assert points == len(curve(database)) > 3000
    assert all(each.revised == 0 for each in taken)
    again = sum((ingest(database, reading).taken for reading in readings), Taken())
    assert (again.new, again.revised) == (0, 0) and again.same >= points
