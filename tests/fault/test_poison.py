"""Orders that fail, crash or never end, and ids that come again: the desk goes on."""

from __future__ import annotations

import xmlrpc.client
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.support.daemons import Network, eventually
from tests.support.figures import rows
from workorders.envelope import new_id

REDUCTION = {"preprocessor": "tests.support.failing:PREPROCESSOR"}
QUICK = {"orders": {"tries": 5, "first_delay": 0.1, "longest_delay": 0.5}, "engine": {"memory": 512, "wall": 1.0}}


def test_poison_is_buried_and_the_others_go_on(tmp_path: Path) -> None:
    """C.3 8: always raises, kills its child, eats memory, never ends."""
    poison = {
        "raise": "this handler always fails",
        "segfault": "crashed (SIGSEGV)",
        "memory": "more than 512 MiB of memory",
        "nap/60": "took longer than 1 s",
    }
    with Network(tmp_path, REDUCTION, QUICK) as network:
        desk = network["preprocessor"]
        pid = desk.ask("status")["pid"]
        orders = {desk.submit("calibrate_file_batch", file_location=f"raw:{what}"): why for what, why in poison.items()}
        others = [desk.submit("calibrate_file_batch", file_location="raw:child") for _ in range(5)]
        for order in others:
            assert desk.wait_for(order, seconds=30)["state"] == "done"
        for order, why in orders.items():
            status = desk.wait_for(order, seconds=40)
            assert (status["state"], status["attempts"]) == ("buried", 5)
            assert why in status["reason"]
            assert "given up after 5 tries" in status["reason"]
        assert desk.ask("status")["pid"] == pid
        assert desk.alive


def test_the_same_id_again_and_again(tmp_path: Path) -> None:
    """C.3 4: fifty times from eight clients the same receipt and one effect; another body is a conflict."""
    order = {"id": new_id(), "request": "calibrate_file_batch", "file_location": "raw:plain"}
    with Network(tmp_path, REDUCTION) as network:
        desk = network["preprocessor"]
        with ThreadPoolExecutor(8) as clients:
            receipts = list(clients.map(lambda _: desk.front_desk(order), range(50)))
        assert all(receipt == receipts[0] for receipt in receipts)
        assert desk.wait_for(order["id"])["state"] == "done"
        assert desk.front_desk(order) == receipts[0]
        try:
            desk.front_desk({**order, "file_location": "raw:onward"})
            raise AssertionError("another body under the same id was taken")
        except xmlrpc.client.Fault as fault:
            assert fault.faultCode == 130
        assert desk.restart().front_desk(order) == receipts[0]
        assert rows(desk.database, "SELECT count(*) FROM orders") == [(1,)]
        assert rows(desk.database, "SELECT count(*) FROM effects") == [(1,)]


def test_an_order_that_kills_its_daemon_is_buried(tmp_path: Path) -> None:
    """A poison that takes the whole daemon down does so a few times, not for ever."""
    with Network(tmp_path, REDUCTION, {"orders": {"tries": 2}}, start=False) as network:
        desk = network["preprocessor"].start()
        order = desk.submit("calibrate_file_batch", file_location="raw:suicide")
        eventually(lambda: not desk.alive)
        desk.launch()
        eventually(lambda: not desk.alive)
        desk.start()
        status = desk.wait_for(order)
        assert status["state"] == "buried"
        assert "its worker died, in the last of 2 tries" in status["reason"]
        assert desk.wait_for(desk.submit("calibrate_file_batch", file_location="raw:plain"))["state"] == "done"
