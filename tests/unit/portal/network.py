"""A network at the place where the portal asks it: rows of a night, products, and pictures in real folders."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from tests.unit.portal.rows import Row, parcel, row
from toros.config import Config, ServiceName, config_hash
from toros.errors import Temporary
from workorders import Refusal
from workorders.refusal import FaultCode

EVENT = "MS261120ab"
RAW = "raw:2026-11-19/OBS"
BATCH = "products:2026-11-19/B"


@cache
def png(seed: int, *, side: int = 96, noise: float = 0.06) -> bytes:
    """Return a small picture of stars on a noisy sky."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[:side, :side]
    image = random.normal(0.12, noise, (side, side))
    for row_, column, flux in zip(*random.uniform(0, side, (2, 40)), random.pareto(1.5, 40), strict=True):
        image += 0.25 * flux * np.exp(-((rows - row_) ** 2 + (columns - column) ** 2) / 6)
    pixels = (np.clip(image, 0, 1) ** 0.6 * 255).astype(np.uint8)
    lines = b"".join(b"\0" + line.tobytes() for line in pixels)
    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(lines)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


def alert_result() -> Row:
    """Return what the alert robot tells about a mock alert."""
    return {
        "event": EVENT, "alert_type": "PRELIMINARY", "mock": True, "time_created": "2026-11-20T01:59:50.000",
        "event_time": "2026-11-20T01:59:20.600", "latency_s": 10.0, "significant": True, "far": 9.11e-14,
        "location": f"alerts:{EVENT}/alert.json", "galaxy": "NGC4993", "ra": 197.4487, "dec": -23.3839,
        "distance_mpc": 41.2, "probability": 0.63, "area_deg2": 33.4, "credible_level": 0.9, "map_distance_mpc": 43.0,
        "map_distance_error_mpc": 8.1, "sky_plot": f"alerts:{EVENT}/sky.png", "ordered": True, "notes": [],
        "candidates": [
            {"name": "NGC4993", "ra": 197.4487, "dec": -23.3839, "distance_mpc": 41.2, "probability": 0.63,
             "reasons": ["inside the 12 % region", "its distance agrees with the map's 43 ± 8 Mpc", "luminous"]},
            {"name": "NGC4970", "ra": 196.889, "dec": -24.008, "distance_mpc": 46.0, "probability": 0.21,
             "reasons": ["inside the 40 % region"]},
            {"name": "ESO508-019", "ra": 197.466, "dec": -24.239, "distance_mpc": 40.5, "probability": 0.05,
             "reasons": ["inside the 60 % region"]},
        ],
    }  # fmt: skip


def night(frames: int = 8) -> list[Row]:
    """Return the rows of an alert that was followed up, its last product still on the way, one frame unusable."""
    products = ["master_bias", "master_dark", "master_flat", *(f"light-{i:03}" for i in range(frames))]
    sent = [parcel(f"P{i}", "data_manager", "ingest_data_product") for i in range(len(products))]
    sent[-1]["state"] = "waiting"
    sent[-1]["reason"] = "nobody listens at http://127.0.0.1:8705/RPC2: is the daemon running?"
    batch = {
        "batch": "B", "lights": frames + 1, "calibrated": frames,
        "masters": [f"{BATCH}/master_{kind}.fits" for kind in ("bias", "dark", "flat")],
        "unusable": [{"file": f"{RAW}/light-{frames:03}.fits", "reason": "truncated: half of it is there"}],
        "marks": ["no GAIN in the headers: 1.0 electron per ADU assumed"],
    }  # fmt: skip
    return [
        row("A", "alert_robot", "process_alert", 0, parcel("O", "telescope", "observation"), result=alert_result()),
        row("O", "telescope", "observation", 1, parcel("B", "preprocessor", "calibrate_file_batch"), parent="A",
            result={"file_location": RAW, "frames": frames + 16, "night": "2026-11-19"},
            fields={"ra": 197.4487, "dec": -23.3839, "target": "NGC4993", "event": EVENT, "exposure_time": 60.0,
                    "exposures": frames + 1, "filter": "r"}),
        row("B", "preprocessor", "calibrate_file_batch", 5, *sent, parent="O", result=batch,
            fields={"file_location": RAW, "observation": "O", "target": "NGC4993", "event": EVENT}),
        *[row(f"P{i}", "data_manager", "ingest_data_product", 6, parent="B", result={"product": i + 1},
              fields={"file_location": f"{BATCH}/{name}.fits", "product_type": _kind(name)})
          for i, name in enumerate(products[:-1])],
    ]  # fmt: skip


def troubles() -> list[Row]:
    """Return rows that are not done: one running, one queued, one given up."""
    return [
        row("R", "preprocessor", "calibrate_file_batch", 20, state="running", finished="", fraction=0.42, attempts=2,
            message="light-020.fits: 21 of 48",
            fields={"file_location": "raw:hatp32", "target": "HAT-P-32"}, result={}),
        row("X", "preprocessor", "calibrate_file_batch", 15, state="buried", attempts=5, result={},
            reason="raw:nowhere does not exist", fields={"file_location": "raw:nowhere"}),
        row("W", "telescope", "observation", 22, state="queued", started="", finished="", worker="", result={},
            fields={"ra": 10.685, "dec": 41.269, "target": "M31", "exposure_time": 60.0}),
    ]  # fmt: skip


def products(frames: int = 8) -> list[Row]:
    """Return the night's products as the data manager tells them."""
    found = []
    for number, name in enumerate(
        ("master_bias", "master_dark", "master_flat", *(f"light-{i:03}" for i in range(frames)))
    ):
        kind = _kind(name)
        light = kind == "calibrated"
        about = {
            "target": "NGC4993",
            "date_obs": f"2026-11-20T02:0{number % 10}:10.000",
            "ra": 197.4487,
            "dec": -23.3839,
        }
        pictures = {"after": f"{BATCH}/{name}.png"} | ({"before": f"{BATCH}/{name}-before.png"} if light else {})
        kinds = ["light", "master_bias", "master_dark", "master_flat"] if light else [name[7:]] * 5
        found.append({
            "number": number + 1, "sha256": f"{number:064x}", "file_location": f"{BATCH}/{name}.fits",
            "product_type": kind,
            "size": 4213440, "batch": "B", "batch_location": RAW, "night": "2026-11-19", "event": EVENT,
            "observation": "O", "exposure_time": 60.0 if light else 0.0, "filter": "r", "thumbnails": pictures,
            "marks": ["no GAIN in the headers: 1.0 electron per ADU assumed"] if light else [],
            "quality": {"background": 312.4, "noise": 11.8, "sources": 43} if light else {},
            "inputs": [{"kind": each} for each in kinds], "recorded": "2026-11-20T02:06:30.000",
            **(about if light else {}),
        })  # fmt: skip
    return found


def _kind(name: str) -> str:
    return name if name.startswith("master") else "calibrated"


class Network:
    """Desks that answer from these rows; the harvester is down.

    Parameters
    ----------
    state : Path
        Folder whose roots get the pictures.
    rows : list of mapping
        Orders of all desks.
    """

    def __init__(self, state: Path, rows: list[Row] | None = None) -> None:
        self.config = Config(state=state)
        self.rows = [*night(), *troubles()] if rows is None else rows
        self.products = products()
        self.down: dict[str, str] = {
            "harvester": "nobody listens at http://127.0.0.1:8704/RPC2: is the daemon running?"
        }
        self.asked: list[tuple[str, Mapping[str, Any]]] = []
        places = [f"{EVENT}/sky.png"]
        self._draw("alerts", places, noise=0.02)
        self._draw("products", [place.partition(":")[2] for p in self.products for place in p["thumbnails"].values()])

    def _draw(self, root: str, places: list[str], noise: float = 0.06) -> None:
        for seed, place in enumerate(places):
            path = self.config.state / root / place
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(png(seed, noise=0.16 if "before" in place else noise))

    def ask(self, config: Config, service: ServiceName, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Answer as the desk would."""
        self.asked.append((service, body))
        if service in self.down:
            raise Temporary(self.down[service])
        if body["request"] == "status":
            return self._status(service)
        if body["request"] == "list_orders":
            return self._orders(service, body)
        if body["request"] == "find_products":
            return self._products(body)
        raise Refusal(FaultCode.UNKNOWN_REQUEST, "no desk knows this request")

    def _status(self, service: str) -> Row:
        states = [str(r.get("state")) for r in self.rows if r["desk"] == service]
        return {
            "desk": service, "instance": service, "pid": 4242, "version": "0.1.0", "started": "2026-11-20T00:11:00.000",
            "configuration": config_hash(self.config) if service != "telescope" else "0badc0de" * 8,
            "counts": {state: states.count(state) for state in sorted(set(states))},
            "outbox": {"waiting": int(service == "preprocessor"), "parked": 0},
        }  # fmt: skip

    def _orders(self, service: str, body: Mapping[str, Any]) -> Row:
        rows = [r for r in self.rows if r["desk"] == service]
        if "root" in body:
            below = {body["root"]}
            for _ in rows:
                below |= {r["id"] for r in rows if r.get("parent") in below}
            rows = [r for r in rows if r["id"] in below or r.get("parent") == body["root"]]
        rows = rows[::-1]
        if "before" in body:
            rows = rows[[r["id"] for r in rows].index(body["before"]) + 1 :]
        limit = body.get("limit", 100)
        return {"orders": rows[:limit], "more": len(rows) > limit}

    def _products(self, body: Mapping[str, Any]) -> Row:
        rows = [p for p in self.products if p["number"] > body.get("after", 0)]
        for name in ("batch", "event", "target", "night", "product_type"):
            rows = [p for p in rows if name not in body or p.get(name) == body[name]]
        if "before" in body:
            rows = [p for p in rows if p["number"] < body["before"]][::-1]
        limit = body.get("limit", 100)
        return {"products": rows[:limit], "more": len(rows) > limit}
