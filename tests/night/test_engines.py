"""The frames of one batch run side by side, on child processes and on a Dask cluster, as many as memory allows."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from services.preprocessor import SERVICE
from tests.unit.reduction import made_frames as made
from tests.unit.services.preprocessor.desk import BATCH, ordered, raw
from tests.unit.services.rehearsal import rehearsing
from toros.network.engine import EngineForOrder, Pool, make_engine


class Observed:
    """A pool that remembers how many pieces of each function were under way at once."""

    def __init__(self, pool: Pool) -> None:
        self.width = pool.width
        self.most: dict[str, int] = {}
        self._pool = pool
        self._now: dict[str, int] = {}
        self._lock = threading.Lock()

    def do(self, function: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any], stop: Any) -> Any:
        """Do it, and count."""
        name = function.__name__
        self._count(name, 1)
        try:
            return self._pool.do(function, args, kwargs, stop)
        finally:
            self._count(name, -1)

    def close(self) -> None:
        """Close the pool."""
        self._pool.close()

    def _count(self, name: str, change: int) -> None:
        with self._lock:
            self._now[name] = self._now.get(name, 0) + change
            self.most[name] = max(self.most.get(name, 0), self._now[name])


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    distributed = pytest.importorskip("distributed", reason="the extra `dask` is not installed")
    cluster: Any = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None, memory_limit="1GiB",
        silence_logs=50,
    )  # fmt: skip
    yield cluster.scheduler_address
    cluster.close()


@pytest.mark.parametrize(("kind", "at_once"), [("local", 2), ("dask", 3)])
def test_the_frames_of_a_batch_run_side_by_side(
    kind: str, at_once: int, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    engine: dict[str, Any] = {"kind": kind, "processes": 2}
    if kind == "dask":
        engine["scheduler"] = request.getfixturevalue("scheduler")
    with rehearsing(
        tmp_path, "preprocessor", SERVICE.tables, engine=engine, reduction={"memory": 800}
    ) as desk:  # fmt: skip
        pool = Observed(make_engine(desk.config.engine))
        desk.engine = EngineForOrder(pool)  # type: ignore[assignment]
        made.write_night(raw(desk), lights=6)
        result = dict(ordered(desk, "calibrate_file_batch", file_location=f"raw:{BATCH}").result)
        pool.close()
    assert (result["calibrated"], result["masters"], result["unusable"]) == (6, 4, [])
    assert pool.most["make_product"] == pool.most["inspect"] == at_once
