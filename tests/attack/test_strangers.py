"""Who may ask: everybody else is refused before a byte of the body is read, and each of them is logged."""

from __future__ import annotations

import base64
import time
import xmlrpc.client
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from tests.attack.raw import ask, connect, head, post, reply_of
from tests.attack.served import Served
from toros.network.auth import LOOK, new_identity, revoke
from toros.network.client import TurnedAway
from workorders.refusal import FaultCode, Refusal

ORDER = {"request": "observation", "ra": 10.685, "dec": 41.269}


@pytest.fixture(scope="session")
def tokens(desk: Served, token: str) -> Mapping[str, str]:
    """Tokens of several people, made while the desk runs."""
    path = desk.folder / "identities.yaml"
    made = {
        "watcher": new_identity(path, "watcher", ["dome_status"]),
        "expired": new_identity(path, "expired", expires=(datetime.now(UTC) - timedelta(days=1)).date()),
        "revoked": new_identity(path, "revoked"),
    }
    revoke(path, "revoked")
    return made | {"friend": token}


def basic(name: str, token: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{token}".encode()).decode()


def test_every_stranger_is_refused_and_logged(desk: Served, tokens: Mapping[str, str]) -> None:
    strangers = {
        None: "no token",
        "Bearer wrong": "a bearer: wrong token",
        basic("friend", "wrong"): "'friend': wrong token",
        basic("watcher", tokens["friend"]): "'watcher': the token of friend",
        f"Bearer {tokens['expired']}": "expired: expired",
        f"Bearer {tokens['revoked']}": "revoked: revoked",
        "Digest username=friend": "neither Basic nor Bearer",
        "Basic AAA": "Basic without base64",
    }
    before = len(desk.log)
    replies = {post(desk, b"<methodCall/>", Authorization=header)[:2] for header in strangers}
    assert replies == {(401, b"a valid token is needed\n")}
    logged = desk.log[before:]
    for reason in strangers.values():
        assert reason in logged
    assert not any(token in desk.log for token in tokens.values())


def test_nothing_is_read_before_the_token(desk: Served) -> None:
    """The reply comes although the body never does, and a body that is no XML changes nothing."""
    status, _, seconds = ask(desk, head(desk, Content_Length="500000"))
    assert (status, seconds < 0.5) == (401, True)
    assert post(desk, b"<!DOCTYPE x><x", "wrong")[:2] == (401, b"a valid token is needed\n")
    assert ask(desk, head(desk, "wrong", Content_Length="999999999"))[0] == 413


def test_a_stranger_who_waits_for_100_continue_is_not_invited(desk: Served) -> None:
    with connect(desk) as connection:
        connection.sendall(head(desk, "wrong", Content_Length="1000", Expect="100-continue"))
        assert reply_of(connection)[0] == 401


def test_a_friend_who_waits_for_100_continue_is_invited(desk: Served, token: str) -> None:
    with connect(desk) as connection:
        connection.sendall(head(desk, token, Content_Length="2", Expect="100-continue"))
        assert connection.recv(100).startswith(b"HTTP/1.1 100 ")
        connection.sendall(b"{}")
        assert reply_of(connection)[0] == 200


def test_an_identity_may_ask_only_what_it_may(desk: Served, tokens: Mapping[str, str]) -> None:
    with desk.client(tokens["watcher"]) as watcher:
        assert watcher.front_desk({"request": "dome_status"})["dome"] == "closed"
        for request in (ORDER, {"request": "close_dome", "id": "close-1"}, {"request": "cancel", "order_id": "x"}):
            with pytest.raises(Refusal, match="watcher may not ask this") as caught:
                watcher.front_desk(request)
            assert caught.value.code is FaultCode.FORBIDDEN


def test_a_name_cannot_be_borrowed(desk: Served, tokens: Mapping[str, str]) -> None:
    with desk.client(tokens["friend"]) as friend:
        friend.front_desk(ORDER | {"id": "good-name", "user": "the director"})
    assert [order["user"] for order in desk.orders() if order["id"] == "good-name"] == ["friend"]


def test_revocation_reaches_a_kept_connection(desk: Served, token: str) -> None:
    path = desk.folder / "identities.yaml"
    leaving = new_identity(path, "leaving")
    with desk.client(leaving) as client:
        client.front_desk({"request": "dome_status"})
        revoke(path, "leaving")
        time.sleep(LOOK + 0.1)
        with pytest.raises(TurnedAway):
            client.front_desk({"request": "dome_status"})


def test_a_plain_proxy_with_credentials_in_its_url(desk: Served, token: str) -> None:
    with xmlrpc.client.ServerProxy(desk.url.replace("//", f"//friend:{token}@")) as proxy:
        receipt = proxy.front_desk(ORDER | {"id": "good-proxy"})
    assert isinstance(receipt, dict)
    assert receipt["status"] == "accepted"


def test_a_flood_of_wrong_tokens_fills_neither_log_nor_desk(desk: Served, token: str) -> None:
    before = len(desk.log)
    started = time.monotonic()
    with connect(desk) as connection:
        connection.close()
    for _ in range(300):
        assert post(desk, b"", "wrong")[0] == 401
    assert len(desk.log) - before < 5000
    assert time.monotonic() - started < 10
    with desk.client(token) as client:
        assert client.front_desk({"request": "dome_status"})
