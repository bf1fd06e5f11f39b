"""Files are fetched from a real server, which does its worst."""

from __future__ import annotations

import hashlib
import http.server
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from toros import download as module
from toros.download import Limits, download, kept
from toros.errors import Permanent, Temporary

MAP = b"SIMPLE  =" + bytes(range(256)) * 40


class Handler(http.server.BaseHTTPRequestHandler):
    """Does what the path says."""

    def do_GET(self) -> None:
        with suppress(ConnectionError):
            getattr(self, self.path[1:].partition("?")[0].partition("/")[0])()

    def map(self) -> None:
        self._begin(200, Content_Length=str(len(MAP)))
        self.wfile.write(MAP)

    def endless(self) -> None:
        self._begin(200)
        while True:
            self.wfile.write(b"x" * 65536)

    def slow(self) -> None:
        self._begin(200)
        for _ in range(100):
            self.wfile.write(b"x")
            time.sleep(0.05)

    def slow_headers(self) -> None:
        for _ in range(100):
            self.wfile.write(b"H")
            time.sleep(0.05)

    def short(self) -> None:
        self._begin(200, Content_Length="1000")
        self.wfile.write(b"x")

    def boasting(self) -> None:
        self._begin(200, Content_Length="5000000000")

    def packed(self) -> None:
        self._begin(200, Content_Encoding="gzip")

    def to(self) -> None:
        self._begin(302, Location=self.path[4:])

    def again(self) -> None:
        self._begin(302, Location="/again")

    def status(self) -> None:
        self._begin(int(self.path[8:11]))

    def _begin(self, status: int, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


LIMITS = Limits(hosts=("127.0.0.1",), seconds=10.0, largest=100_000, schemes=("http",), private=True)


def test_a_map_is_fetched_and_kept_once_under_its_hash(server: str, tmp_path: Path) -> None:
    found = download(f"{server}/map", LIMITS)
    assert found.content == MAP and found.sha256 == hashlib.sha256(MAP).hexdigest()
    path = kept(found, tmp_path)
    assert path.name == found.sha256 and path.read_bytes() == MAP
    written = path.stat().st_mtime_ns
    assert kept(found, tmp_path) == path and path.stat().st_mtime_ns == written


def test_a_redirect_inside_the_list_is_followed(server: str) -> None:
    assert download(f"{server}/to//map", LIMITS).url == f"{server}/map"


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("http://localhost/secret", "is at localhost; allowed: 127.0.0.1"),
        ("https://127.0.0.1/map", "has the scheme 'https'; allowed: http"),
        ("file:///etc/passwd", "has the scheme 'file'"),
        ("http://user:secret@127.0.0.1/map", "holds a login"),
        ("http://127.0.0.1.evil.example/map", "is at 127.0.0.1.evil.example"),
        ("http://[::1]/map", "is at ::1"),
        ("http://127.0.0.1:99999999/map", "is no URL"),
        ("/again", "is redirected more than 5 times"),
    ],
)
def test_a_redirect_out_of_the_list_is_not_followed(server: str, target: str, words: str) -> None:
    with pytest.raises(Permanent) as refused:
        download(f"{server}/to/{target}", LIMITS)
    assert words in str(refused.value) and "secret@" not in str(refused.value)


def test_a_listed_name_that_leads_into_the_private_network_is_left(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = replace(LIMITS, private=False)
    with pytest.raises(Permanent, match="a login or a port"):
        download(f"{server}/map", limits)
    monkeypatch.setattr(module, "_check", lambda *_: None)
    with pytest.raises(Permanent, match="not of the public internet"):
        download(f"{server}/map", limits)
    looked_at = []
    monkeypatch.setattr(module, "ip_address", lambda text: looked_at.append(text) or ip_address("8.8.8.8"))
    assert download(f"{server}/map", limits).content == MAP
    assert looked_at == ["127.0.0.1"]


@pytest.mark.parametrize("path", ["endless", "boasting"])
def test_a_body_that_is_too_large_is_given_up(server: str, path: str) -> None:
    with pytest.raises(Permanent, match="is larger than 100000 bytes"):
        download(f"{server}/{path}", LIMITS)


@pytest.mark.parametrize("path", ["slow", "slow_headers"])
def test_an_answer_that_drips_is_given_up_in_time(server: str, path: str) -> None:
    with pytest.raises(Temporary, match="was not there within 0.2 s"):
        download(f"{server}/{path}", replace(LIMITS, seconds=0.2))


@pytest.mark.parametrize(
    ("path", "kind"),
    [("short", Temporary), ("status/503", Temporary), ("status/404", Temporary), ("status/403", Permanent),
     ("packed", Permanent)],
)  # fmt: skip
def test_other_answers(server: str, path: str, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        download(f"{server}/{path}?token=abc", LIMITS)


@pytest.mark.parametrize("url", ["", "gracedb.ligo.org/map", "https://", "https://gracedb.ligo.org:22/", "ftp://a/b"])
def test_what_is_no_url_of_an_allowed_host(url: str) -> None:
    with pytest.raises(Permanent):
        download(url, Limits(hosts=("gracedb.ligo.org",), seconds=1.0, largest=1000))
