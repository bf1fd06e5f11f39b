"""Given six daemons that know each other by address only, a night goes from its alert to its products.

The first test plays `toros demo` as a newcomer does; the second kills every daemon in the middle of its work.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from tests.support.daemons import eventually
from tests.support.nursery import nursery
from toros.cli import main
from toros.cli.audit import audit
from toros.cli.demo import find_all_products, send_mock_alert
from toros.cli.desks import FINAL, new_order
from toros.cli.following import follow_tree, gather_story
from toros.cli.rehearsal import Rehearsal, take_folder
from toros.config import load_config
from toros.files import Roots
from toros.reduction.provenance import rerun
from workorders import DESKS

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.timeout(400)  # on a machine with other work; alone the night takes half a minute
LIGHT_CURVE = (
    "MJD;Magnitude;Error;Facility;Filter;Observer\n61364.08;16.42;0.03;CTMO;r;A. Person\n"
    "61365.09;16.88;0.04;CTMO;r;A. Person\n61366.07;17.9;-1;CTMO;r;A. Person\n"
)
NOTES = 40  # orders that give the idle daemons something to do


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A demo that was played to its end: its folder, and what it told."""
    home = tmp_path_factory.mktemp("home")
    folder = home / "demo"
    (home / "empty").mkdir()
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("TOROS_", "XDG_"))}
    played = subprocess.run(
        [sys.executable, "-m", "toros.cli", "demo", "--folder", str(folder), "--json"],
        cwd=ROOT, env={**environment, "HOME": str(home / "empty")}, capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    log = folder / "daemons.log"
    assert played.returncode == 0, played.stdout[-3000:] + played.stderr + (log.read_text() if log.exists() else "")
    return folder, json.loads(played.stdout)


def test_the_tree_of_a_night_reads_as_the_story_of_an_alert(demo: tuple[Path, dict[str, Any]]) -> None:
    _folder, told = demo
    rows = {row["id"]: row for row in told["orders"]}
    assert len(rows) == len(told["orders"]), "no order twice"
    assert {row["state"] for row in rows.values()} == {"done"}
    chain = {row["request"]: rows[row["parent"]]["request"] for row in rows.values() if "parent" in row}
    assert chain == {
        "receive_targets": "process_alert", "add_target": "process_alert", "tell_alert": "process_alert",
        "observation": "receive_targets", "calibrate_file_batch": "observation", "update_observation": "observation",
        "ingest_data_product": "calibrate_file_batch", "process_product": "ingest_data_product",
    }  # fmt: skip
    assert [row["id"] for row in rows.values() if "parent" not in row] == [told["order"]]
    assert all(row["attempts"] == 1 for row in rows.values())


def test_daemons_are_processes_of_their_own(demo: tuple[Path, dict[str, Any]]) -> None:
    _folder, told = demo
    assert set(told["daemons"]) == set(DESKS)
    assert len(set(told["daemons"].values())) == len(DESKS)
    for row in told["orders"]:
        assert f":{told['daemons'][row['desk']]}" in row["worker"]


def test_every_frame_that_was_ordered_is_among_the_products(demo: tuple[Path, dict[str, Any]]) -> None:
    folder, told = demo
    config = load_config(folder / "toros.conf.yaml")
    kinds = Counter(product["product_type"] for product in told["products"])
    assert kinds == {
        "calibrated": config.alerts.exposures,
        "master_bias": 1,
        "master_dark": 1,
        "master_flat": 1,
        "master_bad_pixels": 1,
    }
    roots = Roots(config.files.roots, config.state)
    lights = set()
    for product in told["products"]:
        assert roots.path(product["file_location"]).stat().st_size == int(product["size"])
        if product["product_type"] == "calibrated":
            lights |= {item["location"] for item in product["inputs"] if item["kind"] == "light"}
    assert len(lights) == config.alerts.exposures, "each light in a product of its own"
    assert told["wrong"] == []


def test_a_products_recorded_steps_give_its_pixels_again(demo: tuple[Path, dict[str, Any]]) -> None:
    folder, told = demo
    config = load_config(folder / "toros.conf.yaml")
    roots = Roots(config.files.roots, config.state)
    for kind in ("calibrated", "master_flat"):
        location = next(each["file_location"] for each in told["products"] if each["product_type"] == kind)
        kept = fits.getdata(roots.path(location))
        again = rerun(roots.path(location), lambda name, _sha256: roots.path(name))
        assert kept.shape == (config.camera.rows, config.camera.columns)
        np.testing.assert_array_equal(np.asarray(again.data, dtype=kept.dtype), kept)


def test_the_report_is_one_page_with_pictures(demo: tuple[Path, dict[str, Any]]) -> None:
    folder, told = demo
    page = Path(told["report"]).read_text()
    assert page.count("data:image/png;base64,") >= 3
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert next(row["result"]["event"] for row in told["orders"] if row["id"] == told["order"]) in page
    assert Path(told["report"]).parent == folder


def test_nothing_is_left_running_and_nothing_lies_outside_the_folder(demo: tuple[Path, dict[str, Any]]) -> None:
    folder, told = demo
    assert not [pid for pid in told["daemons"].values() if _alive(pid)]
    assert not [path for path in Path("/proc").glob("[0-9]*/cmdline") if str(folder).encode() in _bytes(path)]
    assert list((folder.parent / "empty").iterdir()) == [], "the home folder was not touched"


def test_what_the_night_made_is_found_plotted_and_exported_later(
    demo: tuple[Path, dict[str, Any]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, told = demo
    file = folder / "toros.conf.yaml"
    galaxy = next(row["fields"]["target"] for row in told["orders"] if row["request"] == "observation")
    table = tmp_path / "night.csv"
    table.write_text(LIGHT_CURVE)

    def toros(*words: str) -> Any:
        assert main([*words, "--config", str(file)]) == 0
        said = capsys.readouterr().out
        return json.loads(said) if "--json" in words else said

    manager = nursery().start(["data_manager", "--config", str(file)], folder, os.environ, folder / "manager.out")
    try:
        eventually(lambda: main(["target", "find", "--config", str(file)]) == 0)
        capsys.readouterr()
        assert [row["name"] for row in toros("target", "find", "--json")["targets"]] == [galaxy]
        (observation,) = toros("observation", "list", galaxy.lower(), "--json")["observations"]
        assert (observation["status"], observation["products"]) == ("COMPLETED", len(told["products"]))
        lights = sum(product["product_type"] == "calibrated" for product in told["products"])
        measured = toros("target", "export", galaxy, "--format", "csv").splitlines()
        assert len(measured) == 1 + lights and all(",electron/s," in line for line in measured[1:])
        toros("target", "ingest", galaxy, str(table), "system=AB")
        assert f"{3 + lights} points" in toros("target", "plot", galaxy, "-o", str(tmp_path / "curve.png"))
        assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")
        assert toros("target", "export", galaxy) == LIGHT_CURVE
    finally:
        manager.terminate()
        manager.wait(30)


def test_no_kill_in_the_middle_of_the_night_loses_or_doubles_anything(tmp_path: Path) -> None:
    take_folder(tmp_path / "night")
    small = {"camera": {"rows": 256, "columns": 256, "clock_rate": 120.0, "seed": 3}}
    with Rehearsal(tmp_path / "night", changes=small) as rehearsal:
        rehearsal.wait_until_ready()
        notes = _Notes(rehearsal)
        order_id = send_mock_alert(rehearsal)
        killed = [_kill(rehearsal, name, _running) for name in ("alert_robot", "telescope", "preprocessor")]
        killed.append(_kill(rehearsal, "data_manager", _unfinished))
        for name in ("harvester", "portal"):
            with notes.at(name):
                killed.append(_kill(rehearsal, name, _unfinished))
        story = follow_tree(rehearsal.desks, order_id, timeout=180, quiet=True)
        assert story.done, story.troubles or story.silent or story.rows
        products = find_all_products(rehearsal, story)
        notes.wait()
        states = rehearsal.supervisor.states()
    assert {name for name, _held in killed} == set(DESKS)
    assert all(held for _name, held in killed), "each had work when it was killed"
    assert {state.name: state.starts for state in states} == dict.fromkeys(DESKS, 2), "each died once, and lives"
    assert audit(story.rows, products, rehearsal.config.alerts.exposures) == []
    for name in DESKS:
        _assert_done_once(rehearsal, name)
    interrupted = {row["request"] for row in story.rows if row["attempts"] > 1}
    assert {"process_alert", "observation", "calibrate_file_batch"} <= interrupted
    assert notes.acknowledged == notes.done == 2 * NOTES


class _Notes:
    """Orders for the daemons that have nothing to do tonight: cancelling ids that have not arrived yet."""

    def __init__(self, rehearsal: Rehearsal) -> None:
        self._rehearsal = rehearsal
        self._sent: dict[str, list[str]] = {}
        self._threads: list[threading.Thread] = []

    def at(self, desk: str) -> _Sending:
        """Return a context in which a desk is kept busy."""
        return _Sending(self, desk)

    def start(self, desk: str) -> None:
        self._sent[desk] = []
        for half in range(4):
            thread = threading.Thread(target=self._send, args=(desk, half), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _send(self, desk: str, part: int) -> None:
        for i in range(NOTES // 4):
            order = {"request": "cancel", "order_id": f"not-yet-{part}-{i}"}
            home, body = new_order(order, desk)
            self._rehearsal.desks.send(home, body, patience=60)
            self._sent[desk].append(body["id"])

    def wait(self) -> None:
        """Wait until every order has a receipt and has been done."""
        for thread in self._threads:
            thread.join(60)
        for desk, ids in self._sent.items():
            _until(lambda d=desk, i=ids: all(self._rehearsal.desks.status(d, x)["state"] in FINAL for x in i))
        self.acknowledged = sum(len(ids) for ids in self._sent.values())
        self.done = sum(
            self._rehearsal.desks.status(desk, each)["state"] == "done"
            for desk, ids in self._sent.items()
            for each in ids
        )


class _Sending:
    def __init__(self, notes: _Notes, desk: str) -> None:
        self._notes = notes
        self._desk = desk

    def __enter__(self) -> None:
        self._notes.start(self._desk)

    def __exit__(self, *exception: object) -> None:
        return None


def _kill(rehearsal: Rehearsal, name: str, busy: Callable[[Path], int]) -> tuple[str, int]:
    """Stop a daemon's process, see in its database that it has work, and kill it; else let it go on and look again.

    Returns the daemon and how many orders it held.
    """
    database = rehearsal.config.state / f"{name}.sqlite"
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        pid = next(state.pid for state in rehearsal.supervisor.states() if state.name == name)
        if pid is not None and busy(database):
            os.kill(pid, signal.SIGSTOP)
            time.sleep(0.02)
            held = busy(database)
            if held:
                os.kill(pid, signal.SIGKILL)
                return name, held
            os.kill(pid, signal.SIGCONT)
        time.sleep(0.005)
    raise AssertionError(f"{name} never had work: {gather_story(rehearsal.desks, '').rows}")


def _running(database: Path) -> int:
    return _count(database, "state = 'running' AND fraction > 0")


def _unfinished(database: Path) -> int:
    return _count(database, "state IN ('queued', 'running')")


def _count(database: Path, condition: str) -> int:
    return next(iter(_rows(database, f"SELECT count(*) FROM orders WHERE {condition}")))[0]


def _rows(database: Path, query: str) -> Iterator[Any]:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=5)) as connection:
        yield from connection.execute(query).fetchall()


def _assert_done_once(rehearsal: Rehearsal, name: str) -> None:
    """Every order of a daemon was done, by exactly one try."""
    query = (
        "SELECT o.id, o.state, (SELECT count(*) FROM events e WHERE e.order_number = o.number AND e.later = 'done')"
        " FROM orders o"
    )
    for order_id, state, times in _rows(rehearsal.config.state / f"{name}.sqlite", query):
        assert (state, times) == ("done", 1), f"{order_id} at {name}"


def _until(true: Callable[[], bool], timeout: float = 60.0) -> None:
    deadline = time.monotonic() + timeout
    while not true():
        assert time.monotonic() < deadline, "never came true"
        time.sleep(0.1)


def _alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists() and b"toros" in _bytes(Path(f"/proc/{pid}/cmdline"))


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
