"""A page in the browser of somebody at the observatory tries to reach a desk on the same machine."""

from __future__ import annotations

import pytest

from tests.attack.raw import ask, head, post
from tests.attack.served import Served

CALL = (
    b"<methodCall><methodName>front_desk</methodName><params><param><value><struct><member><name>request</name>"
    b"<value>dome_status</value></member></struct></value></param></params></methodCall>"
)


def test_a_program_is_served(desk: Served, token: str) -> None:
    assert post(desk, CALL, token)[0] == 200


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
def test_what_a_page_can_send_without_asking_first(desk: Served, token: str, kind: str) -> None:
    assert post(desk, CALL, token, Content_Type=kind)[0] == 415


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:8702", "http://localhost"])
def test_what_has_an_origin(desk: Served, token: str, origin: str) -> None:
    assert post(desk, CALL, token, Origin=origin)[0] == 403


def test_what_a_page_asks_first_is_not_allowed(desk: Served) -> None:
    request = head(desk, method="OPTIONS", Origin="http://evil.example", Access_Control_Request_Method="POST",
                   Access_Control_Request_Headers="content-type")  # fmt: skip
    status, body, _ = ask(desk, request)
    assert status == 405
    assert b"ccess-" not in body


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8702", "127.0.0.1.evil.example", "localhost.evil.example:80", "", None]
)
@pytest.mark.parametrize("path", ["/RPC2", "/metrics", "/healthz", "/"])
def test_a_name_that_was_bound_again_to_this_machine(desk: Served, token: str, host: str | None, path: str) -> None:
    method = "POST" if path == "/RPC2" else "GET"
    assert ask(desk, head(desk, token, method, path, Host=host, Content_Length="0"))[0] == 421


def test_two_hosts_are_one_too_many(desk: Served, token: str) -> None:
    request = head(desk, token, Content_Length="0").replace(b"\r\n\r\n", b"\r\nHost: evil.example\r\n\r\n")
    assert ask(desk, request)[0] == 400


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/RPC2", 405),
        ("GET", "/", 405),
        ("GET", "/RPC2/../healthz", 404),
        ("POST", "/xmlrpc.php", 404),
        ("POST", "/RPC2/", 404),
        ("GET", "/.git/config", 404),
        ("GET", "/%2e%2e/%2e%2e/etc/passwd", 404),
        ("TRACE", "/RPC2", 405),
        ("DELETE", "/RPC2", 405),
        ("CONNECT", "127.0.0.1:22", 400),
        ("GET", "http://127.0.0.1:22/", 405),
        ("PROPFIND", "/nothing", 404),
    ],
)
def test_other_ways_and_places(desk: Served, token: str, method: str, path: str, status: int) -> None:
    assert ask(desk, head(desk, token, method, path, Content_Length="0"))[0] == status


def test_no_reply_says_what_serves_it(desk: Served, token: str) -> None:
    for request in (head(desk, token, Content_Length="0"), head(desk, method="GET"), b"GET / HTTP/1.1\r\n\r\n"):
        _, body, _ = ask(desk, request)
        assert b"uvicorn" not in body.lower()
        assert b"python" not in body.lower()
