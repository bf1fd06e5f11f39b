"""A batch that is killed, or runs out of disk, goes on where it stopped: what was finished is not touched again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from astropy.io import fits

from tests.support.daemons import Daemon, Network, eventually
from tests.support.disks import fill, small_disk
from tests.support.figures import rows
from tests.unit.reduction.made_frames import write_night
from toros.reduction.batch import Batch
from toros.reduction.inventory import list_files

__all__ = ["small_disk"]  # the fixture, found here by pytest

SERVICES = ("preprocessor", "data_manager")
NIGHT, LIGHTS, MASTERS = "2026-11-20", 24, 4
SOME = 4  # lights that are finished before anything goes wrong
ONE_TRY = {"tries": 1}

Stamps = dict[str, tuple[int, int]]


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the raw frames of a night, and its products as they are made without any daemon."""
    folder = tmp_path_factory.mktemp("night")
    raw = write_night(folder / "raw" / NIGHT, lights=LIGHTS)
    batch = Batch(output=folder / "undisturbed")
    inventory = batch.look([(path, f"raw:{NIGHT}/{path.name}") for path in list_files(raw)[0]])
    batch.calibrate(inventory.light, batch.make_masters(inventory)[0])
    return folder


def network_of(folder: Path, night: Path, products: Path, **more: Any) -> Network:
    """Return daemons that reduce the night."""
    products.mkdir(exist_ok=True)
    roots = {"raw": str(night / "raw"), "products": str(products)}
    return Network(folder, SERVICES, {"files": {"roots": roots}, **more})


def lights_of(products: Path, batch: str) -> list[Path]:
    return sorted((products / NIGHT / batch / "calibrated").glob("light-*.fits"))


def begun(desk: Daemon, products: Path) -> str:
    """Begin a batch, and return it once some of its lights are in their place."""
    batch = desk.submit("calibrate_file_batch", file_location=f"raw:{NIGHT}")
    eventually(lambda: len(lights_of(products, batch)) >= SOME, 60, 0.002)
    return batch


def killed(desk: Daemon) -> None:
    """Kill a daemon, and wait until its children have ended too."""
    children = psutil.Process(desk.pid).children(recursive=True)
    desk.kill()
    assert psutil.wait_procs(children, 10)[1] == []


def stamps(products: Path, batch: str) -> Stamps:
    """Return inode and time of change of all files of a batch that are in their place."""
    folder = products / NIGHT / batch
    found = {str(p.relative_to(folder)): p.stat() for p in folder.rglob("*") if p.is_file() and p.name[0] != "."}
    return {name: (stat.st_ino, stat.st_mtime_ns) for name, stat in found.items()}


def remembered(desk: Daemon, batch: str, found: Stamps) -> Stamps:
    """Return those of the files that the journal knows to be finished."""
    query = f"SELECT product FROM steps WHERE batch = '{batch}' AND state = 'done'"
    done = {f"{product}.fits" for (product,) in rows(desk.database, query)}
    assert done <= set(found), "the journal is ahead of the disk"
    return {name: stamp for name, stamp in found.items() if name in done}


def check_products(night: Path, products: Path, batch: str) -> None:
    """See that every product is there, is right, and that nothing else was left behind."""
    made, expected = products / NIGHT / batch, night / "undisturbed"
    names = {str(p.relative_to(expected)) for p in expected.rglob("*") if p.is_file()}
    assert {str(p.relative_to(made)) for p in made.rglob("*") if p.is_file()} == names
    assert len(lights_of(products, batch)) == LIGHTS
    for name in names:
        if name.endswith(".fits"):
            with fits.open(made / name) as ours, fits.open(expected / name) as theirs:
                assert [hdu.name for hdu in ours] == [hdu.name for hdu in theirs]
                for one, other in zip(ours, theirs, strict=True):
                    np.testing.assert_array_equal(one.data, other.data)


def check_records(network: Network, batch: str) -> None:
    """See that the data manager knows each product once."""
    desk, manager = (network[name] for name in SERVICES)
    eventually(lambda: desk.ask("status")["outbox"]["waiting"] == 0, 30)
    eventually(lambda: not (manager.counts()["queued"] or manager.counts()["running"]), 30)
    found = manager.ask("find_products", batch=batch, limit=1000)["products"]
    assert len({product["file_location"] for product in found}) == len(found) == LIGHTS + MASTERS


@pytest.mark.parametrize("by_itself", [False, True], ids=["resume_file_batch", "its own order"])
def test_a_batch_killed_in_the_middle_does_nothing_twice(by_itself: bool, night: Path, tmp_path: Path) -> None:
    products = tmp_path / "products"
    with network_of(tmp_path, night, products, orders={} if by_itself else ONE_TRY) as network:
        desk = network["preprocessor"]
        batch = begun(desk, products)
        killed(desk)
        before = stamps(products, batch)
        finished = remembered(desk, batch, before)
        assert SOME <= len(lights_of(products, batch)) < LIGHTS, "the kill came too late"
        assert len(finished) > MASTERS
        desk.start()
        if by_itself:
            ended = desk.wait_for(batch, "done", seconds=60)
        else:
            assert "in the last of 1 tries" in desk.wait_for(batch, "buried", seconds=60)["reason"]
            ended = desk.wait_for(desk.submit("resume_file_batch", batch=batch), "done", seconds=60)
        assert (ended["result"]["lights"], ended["result"]["calibrated"]) == (LIGHTS, LIGHTS)
        after = stamps(products, batch)
        assert {name: after[name] for name in finished} == finished
        again = [n for n in before if n.endswith(".fits") and after[n] != before[n]]
        assert len(again) <= network.config.engine.processes, "only what was finished and not yet noted is done again"
        check_products(night, products, batch)
        check_records(network, batch)


def test_a_batch_that_fills_the_disk_goes_on_when_there_is_room(small_disk: Path, night: Path, tmp_path: Path) -> None:
    with network_of(tmp_path, night, small_disk, orders=ONE_TRY) as network:
        desk = network["preprocessor"]
        batch = begun(desk, small_disk)
        ballast = fill(small_disk)
        assert (
            "a product could not be written: No space left on device"
            in desk.wait_for(batch, "buried", seconds=60)["reason"]
        )
        assert [p for p in small_disk.rglob("*") if p.name.endswith(".part")] == []
        finished = remembered(desk, batch, stamps(small_disk, batch))
        assert MASTERS + SOME <= len(finished) < MASTERS + LIGHTS
        ballast.unlink()
        ended = desk.wait_for(desk.submit("resume_file_batch", batch=batch), "done", seconds=60)
        assert ended["result"]["calibrated"] == LIGHTS
        after = stamps(small_disk, batch)
        assert {name: after[name] for name in finished} == finished
        check_products(night, small_disk, batch)
        check_records(network, batch)


def test_a_killed_batch_that_is_begun_anew_keeps_what_there_was(night: Path, tmp_path: Path) -> None:
    products = tmp_path / "products"
    with network_of(tmp_path, night, products, orders=ONE_TRY) as network:
        desk = network["preprocessor"]
        batch = begun(desk, products)
        killed(desk)
        before = stamps(products, batch)
        desk.start()
        anew = desk.submit("restart_file_batch", batch=batch)
        assert desk.wait_for(anew, "done", seconds=60)["result"]["calibrated"] == LIGHTS
        assert stamps(products, batch) == before
        check_products(night, products, anew)
        check_records(network, anew)
