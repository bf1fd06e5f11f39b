"""One method, health, metrics and pages: what each is answered."""

from __future__ import annotations

import http.client
import threading
import time
import xmlrpc.client
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from tests.unit.network.desk_parts import MemoryLedger, served
from toros.config import Config
from toros.errors import DatabaseError, Permanent, Temporary
from toros.network import front_desk as front_desk_module
from toros.network.auth import Identities, new_identity
from toros.network.client import Client
from toros.network.front_desk import FrontDesk
from toros.network.guard import Guard
from workorders import WorkOrder
from workorders.refusal import FaultCode, Refusal

ORDER = {"id": "m31-0001", "request": "observation", "ra": 10.685, "dec": 41.269, "exposure_time": 60.0}


def close_dome(order_id: str = "close-1") -> dict[str, Any]:
    return {"id": order_id, "request": "close_dome"}


@pytest.fixture
def ledger() -> MemoryLedger:
    return MemoryLedger()


def code_of(proxy: xmlrpc.client.ServerProxy, fields: Mapping[str, Any]) -> FaultCode:
    with pytest.raises(xmlrpc.client.Fault) as caught:
        proxy.front_desk(fields)
    return FaultCode(caught.value.faultCode)


def get(url: str, path: str, method: str = "GET", **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(url.split("/")[2], timeout=5)
    connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    reply = connection.getresponse()
    body = reply.read()
    connection.close()
    return reply.status, body


def test_a_plain_proxy_gets_receipts_and_answers(ledger: MemoryLedger) -> None:
    with served(ledger) as (_, server):
        for url in (server.url, server.url.removesuffix("RPC2"), server.url.removesuffix("/RPC2")):
            with xmlrpc.client.ServerProxy(url) as proxy:
                receipt: Any = proxy.front_desk(ORDER)
                assert receipt["id"] == "m31-0001"
                assert receipt["status"] == "accepted"
                assert proxy.front_desk({"request": "dome_status"}) == {
                    "dome": "closed", "asked": "dome_status", "by": "anonymous",
                }  # fmt: skip
    assert ledger.orders["m31-0001"].user == "anonymous"


def test_the_older_spelling_is_understood(ledger: MemoryLedger) -> None:
    with served(ledger) as (_, server), xmlrpc.client.ServerProxy(server.url) as proxy:
        proxy.front_desk({"ID": "old-1", "Request": "observation", "RA": 1.0, "Dec": 2.0, "User": "beatriz"})
    assert ledger.orders["old-1"].user == "beatriz"


def test_refusals_are_faults_and_store_nothing(ledger: MemoryLedger) -> None:
    with served(ledger, instance="ctmo") as (_, server), xmlrpc.client.ServerProxy(server.url) as proxy:
        assert code_of(proxy, {"request": "make_coffee"}) is FaultCode.UNKNOWN_REQUEST
        assert code_of(proxy, {"request": "process_alert", "alert": "{}"}) is FaultCode.WRONG_DESK
        assert code_of(proxy, {"request": "schedule_night"}) is FaultCode.NOT_SERVED
        assert code_of(proxy, ORDER | {"colour": "red"}) is FaultCode.UNKNOWN_FIELD
        assert code_of(proxy, ORDER | {"ra": 400.0}) is FaultCode.BAD_VALUE
        assert code_of(proxy, ORDER | {"to": "bosque_alegre"}) is FaultCode.WRONG_DESK
        proxy.front_desk(ORDER | {"to": "ctmo"})
    assert list(ledger.orders) == ["m31-0001"]


def test_a_ledger_that_refuses_is_heard(ledger: MemoryLedger) -> None:
    ledger.broken = Refusal(FaultCode.CONFLICT, "used")
    with served(ledger) as (_, server), xmlrpc.client.ServerProxy(server.url) as proxy:
        assert code_of(proxy, ORDER) is FaultCode.CONFLICT
        assert code_of(proxy, close_dome()) is FaultCode.CONFLICT


@pytest.mark.parametrize("trouble", [DatabaseError("/var/lib/toros/telescope.sqlite: disk full"), OSError(28, "full")])
def test_a_ledger_that_cannot_write_means_no_room_and_no_path(ledger: MemoryLedger, trouble: Exception) -> None:
    ledger.broken = trouble
    with (
        served(ledger) as (_, server),
        xmlrpc.client.ServerProxy(server.url) as proxy,
        pytest.raises(xmlrpc.client.Fault) as caught,
    ):
        proxy.front_desk(ORDER)
    assert caught.value.faultCode == FaultCode.NO_ROOM
    assert "/" not in caught.value.faultString


def test_the_dome_closes_although_the_ledger_cannot_write(ledger: MemoryLedger) -> None:
    done: list[WorkOrder] = []

    def act(order: WorkOrder) -> Mapping[str, Any]:
        done.append(order)
        return {"dome": "closed"}

    ledger.broken = RuntimeError("nobody expected this")
    with served(ledger, act=act) as (desk, server), xmlrpc.client.ServerProxy(server.url) as proxy:
        word: Any = proxy.front_desk(close_dome())
        assert (word["status"], word["stored"], word["result"]) == ("done", False, {"dome": "closed"})
        ledger.broken = Refusal(FaultCode.NO_ROOM, "full")
        proxy.front_desk(close_dome("close-full"))
        ledger.broken, ledger.silent = None, True
        started = time.monotonic()
        proxy.front_desk(close_dome("close-2"))
        assert time.monotonic() - started < front_desk_module.SAFETY + 1
        ledger.silent, desk.draining = False, True
        proxy.front_desk(close_dome("close-3"))
        desk.draining = False
        receipt: Any = proxy.front_desk(close_dome("close-4"))
        assert receipt["status"] == "accepted"
    assert [order.id for order in done] == ["close-1", "close-full", "close-2", "close-3"]


def test_a_silent_ledger_means_no_room(ledger: MemoryLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front_desk_module, "ACCEPTING", 0.2)
    ledger.silent = True
    with served(ledger) as (_, server), xmlrpc.client.ServerProxy(server.url) as proxy:
        assert code_of(proxy, ORDER) is FaultCode.NO_ROOM


def test_a_draining_desk_refuses_orders_and_answers_questions(ledger: MemoryLedger) -> None:
    with served(ledger) as (desk, server), xmlrpc.client.ServerProxy(server.url) as proxy:
        assert get(server.url, "/healthz") == (200, b"ok\n")
        desk.draining = True
        assert code_of(proxy, ORDER) is FaultCode.STOPPING
        assert proxy.front_desk({"request": "dome_status"})
        assert get(server.url, "/healthz") == (503, b"stopping\n")
    assert not ledger.orders


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (Permanent("no such event"), FaultCode.BAD_VALUE, "no such event"),
        (Temporary("the dome is moving"), FaultCode.NO_ROOM, "the dome is moving"),
        (DatabaseError("/var/lib/x.sqlite locked"), FaultCode.NO_ROOM, "cannot read its database"),
        (Refusal(FaultCode.UNKNOWN_ORDER, "never heard"), FaultCode.UNKNOWN_ORDER, "never heard"),
        (ZeroDivisionError("/etc/passwd, line 3"), FaultCode.INTERNAL, "the desk failed"),
    ],
)
def test_what_a_handler_raises_becomes_a_fault(error: Exception, code: FaultCode, words: str) -> None:
    def fail(question: WorkOrder) -> Mapping[str, Any]:
        raise error

    with served(answer=fail) as (_, server), xmlrpc.client.ServerProxy(server.url) as proxy:
        with pytest.raises(xmlrpc.client.Fault, match=words) as caught:
            proxy.front_desk({"request": "dome_status"})
        assert caught.value.faultCode == code
        assert "/" not in caught.value.faultString


def test_an_answer_that_cannot_travel_is_a_defect_of_ours() -> None:
    with served(answer=lambda _: {"raw": b""}) as (_, server), xmlrpc.client.ServerProxy(server.url) as proxy:
        assert code_of(proxy, {"request": "dome_status"}) is FaultCode.INTERNAL


def test_a_question_that_takes_too_long_is_given_up_and_the_desk_lives() -> None:
    release = threading.Event()

    def slow(question: WorkOrder) -> Mapping[str, Any]:
        release.wait(10)
        return {}

    with served(answer=slow, timeout=0.2) as (_, server), xmlrpc.client.ServerProxy(server.url) as proxy:
        assert code_of(proxy, {"request": "dome_status"}) is FaultCode.NO_ROOM
        assert proxy.front_desk(ORDER)
        release.set()


def test_large_orders_are_read_beside_the_loop() -> None:
    with served(guard=Guard(max_body=8_000_000)) as (_, server), Client(server.url) as client:
        with pytest.raises(Refusal, match="target"):
            client.front_desk(ORDER | {"target": "x" * 5_000_000})
        assert client.front_desk(ORDER)


class TestWithIdentities:
    """Authentication is on."""

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        return tmp_path / "identities.yaml"

    @pytest.fixture
    def tokens(self, path: Path) -> dict[str, str]:
        return {
            "robot": new_identity(path, "robot", ["observation"], speaks_for_others=True),
            "beatriz": new_identity(path, "beatriz", ["observation", "dome_status"]),
            "nobody": new_identity(path, "nobody", []),
        }

    @pytest.fixture
    def url(self, path: Path, tokens: dict[str, str], ledger: MemoryLedger) -> Iterator[str]:
        with served(ledger, identities=Identities(path)) as (_, server):
            yield server.url

    def test_a_proxy_with_credentials_in_its_url_works(
        self, url: str, tokens: dict[str, str], ledger: MemoryLedger
    ) -> None:
        for name in ("robot", "beatriz"):
            with xmlrpc.client.ServerProxy(url.replace("//", f"//{name}:{tokens[name]}@")) as proxy:
                proxy.front_desk(ORDER | {"id": name, "user": "carlos"})
        assert ledger.orders["robot"].user == "carlos"
        assert ledger.orders["beatriz"].user == "beatriz"

    def test_strangers_are_turned_away_in_the_same_words(self, url: str, tokens: dict[str, str]) -> None:
        answers = set()
        for credentials in ("", "robot:wrong@", f"robot:{tokens['beatriz']}@", "x:y@"):
            proxy = xmlrpc.client.ServerProxy(url.replace("//", "//" + credentials))
            with proxy, pytest.raises(xmlrpc.client.ProtocolError) as caught:
                proxy.front_desk(ORDER)
            assert caught.value.errcode == 401
            answers.add((caught.value.errmsg, caught.value.headers["www-authenticate"]))
        assert len(answers) == 1

    def test_an_identity_asks_what_it_may(self, url: str, tokens: dict[str, str], ledger: MemoryLedger) -> None:
        with xmlrpc.client.ServerProxy(url.replace("//", f"//robot:{tokens['robot']}@")) as proxy:
            assert code_of(proxy, {"request": "dome_status"}) is FaultCode.FORBIDDEN
        with xmlrpc.client.ServerProxy(url.replace("//", f"//nobody:{tokens['nobody']}@")) as proxy:
            assert code_of(proxy, ORDER) is FaultCode.FORBIDDEN
            assert code_of(proxy, close_dome()) is FaultCode.FORBIDDEN
        assert not ledger.orders

    def test_health_is_open_and_metrics_are_not(self, url: str, tokens: dict[str, str]) -> None:
        assert get(url, "/healthz")[0] == 200
        assert get(url, "/metrics")[0] == 401
        assert get(url, "/metrics", Authorization="Bearer " + tokens["robot"])[0] == 200


def test_metrics_count_calls_by_request_and_outcome() -> None:
    with served() as (_, server):
        with xmlrpc.client.ServerProxy(server.url) as proxy:
            proxy.front_desk(ORDER)
            code_of(proxy, ORDER | {"id": "other", "ra": 400.0})
        assert get(server.url, "/RPC2")[0] == 405
        page = get(server.url, "/metrics")[1].decode()
    assert 'toros_calls_total{outcome="accepted",request="observation",service="telescope"} 1.0' in page
    assert 'toros_calls_total{outcome="bad_value",request="unread",service="telescope"} 1.0' in page
    assert 'toros_rejected_total{service="telescope",status="405"} 1.0' in page
    assert 'toros_orders{kind="queued",service="telescope"} 1.0' in page
    assert 'toros_connections{service="telescope"} 1.0' in page


@pytest.fixture(scope="module")
def plain_url() -> Iterator[str]:
    with served() as (_, server):
        yield server.url


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 405),
        ("GET", "/RPC2", 405),
        ("OPTIONS", "/RPC2", 405),
        ("GET", "/RPC2/", 404),
        ("GET", "/index.html", 404),
        ("GET", "/..%2f..%2fetc/passwd", 404),
        ("POST", "/metrics", 405),
        ("POST", "/rpc2", 404),
        ("POST", "/xmlrpc.php", 404),
        ("PUT", "/RPC2", 405),
        ("HEAD", "/healthz", 200),
    ],
)
def test_other_ways_and_places(plain_url: str, method: str, path: str, status: int) -> None:
    assert get(plain_url, path, method)[0] == status


class TestPages:
    """A service's own pages, beside the desk."""

    @pytest.fixture
    def url(self) -> Iterator[str]:
        async def home(request: Request) -> PlainTextResponse:
            return PlainTextResponse("the portal")

        async def broken(request: Request) -> PlainTextResponse:
            raise RuntimeError("secret inside")

        with served(pages=[Route("/", home), Route("/broken", broken)]) as (_, server):
            yield server.url

    def test_a_browser_gets_them_and_the_desk_keeps_its_place(self, url: str) -> None:
        assert get(url, "/", Sec_Fetch_Site="none") == (200, b"the portal")
        assert get(url, "/nothing")[0] == 404
        assert get(url, "/healthz")[0] == 200
        with xmlrpc.client.ServerProxy(url.removesuffix("RPC2")) as proxy:
            assert proxy.front_desk(ORDER)

    def test_they_are_for_reading_and_under_our_name_only(self, url: str) -> None:
        assert get(url, "/", "DELETE")[0] == 405
        assert get(url, "/nothing", "POST")[0] == 405
        assert get(url, "/", Host="evil.example")[0] == 421

    def test_a_page_that_fails_shows_nothing_of_its_inside(self, url: str) -> None:
        status, body = get(url, "/broken")
        assert status == 500
        assert b"secret" not in body


def test_a_configured_desk_has_its_name_and_its_limits(ledger: MemoryLedger, tmp_path: Path) -> None:
    config = Config(state=tmp_path)
    desk = FrontDesk.of(config, "alert_robot", ledger, answer=lambda _: {})
    assert desk.guard.max_body == 8_000_000
    assert desk.instance == "alert_robot"
    desk.close()
