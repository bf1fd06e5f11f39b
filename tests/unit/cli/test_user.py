"""Given a node that asks for tokens, `toros user` lets people in and out, and `toros data audit` tells who did what."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from tests.support.daemons import Network, eventually
from tests.unit.cli.terminal import Terminal
from toros.cli import main
from toros.cli.codes import ExitCode
from toros.cli.init import make_node

GROUP: tuple[str, ...] = ()


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    security = {"authentication": True, "token_file": "tokens/operator.token"}
    network = Network(
        tmp_path_factory.mktemp("network"), services=["data_manager"], settings={"security": security}, start=False
    )
    make_node(network.folder)
    network.environment["TOROS_TOKEN"] = (network.folder / "state/tokens/data_manager.token").read_text().strip()
    with network:
        network.start()
        yield network


def identities(network: Network) -> dict[str, Any]:
    return dict(yaml.safe_load((network.folder / "state" / "identities.yaml").read_text()))


@pytest.mark.parametrize(
    "command", ["user add", "user list", "user token", "user disable", "user groups", "data audit"]
)
def test_every_command_has_help_with_examples(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*command.split(), "--help"]) == 0
    said = capsys.readouterr().out
    assert f"toros {command}" in said.split("Examples:")[1] and "--json" in said


def test_a_person_is_let_in_and_out_again(
    network: Network, toros: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert toros("user", "add", "ann", "--role", "scientist", "--group", "novae")[0] == ExitCode.OK
    made = json.loads(toros("user", "token", "ann", "--json")[1])
    token = made["token"]
    assert (made["state"], made["result"]["token"]) == ("done", "valid")
    assert token not in json.dumps(json.loads(toros("orders", "--json", "--desk", "data_manager")[1]))
    eventually(lambda: "ann" in identities(network))
    assert token not in str(identities(network)) and "portal" in identities(network)

    with monkeypatch.context() as hers:
        hers.setenv("TOROS_TOKEN", token)
        assert toros("target", "add", "Hers", "--ra", "10", "--dec", "20", "access=private")[0] == ExitCode.OK
        told = json.loads(toros("data", "audit", "--of", "hers", "--json")[1])
        assert [(row["by"], row["action"]) for row in told["changes"]] == [("ann", "made")]
        assert "made" in toros("data", "audit", "--of", "hers")[1]
        assert "administrator" in toros("user", "add", "ann", "--role", "admin")[1]
        assert "may not ask this" in toros("orders", "--desk", "data_manager")[1]
        assert json.loads(toros("user", "groups", "ann", "--json")[1]) == ["novae"]
        assert "novae" not in toros("user", "groups", "operator")[1]

    assert toros("user", "disable", "ann")[0] == ExitCode.OK
    eventually(lambda: identities(network)["ann"].get("revoked"))
    monkeypatch.setenv("TOROS_TOKEN", token)
    assert eventually(lambda: "a valid token is needed" in toros("target", "show", "hers")[1])


def test_a_token_may_go_into_a_file_and_is_not_shown(network: Network, toros: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "bob.token"
    toros("user", "add", "bob")
    said = toros("user", "token", "bob", "--request", "find_targets", "--expires", "2099-01-01", "--file", str(file))[1]
    token = file.read_text().strip()
    assert len(token) == 43 and token not in said and stat.S_IMODE(file.stat().st_mode) == 0o600
    eventually(lambda: identities(network).get("bob", {}).get("requests") == ["find_targets"])
    assert "exists" in toros("user", "token", "bob", "--file", str(file))[1]
    assert "revoked" in toros("user", "token", "bob", "--revoke", "--json")[1]
    said = toros("user", "list")[1]
    assert "bob" in said and "revoked" in said and "observer" in said


def test_a_password_is_hashed_before_it_travels(toros: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    typed = iter(["short", "correct horse battery"])
    monkeypatch.setattr(typer, "prompt", lambda *_, **__: next(typed))
    assert toros("user", "add", "carl", "--password")[0] == ExitCode.OK
    orders = toros("orders", "--json", "--desk", "data_manager")[1]
    assert "argon2" not in orders and "correct horse" not in orders and "carl" in orders
    assert toros("user", "groups", "carl", "a", "b")[0] == toros("user", "groups", "carl", "--none")[0] == ExitCode.OK
    assert "no groups" in toros("user", "groups", "carl")[1]
    assert "there is no person dora" in toros("user", "groups", "dora")[1]
