"""Asking all desks: in parallel, bearing with the silent, following a tree from desk to desk."""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.unit.portal.network import Network, night
from tests.unit.portal.rows import parcel, row
from toros.config import Config, ServiceName, ServiceSettings
from toros.portal.gathering import GENERATIONS, ask_desk, ask_desks, gather_rows
from toros.portal.tree import build_forest, walk


@pytest.fixture
def network(tmp_path: Path) -> Network:
    return Network(tmp_path)


def test_a_tree_is_followed_from_desk_to_desk(network: Network) -> None:
    found = gather_rows(network.config, root="A", ask=network.ask)
    assert {r["id"] for r in found.rows} == {r["id"] for r in night()}
    assert list(found.silent) == ["harvester"]
    (tree,) = build_forest(found.rows)
    assert max(depth for depth, _ in walk([tree])) == 3
    assert len(network.asked) < 25


def test_a_part_of_a_tree_is_found_by_its_own_top(network: Network) -> None:
    found = gather_rows(network.config, root="B", ask=network.ask)
    assert {r["id"] for r in found.rows} == {"B", *(f"P{i}" for i in range(10))}


def test_the_latest_of_every_desk_without_a_root(network: Network) -> None:
    found = gather_rows(network.config, ask=network.ask)
    assert len(found.rows) == len(network.rows)
    found = gather_rows(network.config, limit=1, ask=network.ask)
    assert sorted(r["id"] for r in found.rows) == ["A", "P9", "W", "X"]


def test_pages_are_turned_until_the_limit(tmp_path: Path) -> None:
    rows = [row(f"N{i}", "telescope", "observation", 0) for i in range(1234)]
    network = Network(tmp_path, rows)
    assert len(gather_rows(network.config, limit=5000, ask=network.ask).rows) == 1234
    assert len(gather_rows(network.config, limit=700, ask=network.ask).rows) == 700


def test_a_silent_desk_is_asked_once_and_named_with_its_reason(network: Network) -> None:
    network.down["data_manager"] = "it does not answer within 3 s"
    found = gather_rows(network.config, root="A", ask=network.ask)
    assert found.silent["data_manager"] == "it does not answer within 3 s"
    assert len([desk for desk, _ in network.asked if desk == "data_manager"]) == 1
    assert {node.state for _, node in walk(build_forest(found.rows))} == {"done", "delivered", "waiting"}


def test_desks_that_invent_orders_for_ever_are_left_at_last(tmp_path: Path) -> None:
    def inventing(config: Config, service: ServiceName, body: Mapping[str, Any]) -> Mapping[str, Any]:
        name = str(body.get("root", "N")) + "x"
        return {"orders": [row(name, service, "observation", 0, parcel(name + "y", service, "observation"))],
                "more": False}  # fmt: skip

    config = Config(state=tmp_path)
    assert len(gather_rows(config, root="N", ask=inventing).rows) == GENERATIONS * len(config.services)


def test_a_page_that_promises_more_but_is_empty_ends_it(tmp_path: Path) -> None:
    def empty(config: Config, service: ServiceName, body: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"orders": [], "more": True}

    assert gather_rows(Config(state=tmp_path), ask=empty).rows == []


def test_all_desks_are_asked_at_the_same_time(tmp_path: Path) -> None:
    def slow(config: Config, service: ServiceName, body: Mapping[str, Any]) -> Mapping[str, Any]:
        time.sleep(0.2)
        return {}

    config = Config(state=tmp_path)
    started = time.perf_counter()
    ask_desks(config, [(name, {"request": "status"}) for name in config.services], ask=slow)
    assert time.perf_counter() - started < 0.6


def test_a_desk_that_is_really_down_or_never_answers_is_silent_in_time(tmp_path: Path) -> None:
    with socket.socket() as closed, socket.socket() as mute:
        closed.bind(("127.0.0.1", 0))
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        config = Config(
            state=tmp_path,
            services={
                "telescope": ServiceSettings(port=closed.getsockname()[1]),
                "portal": ServiceSettings(port=mute.getsockname()[1]),
            },
        )
        started = time.perf_counter()
        down, silent = ask_desks(
            config, [("telescope", {"request": "status"}), ("portal", {"request": "status"})], ask=ask_desk
        )
        assert "nobody listens" in down.silent
        assert "does not answer" in silent.silent
        assert time.perf_counter() - started < 5
