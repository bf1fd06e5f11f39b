"""No alert is lost and none is doubled: the robot is killed at every step between the wire and the ledger."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.support.daemons import Daemon, Network, eventually, free_port, once_in_window
from tests.support.kafka_broker import KafkaBroker
from tests.support.vtp_broker import VtpBroker

ROBOT = {"alert_robot": "tests.support.listening:ROBOT"}
EVENT = '<v:VOEvent xmlns:v="http://www.ivoa.net/xml/VOEvent/v2.0" ivorn="ivo://a/b#{}" role="test"/>'
WINDOWS = ("accepting", "received", pytest.param("spooled", marks=pytest.mark.long))
SAMPLES = Path(os.environ.get("TOROS_SAMPLE_DATA", "/nowhere")) / "alerts"


def robot(folder: Path, listeners: dict[str, Any], **more: Any) -> Network:
    return Network(folder, ROBOT, {"alerts": {"listeners": listeners}, **more}, start=False)


def kafka(address: str, *topics: str, **more: Any) -> dict[str, Any]:
    settings = {"servers": [address], "topics": list(topics), "login": "none", "tls": False, "begin_days": 0.0}
    return {"kafka": {"here": {**settings, **more}}}


def vtp(port: int, **more: Any) -> dict[str, Any]:
    return {"vtp": {"here": {"host": "127.0.0.1", "port": port, **more}}}


def folder(path: Path) -> dict[str, Any]:
    return {"folder": {"in": {"path": str(path), "still": 0.0}}}


def hashes(daemon: Daemon) -> Counter[str]:
    """Return how many orders were done for each content."""
    rows = daemon.ask("list_orders", named="process_alert", limit=1000)["orders"]
    return Counter(daemon.status(row["id"])["result"]["hash"] for row in rows if row["state"] == "done")


def once_each(daemon: Daemon, contents: Sequence[bytes], seconds: float = 20.0) -> None:
    """Wait until every content has its order, and look that none has two."""
    wanted = {hashlib.sha256(content).hexdigest() for content in contents}
    eventually(lambda: daemon.counts().get("done", 0) >= len(wanted), seconds)
    assert hashes(daemon) == dict.fromkeys(wanted, 1)
    assert sum(daemon.counts().values()) == len(wanted)


def listener(daemon: Daemon, number: int = 0) -> dict[str, Any]:
    return dict(daemon.ask("status")["listeners"][number])


def killed(daemon: Daemon, window: str, then: Callable[[], None] = lambda: None) -> None:
    """Kill the robot in a window, and start it again."""
    with once_in_window(daemon, window) as kill:
        then()
        kill()
    daemon.start()


@pytest.mark.parametrize("window", WINDOWS)
def test_a_robot_that_is_killed_between_wire_and_acknowledgement(tmp_path: Path, window: str) -> None:
    """All three sources at once: whichever is first in the window, none loses anything."""
    pytest.importorskip("gcn_kafka", reason="the kafka extra is not installed")
    inbox = tmp_path / "in"
    inbox.mkdir()
    events = [EVENT.format(number).encode() for number in range(3)]
    notices = [b'{"notice": %d}' % number for number in range(3)]
    files = [b'{"file": %d}' % number for number in range(3)]
    with KafkaBroker() as broker, VtpBroker() as other:
        broker.send("alerts", *notices)
        for event in events:
            other.send(event)
        for number, content in enumerate(files):
            (inbox / f"{number}.json").write_bytes(content)
        listeners = {**kafka(broker.address, "alerts"), **vtp(other.port), **folder(inbox)}
        with robot(tmp_path, listeners) as network:
            killed(network["alert_robot"], window)
            once_each(network["alert_robot"], [*events, *notices, *files])
            eventually(lambda: len(set(other.acknowledged)) == 3 and len(list((inbox / "done").iterdir())) == 3)


def test_a_broker_that_was_killed_is_found_again_on_the_same_port(tmp_path: Path) -> None:
    port = free_port()
    with robot(tmp_path, vtp(port, silence=1.0)) as network:
        daemon = network["alert_robot"].start()
        eventually(lambda: listener(daemon)["state"] == "silent")
        assert "refused" in listener(daemon)["trouble"]
        for number in range(2):
            with VtpBroker(port) as broker:
                broker.send(EVENT.format(number).encode())
                eventually(lambda broker=broker: broker.acknowledged)
                assert listener(daemon)["state"] == "connected" and "connected_since" in listener(daemon)
        once_each(daemon, [EVENT.format(number).encode() for number in range(2)])
        assert "nothing was heard" in daemon.output() and "speaks again" in daemon.output()


def test_a_kafka_broker_that_falls_silent_is_noticed_and_read_on(tmp_path: Path) -> None:
    pytest.importorskip("gcn_kafka", reason="the kafka extra is not installed")
    with KafkaBroker() as broker:
        broker.send("alerts", b"{}")
        broker.send("beat", b"")
        with robot(tmp_path, kafka(broker.address, "alerts", heartbeat="beat", silence=1.0)) as network:
            daemon = network["alert_robot"].start()
            once_each(daemon, [b"{}"])
            broker.freeze()
            eventually(lambda: listener(daemon)["state"] == "silent")
            broker.thaw()
            broker.send("alerts", b'{"after": 1}')
            once_each(daemon, [b"{}", b'{"after": 1}'])
            page = daemon_metrics(daemon)
            assert 'toros_listener_received{kind="kafka:here",service="alert_robot"} 2.0' in page
            assert daemon.stop() == 0


def daemon_metrics(daemon: Daemon) -> str:
    import urllib.request

    with urllib.request.urlopen(f"http://127.0.0.1:{daemon.port}/metrics", timeout=5) as answer:
        return str(answer.read().decode())


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="TOROS_SAMPLE_DATA names no folder with sample alerts")
def test_every_sample_comes_once_by_every_route_that_can_carry_it(tmp_path: Path) -> None:
    pytest.importorskip("gcn_kafka", reason="the kafka extra is not installed")
    files = [file for kind in ("gwalert", "gcn_notice", "voevent") for file in sorted((SAMPLES / kind).iterdir())]
    inbox = tmp_path / "in"
    inbox.mkdir()
    with KafkaBroker() as broker, VtpBroker() as other:
        for number, file in enumerate(files):
            content = file.read_bytes()
            broker.send(f"sample{number}", content)
            (inbox / file.name).write_bytes(content)
            if file.suffix == ".xml":
                other.send(content)
        topics = [f"sample{number}" for number in range(len(files))]
        with robot(tmp_path, {**kafka(broker.address, *topics), **vtp(other.port), **folder(inbox)}) as network:
            daemon = network["alert_robot"].start()
            xml = [file for file in files if file.suffix == ".xml"]
            wanted = {"kafka:here": len(files), "vtp:here": len(xml), "folder:in": len(files)}
            eventually(lambda: received(daemon) == wanted, 30.0)
            once_each(daemon, [file.read_bytes() for file in files])


def received(daemon: Daemon) -> dict[str, int]:
    return {one["name"]: one["received"] for one in daemon.ask("status")["listeners"]}


@pytest.mark.long
def test_a_burst_of_a_thousand_alerts_is_durable_within_a_minute_whatever_the_ranking(tmp_path: Path) -> None:
    pytest.importorskip("gcn_kafka", reason="the kafka extra is not installed")
    contents = [b'{"notice": %d}' % number for number in range(1000)]
    with KafkaBroker() as broker, robot(tmp_path, kafka(broker.address, "alerts")) as network:
        daemon = network["alert_robot"].start(TOROS_TEST_RANKING="3")
        broker.send("alerts", *contents)
        began = time.monotonic()
        eventually(lambda: received(daemon) == {"kafka:here": 1000}, 60.0)
        counts = daemon.counts()
        assert sum(counts.values()) == 1000 and counts["queued"] > 900
        print(f"1000 alerts durable in {time.monotonic() - began:.1f} s; {counts}")


@pytest.mark.long
def test_no_alert_of_a_stream_is_lost_or_doubled_over_many_kills(tmp_path: Path) -> None:
    pytest.importorskip("gcn_kafka", reason="the kafka extra is not installed")
    contents = [b'{"notice": %d}' % number for number in range(200)]
    with KafkaBroker() as broker, robot(tmp_path, kafka(broker.address, "alerts")) as network:
        daemon = network["alert_robot"].start()
        for kill in range(20):
            broker.send("alerts", *contents[10 * kill : 10 * kill + 10], partition=kill % 4)
            time.sleep(0.05 * (kill % 7))
            daemon.restart()
        once_each(daemon, contents, 60.0)
        print("200 alerts, 20 kills: each one order")


@pytest.mark.long
@pytest.mark.skipif(not SAMPLES.is_dir(), reason="TOROS_SAMPLE_DATA names no folder with sample alerts")
def test_comet_s_broker_is_listened_to(tmp_path: Path) -> None:
    """Comet listens at every address of the machine, and turns away whoever is not on it."""
    pytest.importorskip("comet", reason="Comet is not installed")
    receiving, sending = free_port(), free_port()
    here = "127.0.0.1/32"
    (tmp_path / "events").mkdir()
    command = [
        str(Path(sys.executable).parent / "twist"), f"--log-file={tmp_path / 'comet.log'}", "comet",
        "--local-ivo=ivo://org.example/broker", "-r", f"--receive-port={receiving}", "-b",
        f"--broadcast-port={sending}", "--broadcast-test-interval=0", f"--author-whitelist={here}",
        f"--subscriber-whitelist={here}", f"--eventdb={tmp_path / 'events'}",
    ]  # fmt: skip
    files = sorted((SAMPLES / "voevent").glob("MS181101ab-*.xml"))
    comet = subprocess.Popen(command, cwd=tmp_path, env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)})
    try:
        with robot(tmp_path, vtp(sending)) as network:
            daemon = network["alert_robot"].start()
            eventually(lambda: listener(daemon)["state"] == "connected", 30.0)
            for file in files:
                arguments = ["-h", "127.0.0.1", "-p", str(receiving), "-f", str(file)]
                subprocess.run([str(Path(sys.executable).parent / "comet-sendvo"), *arguments], check=True, timeout=30)
            once_each(daemon, [file.read_bytes() for file in files])
            assert len(files) == 6 and "failure" not in (tmp_path / "comet.log").read_text().lower()
    finally:
        comet.kill()
        comet.wait()
