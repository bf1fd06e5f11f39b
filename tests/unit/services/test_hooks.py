"""Calling hooks: what each is told, and what becomes of one that fails."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from services.data_manager import SERVICE
from tests.support.installed import Install, installing
from tests.unit.services.test_data_manager import Bench
from toros.config import Config
from toros.errors import Permanent, Temporary
from toros.network.service import Outcome
from toros.store.ledger import Ledger
from workorders import parse

__all__ = ["Listener", "installing"]

ADDED = {"request": "add_target", "id": "ID-1", "user": "ada", "name": "sn2026abc", "ra": 150.0, "dec": 20.0}
MODULE = """
told = []

def keep(happening):
    told.append(happening)

def fail(happening):
    raise KeyError("a defect of its own")
"""


class Listener:
    """A web server of this machine that answers what it is told, and keeps what it heard."""

    def __init__(self) -> None:
        self.status = 204
        self.heard: list[tuple[dict[str, str], bytes]] = []
        listener = self

        class Answering(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                listener.heard.append((dict(self.headers), self.rfile.read(length)))
                self.send_response(listener.status)
                self.send_header("Location", "http://127.0.0.1:1/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Answering)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/hook"


@pytest.fixture
def listener() -> Iterator[Listener]:
    listener = Listener()
    yield listener
    listener.server.shutdown()
    listener.server.server_close()


@pytest.fixture
def bench(tmp_path: Path, installing: Install, listener: Listener) -> Iterator[Bench]:
    entries = {"target_saved.keep": "told_hooks:keep", "target_saved.fail": "told_hooks:fail"}
    installing("told_hooks", MODULE, {"toros.hooks": entries})
    bench = Bench(tmp_path)
    (tmp_path / "key").write_text("a key\n")
    calls = [
        {"name": "web", "after": "target_saved", "url": listener.url},
        {"name": "stranger", "after": "target_saved", "url": "http://localhost:1/hook"},
        {"name": "look", "after": "target_saved",
         "order": {"request": "observation", "ra": "{ra}", "dec": "{dec}", "target": "{name}"}},
        {"name": "wrong", "after": "target_saved", "order": {"request": "observation", "ra": "{name}"}},
        {"name": "ask", "after": "target_saved", "order": {"request": "find_targets"}},
    ]  # fmt: skip
    bench.config = Config.model_validate(
        {"state": tmp_path, "hooks": {"calls": calls, "hosts": ["127.0.0.1"], "key_file": tmp_path / "key"}}
    )
    ledger = Ledger(bench.database, service="data_manager", instance="data_manager", settings=bench.config.orders,
                    clock=bench.clock)  # fmt: skip
    for fields in (ADDED, {"request": "call_hook", "id": "ID-2", "hook": "target_saved", "name": "keep"}):
        order = parse(fields)
        ledger.accept(order).result()
        claim = ledger.claim("work" if order.request == "add_target" else "hooks", "here")
        assert claim is not None
        ledger.finish(claim, Outcome({"target": 7, "name": "SN 2026abc"}))
    yield bench
    bench.database.close()


def call(bench: Bench, name: str, parent: str = "ID-1") -> Outcome:
    order = parse({"request": "call_hook", "id": "CALL", "hook": "target_saved", "name": name, "parent": parent})
    outcome = SERVICE.handlers["call_hook"].function(order, bench)
    assert isinstance(outcome, Outcome)
    return outcome


def test_a_function_is_told_all_that_happened(bench: Bench) -> None:
    assert call(bench, "keep").result == {"called": "target_saved.keep"}
    import told_hooks  # type: ignore[import-not-found]

    (happening,) = told_hooks.told
    assert (happening.order, happening.request, happening.user) == ("ID-1", "add_target", "ada")
    assert happening.time and happening.result == {"target": 7, "name": "SN 2026abc"} and happening.asked["ra"] == 150.0


def test_a_function_that_fails_is_told_in_the_log_and_tried_again(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(Temporary, match="hook target_saved.fail: KeyError: 'a defect of its own'"):
        call(bench, "fail")
    assert "hook target_saved.fail after ID-1 failed" in caplog.text and "in fail" in caplog.text


def test_a_webhook_is_told_and_signed(bench: Bench, listener: Listener) -> None:
    assert call(bench, "web").result == {"called": "target_saved.web", "answer": 204}
    ((headers, body),) = listener.heard
    assert json.loads(body)["result"] == {"target": 7, "name": "SN 2026abc"}
    assert headers["X-Toros-Order"] == "CALL"
    assert headers["X-Toros-Signature"] == "sha256=" + hmac.new(b"a key", body, hashlib.sha256).hexdigest()


@pytest.mark.parametrize(("status", "error"), [(500, Temporary), (429, Temporary), (404, Permanent), (302, Permanent)])
def test_a_webhook_that_does_not_take_it(bench: Bench, listener: Listener, status: int, error: type) -> None:
    listener.status = status
    with pytest.raises(error, match=f"the webhook at 127.0.0.1 .* {status}"):
        call(bench, "web")
    assert len(listener.heard) == 1  # a redirection is not followed


def test_a_webhook_that_is_away_is_tried_again(bench: Bench, listener: Listener) -> None:
    listener.server.shutdown()
    listener.server.server_close()
    with pytest.raises(Temporary, match="the webhook at 127.0.0.1 does not answer: ConnectError"):
        call(bench, "web")


def test_no_host_is_told_that_is_not_allowed(bench: Bench) -> None:
    with pytest.raises(Permanent, match="localhost is not among hooks.hosts: webhooks go to 127.0.0.1"):
        call(bench, "stranger")


def test_an_order_is_sent_to_another_desk(bench: Bench) -> None:
    (onward,) = call(bench, "look").orders
    assert onward.body().items() >= {"request": "observation", "ra": 150.0, "target": "SN 2026abc"}.items()


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("wrong", "cannot be sent: .*ra"), ("ask", "is a question"), ("nobody", "there is no hook target_saved.nobody")],
)
def test_a_hook_that_cannot_be_called_is_given_up(bench: Bench, name: str, sentence: str) -> None:
    with pytest.raises(Permanent, match=sentence):
        call(bench, name)


def test_what_was_not_done_is_not_told(bench: Bench) -> None:
    with pytest.raises(Permanent, match="'ID-9' is no order that this desk has done"):
        call(bench, "keep", parent="ID-9")


def saved(bench: Bench, **more: Any) -> list[str]:
    order = parse({"request": "add_target", "name": "New", "ra": 1.0, "dec": 1.0, **more})
    outcome = SERVICE.handlers["add_target"].function(order, bench)
    assert isinstance(outcome, Outcome)
    return [each.name for each in outcome.orders]  # type: ignore[union-attr]


def test_saving_a_target_calls_all_of_them_in_the_same_transaction(bench: Bench) -> None:
    assert saved(bench) == ["fail", "keep", "web", "stranger", "look", "wrong", "ask"]


def test_a_dry_run_calls_none(bench: Bench) -> None:
    assert saved(bench, dry_run=True) == []


def test_what_a_hook_causes_calls_none(bench: Bench) -> None:
    assert saved(bench, parent="ID-2") == []
    assert saved(bench, parent="ID-1") != []
