"""Orders of ingestion as the preprocessor writes them: a small night with masters and calibrated frames."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import create_engine, event
from sqlalchemy.orm import Session

from toros.data.tables import METADATA
from workorders.data import FrameInput, IngestDataProduct

NOW = "2026-11-20T03:00:00.000"
RAW = "raw:2026-11-19/OBS"
PRODUCTS = "products:2026-11-19/BATCH"


def hash_of(location: str) -> str:
    """Return a hash that belongs to a location."""
    return hashlib.sha256(location.encode()).hexdigest()


def exposure(kind: str, number: int, **more: Any) -> FrameInput:
    """Return a raw frame of the batch."""
    location = f"{RAW}/{kind}-{number:03}.fits"
    return FrameInput.model_validate(
        {"location": location, "sha256": hash_of(location), "role": "exposure", "kind": kind, **more}
    )


def combination(name: str, kind: str) -> FrameInput:
    """Return a product of the batch as another's input."""
    location = f"{PRODUCTS}/{name}.fits"
    return FrameInput.model_validate(
        {"location": location, "sha256": hash_of(location), "role": "combination", "kind": kind}
    )


def ingest(name: str, kind: str, *inputs: FrameInput, **more: Any) -> IngestDataProduct:
    """Return the order to ingest a product of the batch."""
    location = f"{PRODUCTS}/{name}.fits"
    fields = {
        "file_location": location, "sha256": hash_of(location), "size": 4194304, "product_type": kind,
        "batch": "BATCH", "batch_location": RAW, "night": "2026-11-19", "inputs": list(inputs),
    }  # fmt: skip
    return IngestDataProduct.model_validate(fields | more)


def night() -> list[IngestDataProduct]:
    """Return the orders of a night: three masters and two calibrated frames made with them."""
    bias = combination("master_bias", "master_bias")
    dark = combination("master_dark", "master_dark")
    flat = combination("master_flat", "master_flat")
    about = {"target": "NGC 4993", "event": "MS181101ab", "observation": "OBS", "filter": "r", "ra": 197.4487,
             "dec": -23.3839, "exposure_time": 60.0}  # fmt: skip
    lights = [exposure("light", i, date_obs=f"2026-11-20T02:0{i}:00", exposure_time=60.0) for i in (0, 1)]
    return [
        ingest("master_bias", "master_bias", *[exposure("bias", i) for i in range(3)]),
        ingest("master_dark", "master_dark", bias, *[exposure("dark", i) for i in range(3)]),
        ingest("master_flat", "master_flat", bias, dark, *[exposure("flat", i) for i in range(3)], filter="r"),
        *[ingest(f"calibrated-{i}", "calibrated", light, bias, dark, flat, date_obs=light.date_obs, **about)
          for i, light in enumerate(lights)],
    ]  # fmt: skip


@contextmanager
def data_manager() -> Iterator[Session]:
    """Give a session on an empty data manager in memory, its foreign keys enforced."""
    engine = create_engine("sqlite://")
    event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA foreign_keys = ON"))
    METADATA.create_all(engine)
    with Session(engine) as session:
        yield session
    engine.dispose()
