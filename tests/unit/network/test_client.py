"""Asking a desk: what comes back, and what is raised when nothing does."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.unit.network.desk_parts import MemoryLedger, served
from toros.config import Config, SecuritySettings
from toros.errors import ConfigurationError, Temporary
from toros.network import client as client_module
from toros.network import wire
from toros.network.auth import Identities, new_identity
from toros.network.client import Client, TurnedAway, Unreachable, client_of, own_token
from toros.network.guard import Guard
from toros.network.server import Bounds
from workorders.refusal import FaultCode, Refusal

ORDER = {"id": "m31-0001", "request": "observation", "ra": 10.685, "dec": 41.269}


@contextmanager
def peer(talk: Callable[[socket.socket], None]) -> Iterator[tuple[str, list[int]]]:
    """Listen, hand every connection to `talk`, and give the URL and a list that grows with every connection."""
    listener = socket.create_server(("127.0.0.1", 0))
    seen: list[int] = []

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            seen.append(1)
            with connection:
                try:
                    talk(connection)
                except OSError:
                    continue

    threading.Thread(target=accept, daemon=True).start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/RPC2", seen
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


def reply(body: bytes, status: str = "200 OK", *more: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", "Content-Type: text/xml", f"Content-Length: {len(body)}", *more, "", ""]
    return "\r\n".join(lines).encode() + body


def test_receipts_answers_and_refusals() -> None:
    with served() as (_, server), Client(server.url) as client:
        assert client.front_desk(ORDER)["status"] == "accepted"
        assert client.front_desk({"request": "dome_status"})["dome"] == "closed"
        with pytest.raises(Refusal, match="field: ra; value: 400.0") as caught:
            client.front_desk(ORDER | {"ra": 400.0})
        assert caught.value.code is FaultCode.BAD_VALUE
        assert not caught.value.temporary


def test_one_connection_serves_many_calls() -> None:
    with served() as (_, server), Client(server.url) as client:
        for _ in range(20):
            client.front_desk(ORDER)
        assert server.connections == 1


def test_many_threads_may_share_a_client() -> None:
    with served() as (_, server), Client(server.url) as client, ThreadPoolExecutor(8) as pool:
        ids = [f"order-{i}" for i in range(200)]
        receipts = list(pool.map(lambda i: client.front_desk(ORDER | {"id": i}), ids))
    assert [receipt["id"] for receipt in receipts] == ids


def test_a_connection_that_the_desk_closed_is_replaced_without_a_second_order() -> None:
    ledger = MemoryLedger()
    with served(ledger, bounds=Bounds(idle=0.2)) as (_, server), Client(server.url) as client:
        client.front_desk(ORDER)
        time.sleep(1.2)
        assert server.connections == 0
        client.front_desk(ORDER | {"id": "second"})
    assert list(ledger.orders) == ["m31-0001", "second"]


def test_nothing_is_sent_twice_behind_the_caller_s_back() -> None:
    with peer(lambda connection: (connection.recv(65536), None)[1]) as (url, seen), Client(url) as client:
        with pytest.raises(Unreachable, match="hung up"):
            client.front_desk(ORDER)
        time.sleep(0.1)
        assert len(seen) == 1


def test_bytes_go_out_as_they_are() -> None:
    body = b"\n " + wire.call(ORDER)[22:] + b"<!-- as it was -->"
    got: list[bytes] = []

    def talk(connection: socket.socket) -> None:
        data = b""
        while not data.endswith(b"-->"):
            data += connection.recv(65536)
        got.append(data.split(b"\r\n\r\n", 1)[1])
        connection.sendall(reply(wire.answer({"fine": True})))

    with peer(talk) as (url, _), Client(url) as client:
        assert client.call_raw(body) == {"fine": True}
    assert got == [body]


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/RPC2"
    with pytest.raises(Unreachable, match="is the daemon running") as caught:
        Client(url).front_desk(ORDER)
    assert isinstance(caught.value, Temporary)


def test_a_name_that_does_not_exist() -> None:
    with pytest.raises(Unreachable, match="no address is known for nowhere.invalid"):
        Client("http://nowhere.invalid:1/RPC2").front_desk(ORDER)


def test_a_peer_that_never_answers_costs_the_timeout_and_no_more() -> None:
    with peer(lambda connection: time.sleep(3)) as (url, _), Client(url, timeout=0.5) as client:
        started = time.monotonic()
        with pytest.raises(Unreachable, match="within 0.5 s"):
            client.front_desk(ORDER)
        assert time.monotonic() - started < 1


def test_a_peer_that_drips_is_late_like_any_other() -> None:
    def drip(connection: socket.socket) -> None:
        for byte in reply(b"x" * 1000):
            connection.sendall(bytes([byte]))
            time.sleep(0.05)

    with peer(drip) as (url, _), Client(url, timeout=0.5) as client:
        started = time.monotonic()
        with pytest.raises(Unreachable, match="within 0.5 s"):
            client.front_desk(ORDER)
        assert time.monotonic() - started < 1


def test_a_peer_that_does_not_take_the_order_is_late() -> None:
    with peer(lambda connection: time.sleep(3)) as (url, _), Client(url, timeout=0.5) as client:
        started = time.monotonic()
        with pytest.raises(Unreachable, match="within 0.5 s"):
            client.call_raw(b"x" * 30_000_000)
        assert time.monotonic() - started < 1.5


@pytest.mark.parametrize(
    ("raw", "error", "words"),
    [
        (reply(b"busy", "503 Service Unavailable"), Unreachable, "answers 503: busy"),
        (reply(b"", "500 Internal Server Error"), Unreachable, "500"),
        (reply(b"who are you", "401 Unauthorized"), TurnedAway, "who are you"),
        (reply(b"too big", "413 Too Large"), Refusal, "too big"),
        (reply(b"elsewhere", "302 Found", "Location: http://127.0.0.1:1/"), Unreachable, "302"),
        (reply(b"<html>hello</html>"), Unreachable, "no desk"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort", Unreachable, "hung up"),
        (b"SSH-2.0-OpenSSH\r\n", Unreachable, "hung up"),
        (b"\x00" * 100, Unreachable, "hung up"),
        (b"", Unreachable, "hung up"),
    ],
)
def test_replies_that_are_not_a_desk_s(raw: bytes, error: type[Exception], words: str) -> None:
    def talk(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(raw)

    with peer(talk) as (url, _), Client(url, timeout=2) as client, pytest.raises(error, match=words):
        client.front_desk(ORDER)


def test_an_endless_reply_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "LARGEST", 100_000)

    def talk(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65536)

    with peer(talk) as (url, _), Client(url, timeout=5) as client, pytest.raises(Unreachable, match="hung up"):
        client.front_desk(ORDER)


def test_a_reply_with_entities_is_refused() -> None:
    body = b"<!DOCTYPE a [<!ENTITY b 'c'>]><methodResponse/>"

    def talk(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(reply(body))

    with peer(talk) as (url, _), Client(url) as client, pytest.raises(Unreachable, match="document type"):
        client.front_desk(ORDER)


def test_an_order_over_the_limit_hears_why() -> None:
    with served(guard=Guard(max_body=1000)) as (_, server), Client(server.url) as client:
        with pytest.raises(Refusal, match="at most 1000 bytes") as caught:
            client.front_desk(ORDER | {"target": "x" * 2_000_000})
        assert caught.value.code is FaultCode.TOO_LARGE


class TestCredentials:
    """Tokens are sent, and shown nowhere."""

    @pytest.fixture
    def token(self, tmp_path: Path) -> str:
        return new_identity(tmp_path / "identities.yaml", "robot")

    @pytest.fixture
    def url(self, token: str, tmp_path: Path) -> Iterator[str]:
        with served(identities=Identities(tmp_path / "identities.yaml")) as (_, server):
            yield server.url

    def test_in_the_url_or_beside_it(self, url: str, token: str) -> None:
        for client in (Client(url.replace("//", f"//robot:{token}@")), Client(url, token), Client(url, token, "robot")):
            assert client.front_desk({"request": "dome_status"})["by"] == "robot"
            assert token not in repr(client)
            client.close()

    def test_a_wrong_one_is_turned_away(self, url: str) -> None:
        with Client(url, "wrong-token") as client, pytest.raises(TurnedAway, match="valid token") as caught:
            client.front_desk(ORDER)
        assert "wrong-token" not in str(caught.value)

    def test_it_is_in_no_sentence(self) -> None:
        with pytest.raises(Unreachable) as caught:
            Client("http://robot:secret@127.0.0.1:1/RPC2").front_desk(ORDER)
        assert "secret" not in str(caught.value)
        with pytest.raises(ConfigurationError) as broken:
            Client("ftp://robot:secret@127.0.0.1/RPC2")
        assert "secret" not in str(broken.value)


def test_a_node_s_own_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TOROS_TOKEN", raising=False)
    config = Config(state=tmp_path, security=SecuritySettings(token_file=tmp_path / "token"))
    with pytest.raises(ConfigurationError, match="token_file"):
        own_token(config)
    (tmp_path / "token").write_text("from-the-file\n")
    assert own_token(config) == "from-the-file"
    monkeypatch.setenv("TOROS_TOKEN", "from-outside")
    assert own_token(config) == "from-outside"
    assert own_token(Config(state=tmp_path)) == "from-outside"
    monkeypatch.delenv("TOROS_TOKEN")
    assert own_token(Config(state=tmp_path)) is None


@pytest.mark.parametrize(
    ("ip", "http", "url"),
    [
        ("127.0.0.1", None, "http://127.0.0.1:8702/RPC2"),
        ("0.0.0.0", None, "http://127.0.0.1:8702/RPC2"),
        ("::", None, "http://[::1]:8702/RPC2"),
        ("127.0.0.1", "http://mountain:80/RPC2", "http://mountain:80/RPC2"),
    ],
)
def test_a_configured_desk_is_reached(tmp_path: Path, ip: str, http: str | None, url: str) -> None:
    values: dict[str, Any] = {"ip": ip, "port": 8702, "http": http}
    config = Config.model_validate({"state": tmp_path, "services": {"telescope": values}})
    assert client_of(config, "telescope").url == url
