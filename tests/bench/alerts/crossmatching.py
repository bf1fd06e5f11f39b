"""The same densities in the same order as ligo.skymap's crossmatch, and the time and memory of both."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import numpy as np

from tests.bench.alerts.catalogues import made_store
from tests.bench.alerts.maps import small_map
from tests.bench.measure import Goal, spent
from toros.alerts.galaxies import Galaxies, open_store
from toros.alerts.galaxies.store import sorted_galaxies
from toros.alerts.ranking import rank_galaxies
from toros.alerts.skymap import Skymap, read_skymap

__all__ = ["goals"]

ROWS = 3_000_000
STEPS = 1000  # of distance, to which the peer rounds down; up to six times the mean


def goals(folder: Path) -> list[Goal]:
    """Compare; nothing where there is no peer."""
    peer = os.environ.get("TOROS_BENCH_PEER")
    if not peer:
        return []
    content = small_map()
    skymap = read_skymap(content)
    galaxies = _on_steps(open_store(made_store(folder / "crossmatch.galaxies", ROWS, error=0.0)), skymap)
    columns = [galaxies.columns[name].astype(float) for name in ("ra", "dec", "distance")]
    (folder / "map.fits").write_bytes(content)
    np.save(folder / "galaxies.npy", np.stack(columns, axis=1))
    words = [peer, str(Path(__file__).with_name("crossmatch.py"))]
    paths = [str(folder / name) for name in ("map.fits", "galaxies.npy", "out.npy")]
    told = subprocess.run([*words, *paths], capture_output=True, text=True, check=True, env={}).stdout
    read, taken, memory = (float(word) for word in told.split())
    ours = spent(lambda: rank_galaxies(skymap, galaxies, max_distance=1e4), 5)
    differing, moved = _compared(skymap, galaxies, np.load(folder / "out.npy"))
    return [
        Goal("density per volume against crossmatch", f"{differing:.1e}", "", differing, most=1e-3),
        Goal("galaxies at another place than in crossmatch", f"{moved}", "", moved, most=0),
        Goal("rank 3 million against crossmatch", f"{ours * 1e3:.1f} ms", f"{taken:.1f} s, {memory:.0f} MB (reads in "
             f"{read * 1e3:.0f} ms)", taken / ours, least=100.0),
    ]  # fmt: skip


def _on_steps(galaxies: Galaxies, skymap: Skymap) -> Galaxies:
    """Return the galaxies nearer than some 240 Mpc often enough to compare, at distances that rounding leaves alone."""
    mean = skymap.distance_in(skymap.region(1.1))
    assert mean is not None
    step = 6.0 * mean[0] / STEPS
    columns = dict(galaxies.columns)
    near = columns["distance"].astype(float) * 5.9 * mean[0] / 3000.0
    columns["distance"] = (np.maximum(np.rint(near / step), 1.0) * step * (1.0 + 2e-6)).astype("f4")
    return sorted_galaxies(columns, "on steps")


def _compared(skymap: Skymap, galaxies: Galaxies, theirs: np.ndarray) -> tuple[float, int]:
    """Return the largest relative difference inside three standard deviations, and how many stand elsewhere."""
    ranking = rank_galaxies(skymap, galaxies, max_distance=1e4, top=100_000, told=0)
    row = {name: k for k, name in enumerate(galaxies.names(slice(None)))}
    rows = np.array([row[each.name] for each in ranking])
    ours, (density, searched) = np.array([each.density for each in ranking]), theirs
    assert (searched[rows] <= 0.9 + 1e-6).all()
    differing = np.abs(ours / density[rows] - 1.0).max()
    order = np.argsort(-density[rows], kind="stable")
    distinct = np.abs(np.diff(density[rows][order]) / density[rows][order][:-1]) > 1e-5  # ties may stand either way
    moved = order != np.arange(order.size)
    return float(differing), int((moved[:-1] & distinct & np.append(True, distinct[:-1])).sum())
