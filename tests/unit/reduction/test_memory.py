"""As many frames are under way as the memory holds, never none, and what cannot fit says what to raise."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.reduction import made_frames as made
from toros.reduction.batch import Batch
from toros.reduction.batch_product import Product
from toros.reduction.inventory import list_files
from toros.reduction.memory import Need, Room, need_to_look, need_to_make
from toros.reduction.work import here

TOROS = (10560, 10560)
needs = st.lists(st.floats(256, 20000).map(Need), max_size=30)


@given(needs, st.floats(256, 50000), st.integers(1, 64))
def test_what_is_under_way_together_never_takes_more_than_there_is(
    pieces: list[Need], together: float, most: int
) -> None:
    room = Room(together)
    shares = room.shares(pieces, most)
    assert sorted(i for positions, _ in shares for i in positions) == list(range(len(pieces)))
    for positions, width in shares:
        assert 1 <= width <= most
        largest = sorted((pieces[i].memory for i in positions), reverse=True)[:width]
        assert sum(largest) <= together or width == 1


def test_without_a_limit_everything_goes_together() -> None:
    assert Room().shares([Need(256), Need(9000)], 4) == [([0, 1], 4)]
    assert Room().shares([], 4) == []


def test_the_defaults_hold_two_of_the_largest_frames() -> None:
    room, need = Room(together=6144, each=4096), need_to_make(TOROS)
    assert room.at_once(need, 2) == 2
    assert room.refusal(need) is None
    assert room.remarks([need]) == []


def test_a_frame_that_no_process_can_hold_names_the_setting_to_raise() -> None:
    refusal = Room(each=1024).refusal(need_to_make(TOROS))
    assert refusal is not None
    assert "10560 x 10560 pixels" in refusal
    assert "a process of 1024 MiB" in refusal
    assert refusal.endswith("raise the setting engine.memory")


def test_a_frame_that_takes_all_and_more_is_worked_on_alone_and_that_is_said() -> None:
    room, need = Room(together=1000, each=4096), need_to_make(TOROS)
    assert room.at_once(need, 8) == 1
    (remark,) = room.remarks([need, need])
    assert "more than all together (1000)" in remark
    assert remark.endswith("raise the setting reduction.memory")


def test_many_frames_to_combine_and_packed_files_take_more() -> None:
    one = need_to_make((4096, 4096))
    assert need_to_make((4096, 4096), frames=1500).memory > one.memory + 200
    assert need_to_make((4096, 4096), packed=10 << 20).memory == pytest.approx(one.memory + 30)
    assert need_to_look(1 << 30, packed=False, most=1 << 30) == need_to_look(0, packed=True, most=1 << 30)
    assert need_to_look(1 << 30, packed=True, most=1 << 29).memory == pytest.approx(
        need_to_look(0, packed=False, most=0).memory + 512
    )


class Widths:
    """Runs work here and remembers how many pieces were allowed at once."""

    def __init__(self) -> None:
        self.seen: dict[str, set[int]] = {}

    def __call__(
        self, function: Callable[..., Any], arguments: Iterable[tuple[Any, ...]], width: int
    ) -> Iterator[tuple[int, Any]]:
        self.seen.setdefault(function.__name__, set()).add(width)
        return here(function, arguments)


def reduced(batch: Batch, folder: Path) -> list[Product]:
    inventory = batch.look([(path, f"raw:{path.name}") for path in list_files(folder)[0]])
    masters, products = batch.make_masters(inventory)
    return products + batch.calibrate(inventory.light, masters)


def test_a_batch_keeps_to_its_room(tmp_path: Path) -> None:
    raw = made.write_night(tmp_path / "raw", lights=2)
    run = Widths()
    assert len(reduced(Batch(output=tmp_path / "out", run=run, width=8, room=Room(together=800)), raw)) == 6
    assert run.seen["inspect"] - {1} == {3}
    assert run.seen["make_product"] - {1} == {3}


def test_a_batch_whose_frames_cannot_fit_says_so_for_each_and_tries_none(tmp_path: Path) -> None:
    raw = made.write_night(tmp_path / "raw", lights=2)
    batch = Batch(output=tmp_path / "out", room=Room(each=300))
    assert reduced(batch, raw) == []
    assert [u.file for u in batch.unusable] == ["light-000.fits", "light-001.fits"]
    assert all(u.reason.endswith("raise the setting engine.memory") for u in batch.unusable)
    assert any("master_bias was made" in mark and "engine.memory" in mark for mark in batch.marks)
