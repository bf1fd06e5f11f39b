"""JSON is posted to a real server, and what it answers decides whether it is tried again."""

from __future__ import annotations

import http.server
import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from toros.errors import Permanent, Temporary
from toros.webhook import host_of, post_json


class Server(http.server.ThreadingHTTPServer):
    """Answers with the status that the path names; keeps what it heard."""

    heard: list[tuple[str, Any]]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.heard.append((self.path, body))  # type: ignore[attr-defined]
        if self.path == "/slow":
            time.sleep(0.6)
        self.send_response(int(self.path[1:4]) if self.path[1:4].isdigit() else 204)
        self.send_header("Location", "/200")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server(("127.0.0.1", 0), Handler)
    server.heard = []
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_it_arrives_as_json(server: Server) -> None:
    assert post_json(f"{server.url}/200?key=1", '{"status": "COMPLETED", "note": "ü"}'.encode(), timeout=5) == 200
    assert server.heard == [("/200?key=1", {"status": "COMPLETED", "note": "ü"})]


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_what_may_pass_is_tried_again(server: Server, status: int) -> None:
    with pytest.raises(Temporary, match=f"127.0.0.1 answers {status}"):
        post_json(f"{server.url}/{status}", b"{}", timeout=5)


@pytest.mark.parametrize("status", [302, 307, 400, 404])
def test_what_will_not_pass_is_given_up_and_no_redirect_is_followed(server: Server, status: int) -> None:
    with pytest.raises(Permanent, match=f"refuses with {status}"):
        post_json(f"{server.url}/{status}", b"{}", timeout=5)
    assert len(server.heard) == 1


def test_silence_is_not_waited_for(server: Server) -> None:
    with pytest.raises(Temporary, match="does not answer"):
        post_json(f"{server.url}/slow", b"{}", timeout=0.1)
    with pytest.raises(Temporary, match="does not answer"):
        post_json("http://127.0.0.1:9/", b"{}", timeout=1)


def test_the_host_is_what_will_be_called() -> None:
    assert host_of("https://Hooks.Example.org:8443/x") == "hooks.example.org"
    assert host_of("https://hooks.example.org@evil.org/") == "evil.org"
