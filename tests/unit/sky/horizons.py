"""Replies of JPL Horizons that somebody recorded, as rows."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def samples(archive: str, name: str) -> str:
    """Return the text of a sample, or skip the test."""
    folder = os.environ.get("TOROS_SAMPLE_DATA")
    if not folder:
        pytest.skip("TOROS_SAMPLE_DATA does not name the folder of sample data")
    return (Path(folder) / "archives" / archive / name).read_text()


def rows(name: str) -> list[dict[str, str]]:
    """Return the lines between $$SOE and $$EOE by the names of the columns above them."""
    head, _, rest = samples("horizons", name).partition("$$SOE")
    names = [word.strip() for word in head.strip().splitlines()[-2].split(",")]
    lines = rest.partition("$$EOE")[0].strip().splitlines()
    return [dict(zip(names, (word.strip() for word in line.split(",")), strict=False)) for line in lines]
