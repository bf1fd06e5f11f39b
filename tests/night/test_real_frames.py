"""Given real frames of other observatories, `toros submit` reduces them through running daemons, none set aside.

The frames are not ours to distribute: TOROS_SAMPLE_DATA names the folder that holds them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.daemons import Network

SAMPLES = os.environ.get("TOROS_SAMPLE_DATA", "")

pytestmark = pytest.mark.skipif(not SAMPLES, reason="TOROS_SAMPLE_DATA names no folder of sample data")


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    roots = {"raw": str(Path(SAMPLES) / "ccd")}
    folder = tmp_path_factory.mktemp("real")
    with Network(folder, services=["preprocessor", "data_manager"], settings={"files": {"roots": roots}}) as running:
        yield running


def reduce(network: Network, folder: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Submit a folder by its path, follow the tree, and return the batch's row and its products."""
    path = Path(SAMPLES) / "ccd" / folder
    command = [sys.executable, "-m", "toros.cli", "submit", "calibrate_file_batch", f"file_location={path}", "--tree",
               "--json", "--timeout", "100", "--config", str(network.file)]  # fmt: skip
    told = subprocess.run(command, capture_output=True, text=True, timeout=115)
    assert told.returncode == 0, told.stdout + told.stderr
    rows = json.loads(told.stdout)
    assert {row["state"] for row in rows} == {"done"}
    products = network["data_manager"].ask("find_products", batch=rows[0]["id"], limit=1000)["products"]
    asked = Counter(row["request"] for row in rows)
    lights = sum(product["product_type"] == "calibrated" for product in products)
    assert asked == {"calibrate_file_batch": 1, "ingest_data_product": len(products), "process_product": lights}
    return rows[0], products


def test_finished_masters_are_used_and_the_one_light_is_calibrated(network: Network) -> None:
    batch, products = reduce(network, "kelt16_mini")
    assert (batch["result"]["lights"], batch["result"]["calibrated"]) == (1, 1)
    assert batch["result"].get("unusable", []) == []
    kinds = Counter(product["product_type"] for product in products)
    assert kinds == {"calibrated": 1, "master_bias": 1, "master_dark": 1, "master_flat": 1}
    (light,) = [product for product in products if product["product_type"] == "calibrated"]
    assert Counter(item["role"] for item in light["inputs"]) == {"exposure": 1, "combination": 3}
    assert light["marks"], "stale sections of the detector are reported"


def test_48_lights_without_calibration_frames_are_48_products_marked_as_such(network: Network) -> None:
    batch, products = reduce(network, "hatp32_20171220")
    assert (batch["result"]["lights"], batch["result"]["calibrated"]) == (48, 48)
    assert batch["result"].get("unusable", []) == []
    assert Counter(product["product_type"] for product in products) == {"calibrated": 48}
    frames = {path.name for path in (Path(SAMPLES) / "ccd" / "hatp32_20171220").iterdir()}
    lights = [item["location"].rpartition("/")[2] for product in products for item in product["inputs"]]
    assert sorted(lights) == sorted(frames), "each frame once"
    assert all(product["marks"] for product in products), "reduced with what exists, and marked so"
