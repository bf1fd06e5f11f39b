"""Given an empty folder, a node is made in it that daemons and people can use at once."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path

import pytest

from toros.cli import main
from toros.cli.init import OPERATOR, make_node
from toros.config import Config, load_config
from toros.network.auth import Identities, Unknown
from workorders import DESKS


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def caller(config: Config, name: str):  # type: ignore[no-untyped-def]
    token = (config.state / "tokens" / f"{name}.token").read_text().strip()
    return Identities(config.security.identities).caller(f"Bearer {token}".encode())


def test_a_node_has_a_configuration_folders_and_identities(tmp_path: Path) -> None:
    make_node(tmp_path / "node")
    config = load_config(tmp_path / "node" / "toros.conf.yaml")
    assert config.state == tmp_path / "node" / "state"
    assert all(folder.is_dir() for folder in config.files.roots.values())
    assert config.security.authentication
    operator = caller(config, OPERATOR)
    assert operator.may("open_dome")
    assert not operator.speaks_for_others
    for name in DESKS:
        assert caller(config, name).name == name
        assert caller(config, name).speaks_for_others
    assert caller(config, "alert_robot").may("receive_targets")
    assert caller(config, "telescope").may("observation")
    follows = ("process_product", "call_hook", "send_notice")
    assert all(caller(config, "data_manager").may(name) for name in follows), "of its own desk"
    assert not caller(config, "portal").may("observation")
    assert not caller(config, "harvester").may("open_dome")


def test_secrets_can_be_read_by_their_owner_alone(tmp_path: Path) -> None:
    made = make_node(tmp_path)
    tokens = list((tmp_path / "state" / "tokens").iterdir())
    assert len(tokens) == len(DESKS) + 1
    assert {mode(path) for path in tokens} == {0o600}
    assert mode(tmp_path / "state" / "identities.yaml") == 0o600
    everything = (tmp_path / "toros.conf.yaml").read_text() + (tmp_path / "state" / "identities.yaml").read_text()
    assert made["operator_token"] not in everything


def test_a_node_is_completed_and_never_overwritten(tmp_path: Path) -> None:
    make_node(tmp_path)
    file = tmp_path / "toros.conf.yaml"
    file.write_text(re.sub(r'level: "?INFO"?', "level: DEBUG", file.read_text(), count=1))
    kept, lost = tmp_path / "state/tokens/operator.token", tmp_path / "state/tokens/telescope.token"
    secret, old = kept.read_text(), lost.read_text().strip()
    lost.unlink()
    again = make_node(tmp_path)
    config = load_config(file)
    assert config.logging.level == "DEBUG"
    assert kept.read_text() == secret
    assert "operator_token" not in again
    assert again["written"] == [str(lost)]
    with pytest.raises(Unknown):
        Identities(config.security.identities).caller(f"Bearer {old}".encode())
    assert caller(config, "telescope").name == "telescope"


def test_the_operators_token_is_printed_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", str(tmp_path)]) == 0
    token = (tmp_path / "state" / "tokens" / "operator.token").read_text().strip()
    assert token in capsys.readouterr().out
    assert main(["init", str(tmp_path), "--json"]) == 0
    out = capsys.readouterr().out
    assert token not in out
    assert json.loads(out)["written"] == []


def test_state_and_logs_may_lie_elsewhere(tmp_path: Path) -> None:
    assert main(["init", str(tmp_path / "etc"), "--state", str(tmp_path / "var"), "--logs",
                 str(tmp_path / "log" / "toros.log"), "--no-authentication"]) == 0  # fmt: skip
    config = load_config(tmp_path / "etc" / "toros.conf.yaml")
    assert config.state == tmp_path / "var"
    assert config.logging.file == str(tmp_path / "log" / "toros.log")
    assert not (tmp_path / "var" / "tokens").exists()
