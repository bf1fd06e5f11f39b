"""Where authentication is on, nobody reads a page without a token."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path
from typing import Any, cast

import pytest

from toros.config import Config, SecuritySettings
from toros.network.auth import new_identity
from toros.network.front_desk import FrontDesk
from toros.portal.pages import routes
from workorders.roles import requests_of


class Books:
    """A ledger for a desk that is asked for pages only."""

    def accept(self, order: Any) -> Any:
        raise AssertionError("no page orders anything")

    def figures(self) -> dict[str, Any]:
        return {"counts": {}, "outbox": {}}


def status(desk: FrontDesk, path: str, authorization: bytes | None) -> tuple[int, dict[bytes, bytes]]:
    """Ask the portal's desk for a page."""
    headers = [(b"host", b"127.0.0.1:8706"), *([(b"authorization", authorization)] if authorization else [])]
    scope = {
        "type": "http", "http_version": "1.1", "method": "GET", "scheme": "http", "path": path, "query_string": b"",
        "raw_path": path.encode(), "root_path": "", "headers": headers, "client": ("127.0.0.1", 1),
    }  # fmt: skip
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(cast(Any, desk)(scope, receive, send))
    return sent[0]["status"], dict(sent[0]["headers"])


@pytest.mark.parametrize("path", ["/", "/products", "/orders/A", "/pictures/raw:x.png", "/static/portal.css"])
def test_a_page_asks_for_a_token(tmp_path: Path, path: str) -> None:
    token = new_identity(tmp_path / "identities.yaml", "observer")
    config = Config(state=tmp_path, security=SecuritySettings(authentication=True))
    desk = FrontDesk.of(config, "portal", Books(), answer=lambda question: {}, pages=routes(config))
    basic = b"Basic " + base64.b64encode(f"observer:{token}".encode())
    wrong = b"Basic " + base64.b64encode(b"observer:guess")
    for authorization in (None, wrong):
        code, headers = status(desk, path, authorization)
        assert code == 401
        assert headers[b"www-authenticate"].startswith(b"Basic")
    assert status(desk, path, basic)[0] in (200, 404)
    desk.close()


@pytest.mark.parametrize("path", ["/", "/orders/A", "/products"])
def test_the_pages_are_for_those_who_may_list_all_orders(tmp_path: Path, path: str) -> None:
    token = new_identity(tmp_path / "identities.yaml", "beatriz", requests_of("scientist"))
    config = Config(state=tmp_path, security=SecuritySettings(authentication=True))
    desk = FrontDesk.of(config, "portal", Books(), answer=lambda question: {}, pages=routes(config))
    authorization = b"Bearer " + token.encode()
    assert status(desk, path, authorization)[0] == 403
    assert status(desk, "/metrics", authorization)[0] == 200
    desk.close()
