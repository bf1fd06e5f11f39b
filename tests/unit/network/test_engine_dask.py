"""The same heavy work on a Dask cluster of this machine, reached over 127.0.0.1 only."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support import work
from toros.config import EngineSettings
from toros.errors import BadFrame, ChildDied, ConfigurationError, OrderCancelled, Temporary
from toros.network.engine import EngineForOrder, Pool, make_engine

distributed = pytest.importorskip("distributed", reason="the extra `dask` is not installed")


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    import dask

    settings = {"distributed.scheduler.allowed-failures": 0, "distributed.comm.timeouts.connect": "5s"}
    with dask.config.set(settings):
        cluster: Any = distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None, memory_limit="512MiB",
            silence_logs=50,
        )  # fmt: skip
        yield cluster.scheduler_address
        cluster.close()


@pytest.fixture(scope="module")
def pool(scheduler: str) -> Iterator[Pool]:
    made = make_engine(EngineSettings(kind="dask", scheduler=scheduler, wall=20.0))
    yield made
    made.close()


@pytest.fixture
def engine(pool: Pool) -> EngineForOrder:
    return EngineForOrder(pool)


def test_it_listens_on_this_machine_only(scheduler: str) -> None:
    assert scheduler.startswith("tcp://127.0.0.1:")


def test_values_and_exceptions_come_back(engine: EngineForOrder) -> None:
    assert engine.run(work.double, 21) == 42
    assert engine.run(work.double, 21) == 42  # not remembered, done again
    with pytest.raises(BadFrame, match="x.fits is truncated"):
        engine.run(work.bad_frame, "x.fits")


def test_many_arguments_keep_their_order(engine: EngineForOrder) -> None:
    answers = engine.map(work.uneven, [(number,) for number in (1, 2, 3)])
    assert (answers[0], answers[2]) == (1, 3)
    assert isinstance(answers[1], ValueError)


def test_a_cancelled_order_gives_its_work_up(pool: Pool) -> None:
    cancelled = threading.Event()
    threading.Timer(0.5, cancelled.set).start()
    engine = EngineForOrder(pool, lambda: OrderCancelled("taken back") if cancelled.is_set() else None)
    with pytest.raises(OrderCancelled):
        engine.run(work.nap, 3.0)


def test_work_that_takes_too_long_is_given_up(scheduler: str) -> None:
    pool = make_engine(EngineSettings(kind="dask", scheduler=scheduler, wall=0.5))
    with pytest.raises(ChildDied, match=r"longer than 0.5 s"):
        EngineForOrder(pool).run(work.nap, 3.0)
    pool.close()


def test_a_worker_that_dies_costs_one_try(engine: EngineForOrder) -> None:
    with pytest.raises(ChildDied, match="workers of the cluster died"):
        engine.run(work.segfault)
    assert engine.run(work.double, 1) == 2  # its nanny has started another


def test_a_cluster_that_is_away_is_worth_another_try(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("toros.network.engine.dask.CONNECT", 1.0)
    with pytest.raises(Temporary, match="does not answer"):
        EngineForOrder(make_engine(EngineSettings(kind="dask", scheduler="tcp://127.0.0.1:9"))).run(work.double, 1)


def test_a_cluster_must_be_named() -> None:
    with pytest.raises(ConfigurationError, match=r"engine\.scheduler"):
        make_engine(EngineSettings.model_construct(kind="dask", scheduler=None, wall=1.0))
