"""The listeners of the configuration: what is missing is said, secrets stay secret, and every block is used."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from toros.alerts.listeners.configured import configured_listeners
from toros.config import load_config
from toros.config.commented import commented_configuration
from toros.errors import ConfigurationError

GCN = {"topics": ["igwn.gwalert"], "user": "client"}


@pytest.fixture(autouse=True)
def _no_state(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TOROS_STATE", raising=False)


def loaded(state: Path, /, **listeners: Any) -> Any:
    file = state / "toros.conf.yaml"
    file.write_text(yaml.safe_dump({"state": str(state), "alerts": {"listeners": listeners}}))
    return load_config(file)


@pytest.mark.parametrize(
    ("listeners", "words"),
    [
        ({"kafka": {"gcn": {"topics": ["a"]}}}, "alerts.listeners.kafka.gcn.user is missing"),
        ({"kafka": {"gcn": {"user": "me"}}}, "alerts.listeners.kafka.gcn.topics is missing; allowed: a list"),
        ({"kafka": {"gcn": {**GCN, "topics": []}}}, "alerts.listeners.kafka.gcn.topics is"),
        ({"kafka": {"gcn": {**GCN, "login": "plain"}}}, "kafka.gcn.servers is empty; allowed: host:port"),
        ({"kafka": {"gcn": {**GCN, "tls": False}}}, "never sent in clear"),
        ({"kafka": {"gcn": {**GCN, "topcis": []}}}, "did you mean topics?"),
        ({"kafka": {"gcn": {**GCN, "secret": "s3cret"}}}, "unknown key alerts.listeners.kafka.gcn.secret"),
        ({"kafka": {"a b": GCN}}, "alerts.listeners.kafka has the name 'a b'"),
        ({"vtp": {"here": {}}}, "alerts.listeners.vtp.here.host is missing"),
        ({"vtp": {"here": {"host": "a", "ivorn": "me"}}}, "allowed: a name such as ivo://"),
        ({"folder": {"in": {"path": "in", "still": -1}}}, "alerts.listeners.folder.in.still is -1"),
        ({"pigeon": {}}, "unknown key alerts.listeners.pigeon"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(tmp_path: Path, listeners: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigurationError) as told:
        loaded(tmp_path, **listeners)
    assert words in str(told.value) and "s3cret" not in str(told.value)


def test_every_block_that_is_on_is_a_listener(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOROS_KAFKA_SECRET_GCN", "s3cret")
    (tmp_path / "password").write_text("pa55word\n")
    scimma = {"servers": ["kafka.scimma.org:9092"], "topics": ["igwn.gwalert"], "login": "scram", "user": "me",
              "secret_file": "password"}  # fmt: skip
    kafka = {"gcn": GCN, "scimma": scimma, "off": {**GCN, "enabled": False}}
    config = loaded(tmp_path, kafka=kafka, vtp={"svom": {"host": "h"}}, folder={"in": {"path": "in"}})
    listeners = configured_listeners(config)
    assert [one.name for one in listeners] == ["kafka:gcn", "kafka:scimma", "vtp:svom", "folder:in"]
    assert [one.where for one in listeners] == [
        "kafka.gcn.nasa.gov", "kafka.scimma.org:9092", "h:8099", str(tmp_path / "in")
    ]  # fmt: skip
    assert [one.silence for one in listeners] == [60.0, 0.0, 150.0, 0.0]
    assert listeners[0]._settings["client_secret"] == "s3cret"  # type: ignore[union-attr]
    assert listeners[1]._settings["sasl.password"] == "pa55word"  # type: ignore[union-attr]
    assert all("s3cret" not in text and "pa55word" not in text for text in map(repr, [config, *listeners]))


def test_a_secret_that_is_not_there_is_missed(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="TOROS_KAFKA_SECRET_GCN"):
        configured_listeners(loaded(tmp_path, kafka={"gcn": GCN}))
    with pytest.raises(ConfigurationError, match="secret_file cannot be read: No such file"):
        configured_listeners(loaded(tmp_path, kafka={"gcn": {**GCN, "secret_file": "none"}}))


def test_listeners_are_written_so_that_they_are_read_again(tmp_path: Path) -> None:
    changes = {"alerts": {"listeners": {"folder": {"in": {"path": str(tmp_path / "in")}}, "kafka": {"gcn": GCN}}}}
    file = tmp_path / "toros.conf.yaml"
    file.write_text(commented_configuration(changes))
    listeners = load_config(file).alerts.listeners
    assert listeners.kafka["gcn"].user == "client" and listeners.folder["in"].path == tmp_path / "in"
