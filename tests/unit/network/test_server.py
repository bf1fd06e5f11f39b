"""Serving on a port: where, in whose reach, and how it ends."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
import time
import xmlrpc.client
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.unit.network.desk_parts import MemoryLedger, dome, served
from toros.config import SecuritySettings, ServiceSettings
from toros.errors import ConfigurationError
from toros.network.client import Client, Unreachable
from toros.network.front_desk import FrontDesk
from toros.network.server import Bounds, DeskServer, serve
from workorders import WorkOrder


@pytest.fixture
def desk() -> FrontDesk:
    return FrontDesk("telescope", MemoryLedger(), answer=dome)


def test_a_port_in_use_is_one_clear_sentence(desk: FrontDesk) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError) as caught:
            serve(desk, "telescope", ServiceSettings(port=port), SecuritySettings())
    sentence = f"port {port} on 127.0.0.1 is in use by another program: stop it, or change services.telescope.port"
    assert str(caught.value) == sentence


@pytest.mark.parametrize("ip", ["0.0.0.0", "::", "192.168.1.5", "mountain"])
def test_nothing_is_served_to_others_without_authentication(desk: FrontDesk, ip: str) -> None:
    with pytest.raises(ConfigurationError, match="only with security.authentication: true"):
        serve(desk, "telescope", ServiceSettings(ip=ip), SecuritySettings())


def test_an_address_that_is_not_ours(desk: FrontDesk) -> None:
    with pytest.raises(ConfigurationError, match="not an address of this machine"):
        DeskServer(desk, "192.0.2.1", authenticated=True)
    with pytest.raises(ConfigurationError, match="no address here"):
        DeskServer(desk, "nowhere.invalid", authenticated=True)


def test_half_of_tls_is_refused(desk: FrontDesk, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="belong together"):
        serve(desk, "telescope", ServiceSettings(), SecuritySettings(tls_key=tmp_path / "key"))


def test_a_certificate_that_is_none(desk: FrontDesk, tmp_path: Path) -> None:
    (tmp_path / "pem").write_text("nothing")
    for path in (tmp_path / "pem", tmp_path / "missing"):
        with pytest.raises(ConfigurationError, match="cannot be used"):
            DeskServer(desk, tls=(str(path), str(path)))


def test_a_desk_listens_on_version_6_too(desk: FrontDesk) -> None:
    try:
        server = DeskServer(desk, "::1")
    except ConfigurationError:
        pytest.skip("this machine has no IPv6")
    thread = threading.Thread(target=server.run)
    thread.start()
    with Client(server.url) as client:
        assert client.front_desk({"request": "dome_status"})["dome"] == "closed"
    server.stop()
    thread.join(10)


def test_a_call_in_progress_is_finished_before_the_end() -> None:
    asked = threading.Event()

    def slow(question: WorkOrder) -> Mapping[str, Any]:
        asked.set()
        time.sleep(0.5)
        return {"late": True}

    answers: list[dict[str, Any]] = []
    with served(answer=slow) as (_, server):
        client = Client(server.url)
        caller = threading.Thread(target=lambda: answers.append(client.front_desk({"request": "dome_status"})))
        caller.start()
        assert asked.wait(5)
        server.stop()
        caller.join(5)
    assert answers == [{"late": True}]


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[str, str]:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    key, pem = str(tmp_path / "key.pem"), str(tmp_path / "certificate.pem")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", pem],
        check=True, capture_output=True,
    )  # fmt: skip
    return pem, key


def test_tls_is_served_and_trusted_by_its_certificate_only(certificate: tuple[str, str]) -> None:
    with served(tls=certificate) as (_, server):
        assert server.url.startswith("https://")
        with Client(server.url, authority=certificate[0]) as client:
            assert client.front_desk({"request": "dome_status"})["dome"] == "closed"
        with Client(server.url) as stranger, pytest.raises(Unreachable, match="cannot be trusted"):
            stranger.front_desk({"request": "dome_status"})
        context = ssl.create_default_context(cafile=certificate[0])
        with xmlrpc.client.ServerProxy(server.url, context=context) as proxy:
            assert proxy.front_desk({"request": "dome_status"})
        with Client(server.url.replace("https", "http")) as plain, pytest.raises(Unreachable):
            plain.front_desk({"request": "dome_status"})


def test_a_handshake_that_never_comes_is_cut(certificate: tuple[str, str]) -> None:
    with (
        served(tls=certificate, bounds=Bounds(headers=0.5)) as (_, server),
        socket.create_connection((server.ip, server.port)) as idle,
    ):
        idle.settimeout(5)
        started = time.monotonic()
        assert idle.recv(10) == b""
        assert time.monotonic() - started < 2
