"""A real data manager: a file comes in, is read, and everything that follows is told, tried again, or buried."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.support.daemons import Network, eventually
from tests.support.installed import install
from tests.unit.services.test_hooks import Listener

MODULE = """
from pathlib import Path

def read(path, options):
    for line in path.read_text().splitlines():
        mjd, magnitude = line.split()
        yield {"mjd": mjd, "magnitude": magnitude, "filter": "r"}

def fail(happening):
    raise RuntimeError("this hook is broken")
"""
ENTRIES = {
    "toros.processors": {"scan.table": "at_night:read"},
    "toros.hooks": {"product_ingested.broken": "at_night:fail"},
}


def test_what_follows_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listener = Listener()
    listener.status = 503  # it takes nothing at first
    calls = [
        {"name": "web", "after": "measurements_added", "url": listener.url},
        {"name": "again", "after": "target_saved", "order": {"request": "update_target", "target": "{name}",
                                                          "description": "number {target}"}},
    ]  # fmt: skip
    settings = {
        "hooks": {"calls": calls, "hosts": ["127.0.0.1"]}, "orders": {"tries": 4, "first_delay": 0.3},
    }  # fmt: skip
    path = install(tmp_path / "installed", "at_night", MODULE, ENTRIES)
    monkeypatch.setenv("PYTHONPATH", str(path), prepend=os.pathsep)
    with Network(tmp_path, ["data_manager"], settings) as network:
        desk = network["data_manager"]
        desk.wait_for(desk.submit("add_target", name="SN 2026abc", ra=150.0, dec=20.0), "done")
        file = network.config.files.roots["products"] / "night.scan"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("59000.5 17.25\n59001.5 17.5\n")
        order = desk.submit("ingest_data_product", file_location="products:night.scan", product_type="scan",
                            target="sn2026abc", store=True)  # fmt: skip
        desk.wait_for(order, "done")
        eventually(lambda: len(listener.heard) >= 1)
        listener.status = 200

        def tree() -> dict[str, str]:
            return {f"{each['request']} {each.get('reason') or ''}": each["state"] for each in network.tree(order)}

        eventually(lambda: all(state in ("done", "buried") for state in tree().values()) and len(tree()) == 4)
        ended = tree()
        broken = next(name for name in ended if "this hook is broken" in name)
        assert ended.pop(broken) == "buried" and set(ended.values()) == {"done"}
        assert json.loads(listener.heard[-1][1])["result"]["new"] == 2
        (product,) = desk.ask("find_products", processing="done")["products"]
        assert product["report"]["new"] == 2 and product["stored"]
        assert len(desk.ask("find_measurements", target="SN 2026abc")["points"]) == 2
        (target,) = desk.ask("find_targets")["targets"]
        assert target["description"] == "number 1"
        assert "hook product_ingested.broken after" in desk.output() or "hook product_ingested.broken" in (
            network.folder / "state" / "logs" / "data_manager.log"
        ).read_text()  # fmt: skip
    listener.server.shutdown()
    listener.server.server_close()
