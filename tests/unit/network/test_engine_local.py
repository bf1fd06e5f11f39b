"""Heavy work in child processes: what comes back, and what a death costs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.support import work
from tests.support.daemons import eventually
from toros.config import EngineSettings
from toros.errors import BadFrame, ChildDied, OrderCancelled, Permanent, Temporary, TorosError
from toros.network.engine import EngineForOrder
from toros.network.engine.local import LocalPool


@pytest.fixture
def pool() -> Iterator[LocalPool]:
    pool = LocalPool(EngineSettings(processes=2, memory=256, wall=5, cpu=600, recycle=200))
    yield pool
    pool.close()


@pytest.fixture
def engine(pool: LocalPool) -> EngineForOrder:
    return EngineForOrder(pool)


def children() -> list[int]:
    return [child.pid for child in psutil.Process().children() if "engine.child" in " ".join(child.cmdline())]


def test_nothing_is_started_before_there_is_work(pool: LocalPool) -> None:
    assert children() == []


def test_children_are_made_ready_ahead_and_so_are_those_that_take_their_place(tmp_path: Path) -> None:
    pool = LocalPool(EngineSettings(processes=2, recycle=3))
    engine = EngineForOrder(pool)
    marks = tmp_path / "marks"
    marks.mkdir()
    try:
        pool.make_ready(work.leave_mark, marks)
        eventually(lambda: len(list(marks.iterdir())) == 2)
        ready = {int(mark.name) for mark in marks.iterdir()}
        eventually(lambda: engine.run(work.process_id) in ready)
        for _ in range(4):
            engine.run(work.process_id)
        eventually(lambda: len(list(marks.iterdir())) >= 3)
        eventually(lambda: len(children()) <= 2)  # the one whose place was taken ends by itself
    finally:
        pool.close()


def test_what_fails_ahead_is_told_and_work_is_done_all_the_same(
    pool: LocalPool, caplog: pytest.LogCaptureFixture
) -> None:
    pool.make_ready(work.bad_frame, "the first")
    eventually(lambda: "could not be made ready" in caplog.text)
    assert EngineForOrder(pool).run(work.double, 21) == 42


def test_values_come_back_from_another_process(engine: EngineForOrder) -> None:
    assert engine.run(work.double, 21) == 42
    assert engine.run(work.process_id) != os.getpid()


def test_a_child_lives_long(engine: EngineForOrder) -> None:
    assert engine.run(work.process_id) == engine.run(work.process_id)


def test_a_child_is_replaced_after_its_pieces() -> None:
    pool = LocalPool(EngineSettings(processes=1, recycle=2))
    engine = EngineForOrder(pool)
    seen = [engine.run(work.process_id) for _ in range(4)]
    pool.close()
    assert seen[0] == seen[1] != seen[2] == seen[3]


def test_threads_inside_children_are_one(engine: EngineForOrder) -> None:
    parent, environment = engine.run(work.parents)
    assert parent == os.getpid()
    assert environment["OMP_NUM_THREADS"] == environment["NUMBA_NUM_THREADS"] == "1"


def test_exceptions_keep_their_kind_and_their_traceback(engine: EngineForOrder) -> None:
    with pytest.raises(BadFrame, match="x.fits is truncated") as caught:
        engine.run(work.bad_frame, "x.fits")
    assert "in bad_frame" in "".join(caught.value.__notes__)


def test_exceptions_that_cannot_travel_are_told_in_words(engine: EngineForOrder) -> None:
    with pytest.raises(TorosError, match="Awkward: cannot unpack"):
        engine.run(work.awkward)
    with pytest.raises(BadFrame, match="half a frame"):
        engine.run(work.awkward_frame)
    with pytest.raises(Permanent, match="cannot be carried"):
        engine.run(work.unpackable)


def test_functions_that_cannot_be_imported_are_refused(engine: EngineForOrder) -> None:
    with pytest.raises(TypeError, match="importable"):
        engine.run(lambda: 1)


@pytest.mark.parametrize(
    ("function", "args", "reason"),
    [
        (work.segfault, (), r"crashed \(SIGSEGV\)"),
        (work.eat_memory, (2000,), "more than 256 MiB of memory"),
        (work.killed, (), "was killed"),
        (os._exit, (3,), "ended by itself with status 3"),
    ],
)
def test_a_death_is_told_in_plain_words_and_costs_only_the_child(
    engine: EngineForOrder, function: object, args: tuple[object, ...], reason: str
) -> None:
    with pytest.raises(ChildDied, match=reason):
        engine.run(function, *args)  # type: ignore[arg-type]
    assert engine.run(work.double, 1) == 2


def test_work_ends_at_its_wall_and_cpu_limits() -> None:
    pool = LocalPool(EngineSettings(processes=1, wall=0.5))
    with pytest.raises(ChildDied, match=r"longer than 0.5 s"):
        EngineForOrder(pool).run(work.nap, 30)
    pool.close()
    pool = LocalPool(EngineSettings(processes=1, cpu=0.5, wall=60))
    with pytest.raises(ChildDied, match="CPU time"):
        EngineForOrder(pool).run(work.burn, 30)
    pool.close()


def test_many_arguments_keep_their_order_and_each_its_failure(engine: EngineForOrder) -> None:
    answers = engine.map(work.uneven, [(number,) for number in range(1, 10)])
    assert [a for a in answers if isinstance(a, int)] == [1, 3, 5, 7, 9]
    assert isinstance(answers[5], ChildDied)
    assert isinstance(answers[1], ValueError)


def test_many_arguments_run_beside_one_another(engine: EngineForOrder) -> None:
    engine.map(work.nap, [(0.0,), (0.0,)])
    start = time.monotonic()
    engine.map(work.nap, [(0.5,)] * 4)
    assert 0.9 < time.monotonic() - start < 1.8
    assert len(children()) <= 2


def test_a_cancelled_order_ends_its_child(pool: LocalPool, tmp_path: Path) -> None:
    note = tmp_path / "pid"
    engine = EngineForOrder(pool, lambda: OrderCancelled("taken back") if note.exists() and note.read_text() else None)
    start = time.monotonic()
    with pytest.raises(OrderCancelled):
        engine.run(work.note_and_nap, str(note), 30)
    assert time.monotonic() - start < 20
    assert not psutil.pid_exists(int(note.read_text()))
    with pytest.raises(OrderCancelled):
        engine.map(work.nap, [(30,)] * 4)


def test_closing_ends_work_under_way(pool: LocalPool) -> None:
    threading.Timer(0.5, pool.close).start()
    with pytest.raises(ChildDied):
        EngineForOrder(pool).run(work.nap, 30)
    with pytest.raises(Temporary, match="stopping"):
        EngineForOrder(pool).run(work.double, 1)


def test_children_die_with_a_killed_parent(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    program = (
        "from toros.config import EngineSettings\nfrom toros.network.engine.local import LocalPool\n"
        "from toros.network.engine import EngineForOrder\nfrom tests.support import work\n"
        f"EngineForOrder(LocalPool(EngineSettings())).run(work.note_and_nap, {str(note)!r}, 60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], cwd=Path(__file__).parents[3])
    deadline = time.monotonic() + 10
    while not (note.exists() and note.read_text()) and time.monotonic() < deadline:
        time.sleep(0.02)
    child = int(note.read_text())
    assert psutil.pid_exists(child)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    while psutil.pid_exists(child) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not psutil.pid_exists(child)
