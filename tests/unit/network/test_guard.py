"""What a request must look like before anybody reads its body."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any

import pytest

from toros.config import SecuritySettings, ServiceSettings
from toros.network.guard import Guard, Rejected

GOOD = {b"host": b"localhost:8702", b"content-type": b"text/xml", b"content-length": b"100"}


def status(guard: Guard, method: str = "POST", **changed: bytes | None) -> int:
    """Return the HTTP status that a request with these headers is turned away with; 200 where it is let in."""
    headers = GOOD | {name.replace("_", "-").encode(): value for name, value in changed.items() if value is not None}
    gone = {name.replace("_", "-").encode() for name, value in changed.items() if value is None}
    try:
        known = guard.headers((name, value) for name, value in headers.items() if name not in gone)
        guard.check_desk(method, known)
    except Rejected as rejected:
        return rejected.status
    return 200


@pytest.mark.parametrize(
    "host", [b"localhost", b"localhost:9", b"127.0.0.1:8702", b"[::1]:8702", b"LOCALHOST:8702", b"ctmo", b"10.0.0.5:1"]
)
def test_hosts_that_are_ours(host: bytes) -> None:
    guard = Guard.of(ServiceSettings(ip="10.0.0.5"), SecuritySettings(hosts=["CTMO"]))
    assert status(guard, host=host) == 200


@pytest.mark.parametrize(
    "host",
    [b"evil.example:8702", b"localhost.evil.example", b"", None, b"127.0.0.1.nip.io", b"10.0.0.6", b"[::2]", b"@"],
)  # fmt: skip
def test_hosts_that_are_not(host: bytes | None) -> None:
    guard = Guard.of(ServiceSettings(ip="10.0.0.5"), SecuritySettings(hosts=["ctmo"]))
    assert status(guard, host=host) == 421


def test_a_desk_on_every_address_is_known_by_every_address_but_by_no_other_name() -> None:
    guard = Guard.of(ServiceSettings(ip="0.0.0.0"), SecuritySettings())
    assert status(guard, host=b"192.168.7.7:8702") == 200
    assert status(guard, host=b"[fe80::1]:8702") == 200
    assert status(guard, host=b"evil.example") == 421


def test_an_address_of_version_6_is_known_in_brackets() -> None:
    assert status(Guard.of(ServiceSettings(ip="fd00::5"), SecuritySettings()), host=b"[fd00::5]:8702") == 200


@pytest.mark.parametrize("kind", [b"text/xml", b"text/xml; charset=utf-8", b"Text/XML;charset=UTF-8"])
def test_content_types_of_programs(kind: bytes) -> None:
    assert status(Guard(), content_type=kind) == 200


@pytest.mark.parametrize(
    "kind",
    [b"text/plain", b"application/x-www-form-urlencoded", b"multipart/form-data", b"application/json", b"", None],
)
def test_content_types_that_a_page_can_send(kind: bytes | None) -> None:
    assert status(Guard(), content_type=kind) == 415


def test_pages_are_turned_away() -> None:
    assert status(Guard(), origin=b"http://localhost:8702") == 403
    assert status(Guard(), origin=b"null") == 403
    assert status(Guard(), sec_fetch_site=b"cross-site") == 403


def test_only_post_reaches_the_desk() -> None:
    for method in ("GET", "HEAD", "PUT", "OPTIONS", "DELETE", "TRACE", "PATCH"):
        assert status(Guard(), method) == 405


def test_compressed_bodies_are_not_taken() -> None:
    assert status(Guard(), content_encoding=b"gzip") == 415
    assert status(Guard(), content_encoding=b"identity") == 200


def test_the_size_is_known_before_the_body_comes() -> None:
    assert status(Guard(max_body=100)) == 200
    assert status(Guard(max_body=99)) == 413


@pytest.mark.parametrize("name", [b"host", b"authorization", b"content-type", b"content-length"])
def test_a_header_that_decides_may_not_be_doubled(name: bytes) -> None:
    with pytest.raises(Rejected, match="twice") as caught:
        Guard().headers([(b"host", b"localhost"), (name, b"1"), (name, b"1")])
    assert caught.value.status == 400


def body_of(guard: Guard, *messages: MutableMapping[str, Any]) -> bytes:
    waiting = iter(messages)

    async def receive() -> MutableMapping[str, Any]:
        return next(waiting)

    return asyncio.run(guard.body(receive))


def piece(body: bytes, more: bool = True) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


def test_a_body_comes_in_pieces() -> None:
    assert body_of(Guard(), piece(b"a" * 10, more=False)) == b"a" * 10
    assert body_of(Guard(), piece(b"ab"), piece(b""), piece(b"c", more=False)) == b"abc"


def test_a_body_is_cut_at_the_limit_however_it_comes() -> None:
    for pieces in ([piece(b"a" * 11, more=False)], [piece(b"a" * 6), piece(b"a" * 5)]):
        with pytest.raises(Rejected) as caught:
            body_of(Guard(max_body=10), *pieces)
        assert caught.value.status == 413


def test_a_caller_who_goes_away_is_a_connection_error() -> None:
    with pytest.raises(ConnectionError):
        body_of(Guard(), piece(b"a"), {"type": "http.disconnect"})
