"""A web site like the older TOROS broker: a login form with a token in a cookie, and a form that takes JSON."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

__all__ = ["BrokerSite", "serving_broker"]

USER, PASSWORD = "robot", "hunter2"
FORM, MEMBER = "token-of-the-form", "token-of-the-member"  # the site gives another token to whom it lets in


class BrokerSite(ThreadingHTTPServer):
    """Keeps what was uploaded; `status` is what it answers to that."""

    def __init__(self) -> None:
        self.uploads: list[dict[str, Any]] = []
        self.status = 200
        super().__init__(("127.0.0.1", 0), _Visit)

    def address(self, page: str) -> str:
        """Return the URL of a page."""
        return f"http://127.0.0.1:{self.server_port}/{page}"


class _Visit(BaseHTTPRequestHandler):
    server: BrokerSite

    def do_GET(self) -> None:
        self._answer(200, csrftoken=FORM)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        cookies = {name: each.value for name, each in SimpleCookie(self.headers["Cookie"]).items()}
        if form.get("csrfmiddlewaretoken") != cookies.get("csrftoken") or "Referer" not in self.headers:
            self._answer(403)
        elif self.path == "/login/":
            known = (form["username"], form["password"]) == (USER, PASSWORD)
            self._answer(*((302,) if known else (200,)), **({"csrftoken": MEMBER, "sessionid": "s"} if known else {}))
        elif cookies.get("sessionid") != "s":
            self._answer(403)
        else:
            self.server.uploads.append(json.loads(form["targets.json"]))
            self._answer(self.server.status)

    def _answer(self, status: int, **cookies: str) -> None:
        self.send_response(status)
        for name, value in cookies.items():
            self.send_header("Set-Cookie", f"{name}={value}; Path=/")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def serving_broker() -> Iterator[BrokerSite]:
    """Serve until the block ends."""
    with BrokerSite() as site:
        threading.Thread(target=site.serve_forever, args=(0.02,), daemon=True).start()
        yield site
        site.shutdown()
