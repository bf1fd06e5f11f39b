"""Where everybody shows a token: what a person causes goes its whole way, by hooks and notices of every kind."""

from __future__ import annotations

import hashlib
import json
import os
import xmlrpc.client
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.daemons import Network, eventually
from tests.support.installed import install
from tests.unit.services.test_hooks import Listener, listener
from tests.unit.test_mail import MailServer, server
from toros.cli.init import make_node
from workorders.envelope import new_id

__all__ = ["listener", "server"]

MODULE = """
from pathlib import Path

def note(happening):
    Path(__file__).with_name("noted").write_text(f"{happening.user} {happening.result['name']}")
"""
FIRST = {"request": "calibrate_file_batch", "file_location": "raw:plain"}
TOKEN = "a token of hers that is long enough"
MANUAL: dict[str, Any] = {"observer": "ann", "filters": ["r"], "exposure_time": 60.0}


class Node(Network):
    """Daemons of a node with authentication, each with its own token."""

    def token(self, name: str) -> str:
        return (self.folder / "state" / "tokens" / f"{name}.token").read_text().strip()

    def call(self, name: str, token: str, request: str, /, **fields: Any) -> dict[str, Any]:
        """Ask the data manager's desk with a token."""
        url = f"http://{name}:{token}@127.0.0.1:{self['data_manager'].port}/RPC2"
        with xmlrpc.client.ServerProxy(url) as desk:
            answer: Any = desk.front_desk({"request": request, **fields})
        return dict(answer)

    def do(self, name: str, token: str, request: str, /, **fields: Any) -> dict[str, Any]:
        """Have an order done, and return its result."""
        order = new_id()
        self.call(name, token, request, id=order, **fields)
        ended = eventually(lambda: self.ended(order))
        assert ended["state"] == "done", ended
        return dict(ended.get("result", {}), id=order)

    def ended(self, order: str) -> dict[str, Any] | None:
        told = self.call("operator", self.token("operator"), "status", order_id=order)
        return told if told["state"] in ("done", "buried", "cancelled", "expired") else None


@pytest.fixture
def node(tmp_path: Path, listener: Listener, server: MailServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Node]:
    path = install(tmp_path / "installed", "noting", MODULE, {"toros.hooks": {"target_saved.note": "noting:note"}})
    monkeypatch.setenv("PYTHONPATH", str(path), prepend=os.pathsep)
    calls = [
        {"name": "web", "after": "target_saved", "url": listener.url},
        {"name": "reduce", "after": "target_saved", "order": FIRST},
        {"name": "tag", "after": "target_saved", "order": {"request": "update_target", "target": "{name}",
                                                         "tags": ["hooked"]}},
    ]  # fmt: skip
    settings: dict[str, Any] = {
        "security": {"authentication": True, "token_file": "tokens/operator.token"},
        "hooks": {"calls": calls, "hosts": ["127.0.0.1"]}, "notices": {"mail_domains": ["example.org"]},
        "smtp": server.settings().model_dump(mode="json", include={"host", "port", "starttls"}),
        "orders": {"tries": 4, "first_delay": 0.2},
    }  # fmt: skip
    desks = {"data_manager": "data_manager", "preprocessor": "tests.support.failing:PREPROCESSOR"}
    node = Node(tmp_path, desks, settings, start=False)
    make_node(node.folder)
    for name, daemon in node.daemons.items():
        daemon.environment["TOROS_TOKEN"] = node.token(name)
    with node:
        node.start()
        digest = hashlib.sha256(TOKEN.encode()).hexdigest()
        node.do("operator", node.token("operator"), "save_user", name="ann", role="scientist", token_sha256=digest)
        eventually(lambda: "ann:" in (node.folder / "state" / "identities.yaml").read_text())
        yield node


def test_hooks_and_notices_go_their_way_with_tokens(
    node: Node, listener: Listener, server: MailServer, tmp_path: Path
) -> None:
    listener.status = 503  # it takes nothing at first
    added = node.do("ann", TOKEN, "add_target", name="Hers", ra=10.0, dec=20.0, access="private")
    eventually(lambda: listener.heard)
    listener.status = 200
    operator = node.token("operator")

    def orders(desk: str, **asked: str) -> list[dict[str, Any]]:
        url = f"http://operator:{operator}@127.0.0.1:{node[desk].port}/RPC2"
        with xmlrpc.client.ServerProxy(url) as proxy:
            told: Any = proxy.front_desk({"request": "list_orders", **asked})
        return list(told["orders"])

    def settled() -> bool:
        caused = orders("data_manager", root=added["id"])
        return len(caused) == 6 and all(each["state"] == "done" for each in caused)

    eventually(settled, 20)
    assert (tmp_path / "installed" / "noted").read_text() == "ann Hers"
    assert len(listener.heard) > 1 and json.loads(listener.heard[-1][1])["user"] == "ann"
    (reduced,) = eventually(
        lambda: [each for each in orders("preprocessor") if each["request"] == "calibrate_file_batch"]
    )
    assert reduced["user"] == "ann"
    assert node.call("ann", TOKEN, "show_target", target="hers")["target"]["tags"] == ["hooked"]

    heard = len(listener.heard)
    asked = node.do("ann", TOKEN, "request_observation", target="Hers", facility="manual", parameters=MANUAL,
                    tell=["ann@example.org", listener.url])  # fmt: skip
    node.do("ann", TOKEN, "update_observation", number=asked["observation"], status="COMPLETED")
    (mail,) = eventually(lambda: server.mails)
    assert mail["To"] == "ann@example.org" and "is COMPLETED" in mail["Subject"]
    eventually(lambda: len(listener.heard) > heard)
    assert json.loads(listener.heard[-1][1])["facts"]["status"] == "COMPLETED"
    with pytest.raises(xmlrpc.client.Fault, match="may not ask this"):
        node.call("ann", TOKEN, "send_notice", id=new_id(), receiver="x@example.org", subject="s", text="t")
