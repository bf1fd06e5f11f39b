"""Daemons killed with SIGKILL in named windows: nothing acknowledged is lost, nothing is done twice."""

from __future__ import annotations

import random
import sqlite3
from datetime import datetime
from pathlib import Path

import pytest

from tests.support.daemons import Network, eventually, once_in_window
from tests.support.figures import Clients, Figures, rows, scales

REDUCTION = {"preprocessor": "tests.support.failing:PREPROCESSOR"}
CHAIN = {**REDUCTION, "data_manager": "tests.support.failing:DATA_MANAGER"}
PATIENT = {"orders": {"tries": 100, "first_delay": 0.1}}


@pytest.mark.parametrize("kills", scales(4, 200))
def test_a_desk_killed_under_three_clients(tmp_path: Path, kills: int) -> None:
    """C.3 1: while it accepts, and after the commit before the reply."""
    figures = Figures("a desk killed under 3 clients")
    chance = random.Random(1)
    with Network(tmp_path, REDUCTION, PATIENT, start=False) as network:
        desk = network["preprocessor"]
        with Clients(desk, figures).sending():
            for number in range(kills):
                window = ("accepting", "replying")[number % 2]
                with once_in_window(desk, window, chance.randint(1, 30)) as kill:
                    kill()
                figures.kills[window] += 1
            desk.start()
        figures.settle(desk)
    figures.report()


@pytest.mark.parametrize("kills", scales(4, 100))
def test_a_worker_killed_in_the_middle_of_an_order(tmp_path: Path, kills: int) -> None:
    """C.3 2: every order ends done with one effect, and is taken up again as soon as the daemon is back."""
    figures = Figures("a worker killed in its handler")
    chance = random.Random(2)
    slowest = 0.0
    with Network(tmp_path, REDUCTION, PATIENT, start=False) as network:
        desk = network["preprocessor"]
        for _ in range(kills):
            with once_in_window(desk, "handler", chance.randint(1, 4)) as kill:
                orders = [desk.submit("calibrate_file_batch", file_location="raw:plain") for _ in range(4)]
                figures.acknowledged.update(orders)
                kill()
            figures.kills["handler"] += 1
            cut = rows(desk.database, "SELECT id FROM orders WHERE state = 'running'")
            assert cut, "the kill hit no running order"
            desk.start()
            ended = [desk.wait_for(order, "done") for (order,) in cut]
            begun = min(move["at"] for order in ended for move in order["history"][-2:])
            ready = desk.ask("status")["started"]
            slowest = max(slowest, _seconds(ready, begun))
            desk.kill()
        desk.start()
        figures.settle(desk)
    figures.more["slowest take-up after the start"] = f"{slowest:.2f} s"
    figures.report()
    assert slowest < 2.0


@pytest.mark.parametrize("kills", scales(4, 100))
def test_a_sender_killed_between_result_and_delivery(tmp_path: Path, kills: int) -> None:
    """C.3 3: after the result before the courier, and after the peer's commit before the receipt is noted."""
    figures = Figures("a sender killed between result and delivery")
    with Network(tmp_path, CHAIN, PATIENT, start=False) as network:
        desk, peer = network["preprocessor"], network["data_manager"]
        peer.start()
        for number in range(kills):
            window = ("finished", "delivering")[number % 2]
            with once_in_window(desk, window) as kill:
                order = desk.submit("calibrate_file_batch", file_location="raw:onward/2")
                figures.acknowledged.add(order)
                kill()
            figures.kills[window] += 1
            (waiting,) = rows(desk.database, "SELECT count(*) FROM outbox WHERE state = 'waiting'")
            assert waiting[0] > 0, "the kill came after the delivery"
        desk.start()
        eventually(lambda: desk.ask("status")["outbox"]["waiting"] == 0, 40)
        figures.settle(desk)
        onward = {order for (order,) in rows(desk.database, "SELECT id FROM outbox")}
        assert len(onward) == 2 * kills
        figures.settle(peer, onward)
    figures.report()


@pytest.mark.parametrize("kills", scales(2, 50))
def test_a_receiver_killed_while_orders_are_delivered_to_it(tmp_path: Path, kills: int) -> None:
    """The other end of 3: the receiving desk dies before its commit, or after it without a reply."""
    figures = Figures("a receiver killed while it is delivered to")
    with Network(tmp_path, CHAIN, PATIENT, start=False) as network:
        desk, peer = network["preprocessor"], network["data_manager"]
        desk.start()
        for number in range(kills):
            window = ("accepting", "replying")[number % 2]
            with once_in_window(peer, window) as kill:
                figures.acknowledged.add(desk.submit("calibrate_file_batch", file_location="raw:onward/2"))
                kill()
            figures.kills[window] += 1
        peer.start()
        eventually(lambda: desk.ask("status")["outbox"]["waiting"] == 0, 60)
        figures.settle(desk)
        onward = {order for (order,) in rows(desk.database, "SELECT id FROM outbox")}
        assert len(onward) == 2 * kills
        figures.settle(peer, onward)
    figures.report()


def test_what_moves_metal_is_not_repeated_after_a_kill(tmp_path: Path) -> None:
    """Promise 7: an exposure cut off is buried for a person; the dome is asked what is true."""
    with Network(tmp_path, {"telescope": "tests.support.failing:TELESCOPE"}, start=False) as network:
        desk = network["telescope"]
        with once_in_window(desk, "handler") as kill:
            exposure = desk.submit("observation", ra=10.0, dec=41.0, exposure_time=1.0)
            kill()
        desk.start()
        status = desk.wait_for(exposure)
        assert status["state"] == "buried"
        assert "may not be done twice" in status["reason"]
        desk.submit("retry", order_id=exposure)
        assert desk.wait_for(exposure, "done")["state"] == "done"  # an operator may, after a look
    with sqlite3.connect(desk.database) as database:
        assert database.execute("SELECT count(*) FROM effects").fetchone() == (1,)


def _seconds(earlier: str, later: str) -> float:
    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds()
