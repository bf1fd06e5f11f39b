"""One bad frame never stops a batch, nothing is done twice, and every file is accounted for."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.reduction import made_frames as made
from toros.errors import ChildDied, OrderCancelled, Temporary
from toros.reduction.batch import Batch
from toros.reduction.batch_product import Product
from toros.reduction.inventory import list_files
from toros.reduction.journal import NoJournal
from toros.reduction.product import Made
from toros.reduction.work import here


class Notebook(NoJournal):
    """A journal in a dict, as a notebook might keep it."""

    def __init__(self) -> None:
        self.done: dict[tuple[str, str], Made] = {}
        self.failures: dict[str, str] = {}

    def recall(self, key: str, recipe: str) -> Made | None:
        return self.done.get((key, recipe))

    def finished(self, key: str, recipe: str, made: Made) -> None:
        self.done[key, recipe] = made

    def failed(self, key: str, reason: str) -> None:
        self.failures[key] = reason


class Counting:
    """Runs work here, counts it, and may fail where it is told to."""

    def __init__(self, fail: Callable[[str, int], BaseException | None] = lambda name, n: None) -> None:
        self.fail = fail
        self.calls: dict[str, int] = {}
        self.done: list[str] = []

    def __call__(
        self, function: Callable[..., Any], arguments: Iterable[tuple[Any, ...]], width: int
    ) -> Iterator[tuple[int, Any]]:
        for position, argument in enumerate(arguments):
            name = Path(getattr(argument[0], "output", str(argument[0]))).stem
            key = f"{function.__name__} {name}"
            self.calls[key] = self.calls.get(key, 0) + 1
            error = self.fail(key, self.calls[key])
            self.done.append(key)
            yield position, error if error is not None else next(here(function, [argument]))[1]


def reduce(batch: Batch, folder: Path) -> tuple[Any, list[Product]]:
    files, marks = list_files(folder)
    inventory = batch.look([(path, f"raw:{path.name}") for path in files], marks)
    masters, products = batch.make_masters(inventory)
    return inventory, products + batch.calibrate(inventory.light, masters)


def test_a_folder_full_of_traps_gives_every_good_light(tmp_path: Path) -> None:
    raw = made.write_night(tmp_path / "raw", lights=3)
    for name, content in made.HOSTILE.items():
        (raw / name).write_bytes(content)
    (raw / "folder.fits").mkdir()
    (raw / "subfolder").mkdir()
    (raw / "notes.txt").write_text("seeing was fine")
    (raw / ".light-003.fits.part").write_bytes(b"half")
    made.write_frame(raw / "negative.fits", made.counts("light", 30, 77), IMAGETYP="LIGHT", EXPTIME=-30.0)
    batch = Batch(output=tmp_path / "out")
    inventory, products = reduce(batch, raw)
    assert len(inventory.light) == 3
    assert sum(p.kind == "calibrated" for p in products) == 3
    assert {u.file for u in batch.unusable} == {*made.HOSTILE, "folder.fits", "negative.fits"}
    assert all(u.reason for u in batch.unusable)
    assert "left alone, for they are not named as FITS: notes.txt" in batch.marks
    assert "sub-folders that were not entered: subfolder" in batch.marks


def test_a_child_that_dies_is_tried_once_more_then_costs_its_frame(tmp_path: Path) -> None:
    raw = made.write_night(tmp_path / "raw", lights=3)

    def fail(key: str, n: int) -> BaseException | None:
        unlucky = key == "make_product light-000" and n == 1
        doomed = key in ("make_product light-001", "inspect bias-003")
        return ChildDied("its memory ended") if unlucky or doomed else None

    run = Counting(fail)
    batch = Batch(output=tmp_path / "out", run=run, journal=Notebook())
    _, products = reduce(batch, raw)
    assert {p.seen.file for p in products if p.kind == "calibrated"} == {"light-000.fits", "light-002.fits"}
    assert run.calls["make_product light-001"] == 2
    reasons = {u.file: u.reason for u in batch.unusable}
    assert set(reasons) == {"light-001.fits", "bias-003.fits"}
    assert reasons["light-001.fits"] == "cost two child processes their life: its memory ended"


def test_a_frame_that_fails_in_a_way_nobody_foresaw_costs_only_itself(tmp_path: Path) -> None:
    raw = made.write_night(tmp_path / "raw", lights=2)
    run = Counting(lambda key, n: ValueError("surprise") if key == "make_product light-000" else None)
    batch = Batch(output=tmp_path / "out", run=run)
    _, products = reduce(batch, raw)
    assert [p.seen.file for p in products if p.kind == "calibrated"] == ["light-001.fits"]
    assert batch.unusable[0].reason == "could not be worked on: ValueError: surprise"


def test_a_master_that_cannot_be_made_is_done_without(tmp_path: Path) -> None:
    raw = made.write_night(tmp_path / "raw", lights=1)
    run = Counting(lambda key, n: ChildDied("killed") if "master_flat" in key else None)
    batch = Batch(output=tmp_path / "out", run=run)
    _, products = reduce(batch, raw)
    (light,) = [p for p in products if p.kind == "calibrated"]
    assert "no flat in r: calibrated with what there is" in light.marks
    assert any(mark.startswith("no masters/master_flat_r was made") for mark in batch.marks)


def test_a_full_disk_stops_the_batch_for_later_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    raw = made.write_night(tmp_path / "raw", lights=2)
    journal = Notebook()
    full = OSError(errno.ENOSPC, "No space left on device")
    run = Counting(lambda key, n: full if key == "make_product light-001" else None)
    with pytest.raises(Temporary, match="No space left"):
        reduce(Batch(output=tmp_path / "out", run=run, journal=journal, width=1), raw)
    again = Counting()
    _, products = reduce(Batch(output=tmp_path / "out", run=again, journal=journal), raw)
    assert [key for key in again.done if key.startswith("make")] == ["make_product light-001"]
    assert sum(p.kind == "calibrated" for p in products) == 2


def test_what_is_finished_is_not_done_again_unless_it_is_gone_or_damaged(tmp_path: Path) -> None:
    raw = made.write_night(tmp_path / "raw", lights=3)
    journal = Notebook()
    _, first = reduce(Batch(output=tmp_path / "out", journal=journal), raw)
    (tmp_path / "out/calibrated/light-001.fits").unlink()
    with (tmp_path / "out/calibrated/light-002.fits").open("r+b") as file:
        file.seek(4000)
        file.write(b"damage")
    run, said = Counting(), list[str]()
    again = Batch(output=tmp_path / "out", run=run, journal=journal, progress=lambda f, m: said.append(m))
    _, second = reduce(again, raw)
    assert [k for k in run.done if k.startswith("make")] == ["make_product light-001", "make_product light-002"]
    assert said[-4:] == [
        "looking whether 3 products of an earlier try are whole",
        "1 of 3 calibrated", "2 of 3 calibrated", "3 of 3 calibrated",
    ]  # fmt: skip
    assert [p.made.sha256 for p in first] == [p.made.sha256 for p in second]


def test_another_input_is_another_recipe_and_is_done_again(tmp_path: Path) -> None:
    raw = made.write_night(tmp_path / "raw", lights=1)
    journal = Notebook()
    reduce(Batch(output=tmp_path / "out", journal=journal), raw)
    (raw / "bias-004.fits").unlink()
    run = Counting()
    reduce(Batch(output=tmp_path / "out", run=run, journal=journal), raw)
    assert sum(key.startswith("make") for key in run.done) == 5


def test_a_cancelled_batch_ends_between_frames(tmp_path: Path) -> None:
    raw = made.write_night(tmp_path / "raw", lights=4)
    said: list[str] = []

    def progress(fraction: float, message: str) -> None:
        said.append(message)
        if message == "2 of 4 calibrated":
            raise OrderCancelled("taken back")

    with pytest.raises(OrderCancelled):
        reduce(Batch(output=tmp_path / "out", progress=progress, width=1), raw)
    assert sorted(p.name for p in (tmp_path / "out/calibrated").iterdir()) == ["light-000.fits", "light-001.fits"]


def test_progress_grows_and_names_the_work(tmp_path: Path) -> None:
    raw = made.write_night(tmp_path / "raw", lights=2)
    said: list[tuple[float, str]] = []
    batch = Batch(output=tmp_path / "out", progress=lambda f, m: said.append((f, m)), width=1)
    reduce(batch, raw)
    lights = [f for f, m in said if m.endswith("calibrated")]
    assert lights == sorted(lights)
    assert said[-1] == (1.0, "2 of 2 calibrated")
    assert all(0 <= f <= 1 for f, _ in said)


def test_a_file_that_changed_since_it_was_looked_at_is_named(tmp_path: Path) -> None:
    raw = made.write_night(tmp_path / "raw", lights=2)
    batch = Batch(output=tmp_path / "out")
    files, marks = list_files(raw)
    inventory = batch.look([(path, f"raw:{path.name}") for path in files], marks)
    masters, _ = batch.make_masters(inventory)
    made.write_frame(raw / "light-000.fits", made.counts("light", 30, 99), IMAGETYP="LIGHT", EXPTIME=30.0)
    products = batch.calibrate(inventory.light, masters)
    assert [p.seen.file for p in products] == ["light-001.fits"]
    assert "is not the file any more that was meant" in batch.unusable[0].reason


def test_names_that_would_collide_or_mislead_are_made_safe(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    names = ["a.fits", "a.fit.gz", "A.fts", "it's & that.fits", "..--.fits", "ñandú.fits", "x" * 200 + ".fits"]
    for n, name in enumerate(names):
        made.write_frame(raw / name, made.counts("light", 30, n), IMAGETYP="LIGHT", EXPTIME=30.0)
    batch = Batch(output=tmp_path / "out")
    _, products = reduce(batch, raw)
    keys = [p.key.split("/")[1] for p in products]
    assert len({k.lower() for k in keys}) == len(keys)
    assert all(k.isascii() and len(k) <= 110 and not k.startswith(".") for k in keys)
    from toros.reduction.frame import read_frame
    from toros.reduction.recipe import Recipe

    for product in products:
        recipe = Recipe.read(read_frame(Path(product.made.path)).header)
        assert recipe == product.recipe
