"""What the network does to deliveries: lost replies, peers that are down, peers that hang."""

from __future__ import annotations

import time
from pathlib import Path

import psutil
import pytest

from tests.support.daemons import Network, eventually
from tests.support.figures import Figures, rows, scales
from tests.support.proxy import Proxy

CHAIN = {
    "preprocessor": "tests.support.failing:PREPROCESSOR",
    "data_manager": "tests.support.failing:DATA_MANAGER",
    "telescope": "tests.support.failing:TELESCOPE",
}


def through_a_proxy(network: Network, peer: str) -> Proxy:
    """Let the other daemons reach a peer through a proxy."""
    proxy = Proxy(network[peer].port)
    network.written["services"][peer]["http"] = proxy.url
    network.write()
    return proxy


def waiting(network: Network) -> int:
    """Return how many onward orders the preprocessor has not delivered."""
    return int(network["preprocessor"].ask("status")["outbox"]["waiting"])


@pytest.mark.parametrize("cuts", scales(8, 100))
def test_a_reply_that_is_lost(tmp_path: Path, cuts: int) -> None:
    """C.3 5: the peer commits, its reply never comes; the same bytes are sent again, and done once."""
    figures = Figures("replies cut after the peer's commit")
    with Network(tmp_path, CHAIN, start=False) as network:
        proxy = through_a_proxy(network, "data_manager")
        network.start()
        desk, peer = network["preprocessor"], network["data_manager"]
        for _ in range(cuts):
            proxy.mode, before = "cut", proxy.cuts
            figures.acknowledged.add(desk.submit("calibrate_file_batch", file_location="raw:onward"))
            eventually(lambda before=before: proxy.cuts > before)
            proxy.mode = "pass"
            eventually(lambda: waiting(network) == 0)
        figures.more["replies cut"] = proxy.cuts
        figures.settle(desk)
        figures.settle(peer, [order for (order,) in rows(desk.database, "SELECT id FROM outbox")])
        proxy.close()
    figures.report()
    assert proxy.cuts >= cuts


@pytest.mark.parametrize("seconds", scales(2, 60))
def test_a_peer_that_is_down(tmp_path: Path, seconds: int) -> None:
    """C.3 6: a thousand orders (a few hundred in the short test) wait for it, and are with it soon after its return."""
    batches = 20 if seconds > 2 else 4
    figures = Figures(f"a peer down for {seconds} s")
    with Network(tmp_path, CHAIN) as network:
        desk, peer = network["preprocessor"], network["data_manager"]
        peer.stop()
        before = psutil.Process(desk.pid).memory_info().rss
        for _ in range(batches):
            figures.acknowledged.add(desk.submit("calibrate_file_batch", file_location="raw:onward/50"))
        eventually(lambda: waiting(network) == 50 * batches, 30)
        time.sleep(seconds)
        grown = (psutil.Process(desk.pid).memory_info().rss - before) / 1e6
        peer.start()
        back = time.monotonic()
        eventually(lambda: waiting(network) == 0, 60)
        drained = time.monotonic() - back
        figures.settle(desk)
        sent = [order for (order,) in rows(desk.database, "SELECT id FROM outbox ORDER BY number")]
        figures.settle(peer, sent)
        assert [order for (order,) in rows(peer.database, "SELECT id FROM orders ORDER BY number")] == sent
    figures.more |= {"drained": f"{drained:.1f} s after its return", "sender grew": f"{grown:.1f} MB"}
    figures.report()
    assert drained < 30
    assert grown < 50


def test_a_peer_that_never_answers(tmp_path: Path) -> None:
    """C.3 7: given up after the configured time, and nobody else waits for it."""
    settings = {"orders": {"delivery_timeout": 2.0}}
    with Network(tmp_path, CHAIN, settings, start=False) as network:
        proxy = through_a_proxy(network, "data_manager")
        network.start()
        desk = network["preprocessor"]
        proxy.mode = "hang"
        stuck = desk.submit("calibrate_file_batch", file_location="raw:onward")
        eventually(lambda: proxy.hung == 1)
        hung = time.monotonic()
        other = desk.submit("calibrate_file_batch", file_location="raw:observe")
        eventually(
            lambda: desk.status(other)["onward"] and desk.status(other)["onward"][0]["state"] == "delivered", 1.5
        )
        reason = eventually(lambda: desk.status(stuck)["onward"][0].get("reason"))
        assert time.monotonic() - hung == pytest.approx(2.0, abs=1.0)
        assert "does not answer within 2 s" in reason
        proxy.mode = "pass"
        eventually(lambda: waiting(network) == 0)
        proxy.close()


def test_what_is_refused_for_good_is_parked_and_seen(tmp_path: Path) -> None:
    """A peer of another kind refuses: parked with its sentence; sent again when an operator says so."""
    with Network(tmp_path, CHAIN, start=False) as network:
        desk, peer = network["preprocessor"], network["data_manager"]
        port = network.written["services"]["data_manager"]["port"]
        network.written["services"]["data_manager"]["http"] = network["telescope"].url
        network.write()
        desk.start()
        network["telescope"].start()
        order = desk.submit("calibrate_file_batch", file_location="raw:onward")
        parcel = eventually(lambda: [o for o in desk.status(order)["onward"] if o["state"] == "parked"])[0]
        assert "belongs to the desk data_manager" in parcel["reason"]
        assert desk.ask("status")["outbox"] == {"waiting": 0, "parked": 1}
        network.written["services"]["data_manager"] = {"port": port}
        network.write()
        desk.restart()
        peer.start()
        again = desk.submit("retry", order_id=parcel["id"])
        assert desk.wait_for(again)["state"] == "done"
        peer.wait_for(parcel["id"], "done")
        assert desk.ask("status")["outbox"] == {"waiting": 0, "parked": 0}
