"""Real alerts, where they are at hand."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

__all__ = ["GWALERTS", "gwalert_sample"]

GWALERTS = (
    "MS181101ab-earlywarning",
    "MS181101ab-ext-update",
    "MS181101ab-initial",
    "MS181101ab-preliminary",
    "MS181101ab-retraction",
    "MS181101ab-update",
    "S230520ae-Initial",
    "S230520ae-Preliminary",
    "S230520ae-Preliminary1",
    "S230522a-Preliminary",
)


def gwalert_sample(name: str) -> str:
    """Return the text of a real alert; skip the test where there are no samples."""
    folder = os.environ.get("TOROS_SAMPLE_DATA")
    if not folder:
        pytest.skip("TOROS_SAMPLE_DATA does not name the folder of sample data")
    return (Path(folder) / "alerts" / "gwalert" / f"{name}.json").read_text()
