"""A night of a camera with sixteen amplifiers, described by the observatory's own file, goes through the daemons."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest
from ccdproc import CCDData

from tests.support.daemons import Network
from tests.support.mosaic_camera import MosaicCamera

CAMERA = MosaicCamera(rows=100, columns=60)


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    folder = tmp_path_factory.mktemp("sixteen")
    CAMERA.write_camera(folder / "cameras")
    CAMERA.write_night(folder / "raw" / "2026-11-20")
    CAMERA.write_night(folder / "raw" / "2026-11-21", {"light": (30.0, 1)})
    settings = {"files": {"roots": {"raw": str(folder / "raw")}}, "reduction": {"cameras": str(folder / "cameras")}}
    with Network(folder, services=["preprocessor", "data_manager"], settings=settings) as running:
        yield running


def reduce(network: Network, night: str) -> list[dict[str, object]]:
    """Submit a night as a person does, wait, and return its products."""
    command = [
        sys.executable, "-m", "toros.cli", "submit", "calibrate_file_batch", f"file_location=raw:{night}", "--tree",
        "--timeout", "100", "--config", str(network.file),
    ]  # fmt: skip
    told = subprocess.run(command, capture_output=True, text=True, timeout=115)
    assert told.returncode == 0, told.stdout + told.stderr
    found: list[dict[str, object]] = network["data_manager"].ask("find_products", night=night, limit=100)["products"]
    return found


def test_the_night_is_reduced_and_the_next_one_uses_its_masters(network: Network) -> None:
    products = reduce(network, "2026-11-20")
    kinds = Counter(str(product["product_type"]) for product in products)
    assert kinds["calibrated"] == 2
    assert {"master_bias", "master_dark", "master_flat"} <= set(kinds)
    (light,) = [p for p in reduce(network, "2026-11-21") if p["product_type"] == "calibrated"]
    assert any("2026-11-20" in str(mark) or "night" in str(mark) for mark in light["marks"]), light["marks"]  # type: ignore[attr-defined]
    frame = CCDData.read(network.config.files.roots["products"] / str(light["file_location"]).partition(":")[2])
    assert frame.shape == CAMERA.shape
    assert np.median(frame.data - CAMERA.sky * 30) == pytest.approx(0, abs=1.0)
