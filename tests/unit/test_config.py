"""Where the configuration is found, what it holds, and that its paths depend on nothing but the file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from toros.config import Config, FileSettings, ServiceSettings, config_hash, find_config, load_config, loader
from toros.errors import ConfigurationError


@pytest.fixture(autouse=True)
def _no_other_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("TOROS_CONF", raising=False)
    monkeypatch.delenv("TOROS_STATE", raising=False)
    monkeypatch.setattr(loader, "INSTALLED", tmp_path / "etc" / "toros.conf.yaml")


def write(path: Path, text: str) -> Path:
    """Write a file and its folders, and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_the_search_goes_from_the_option_over_the_environment_to_the_installed_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert find_config() is None
    installed = write(tmp_path / "etc" / "toros.conf.yaml", "camera: {seed: 3}")
    assert find_config() == installed and load_config().camera.seed == 3
    environment = write(tmp_path / "environment.yaml", "camera: {seed: 2}")
    monkeypatch.setenv("TOROS_CONF", str(environment))
    assert find_config() == environment and load_config().camera.seed == 2
    option = write(tmp_path / "option.yaml", "camera: {seed: 1}")
    assert find_config(option) == option and load_config(option).camera.seed == 1


@pytest.mark.parametrize("source", ["--config", "TOROS_CONF"])
def test_a_file_that_is_named_but_missing_is_an_error_and_never_replaced_by_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    write(tmp_path / "etc" / "toros.conf.yaml", "")
    missing = tmp_path / "missing.yaml"
    if source == "TOROS_CONF":
        monkeypatch.setenv("TOROS_CONF", str(missing))
    with pytest.raises(ConfigurationError, match=f"{missing}: .*no such configuration file.*{source}"):
        load_config(missing if source == "--config" else None)


def test_without_a_file_logs_go_below_state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TOROS_STATE", str(tmp_path / "state"))
    config = load_config()
    assert config.logging.file == str(tmp_path / "state" / "logs" / "{service}.log")
    assert config.state == tmp_path / "state"


def test_with_a_file_logs_go_where_the_documented_default_says(tmp_path: Path) -> None:
    assert load_config(write(tmp_path / "a.yaml", "")).logging.file == "/etc/toros/logs/toros.log"


def test_every_path_is_absolute_and_below_state_where_it_is_relative(tmp_path: Path) -> None:
    file = write(
        tmp_path / "a.yaml",
        "state: /var/lib/toros\n"
        "logging: {file: logs/toros.log}\n"
        "files: {roots: {raw: frames, archive: /archive}}\n"
        "security: {token_file: tokens/me, tls_certificate: ~/cert.pem, tls_key: /key.pem}\n"
        "database: {password_file: password}\n",
    )
    config = load_config(file)
    assert config.logging.file == "/var/lib/toros/logs/toros.log"
    assert config.files.roots == {
        "raw": Path("/var/lib/toros/frames"),
        "products": Path("/var/lib/toros/products"),
        "alerts": Path("/var/lib/toros/alerts"),
        "archive": Path("/archive"),
    }
    assert config.security.identities == Path("/var/lib/toros/identities.yaml")
    assert config.security.token_file == Path("/var/lib/toros/tokens/me")
    assert config.security.tls_certificate == Path.home() / "cert.pem"
    assert config.database.password_file == Path("/var/lib/toros/password")


def test_a_relative_state_is_below_the_folder_of_the_file_whatever_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(tmp_path / "node" / "toros.conf.yaml", "state: here")
    monkeypatch.chdir("/")
    assert load_config(file).state == tmp_path / "node" / "here"


def test_the_state_of_the_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(tmp_path / "a.yaml", "state: /var/lib/toros")
    monkeypatch.setenv("TOROS_STATE", str(tmp_path / "mine"))
    config = load_config(file)
    assert config.state == tmp_path / "mine" and config.files.roots["raw"] == tmp_path / "mine" / "raw"


def test_a_service_given_in_part_keeps_the_defaults_of_the_rest() -> None:
    config = Config.model_validate(
        {"services": {"telescope": {"ip": "10.0.0.5"}, "alert_robot": ServiceSettings(name="robot")}}
    )
    assert config.services["telescope"] == ServiceSettings(ip="10.0.0.5", port=8702)
    assert config.services["alert_robot"] == ServiceSettings(name="robot", port=8701, max_body=8_000_000)
    assert [service.port for service in config.services.values()] == [8701, 8702, 8703, 8704, 8705, 8706]


@pytest.mark.parametrize(
    ("settings", "url"),
    [
        ({}, "http://127.0.0.1:8701/RPC2"),
        ({"ip": "10.0.0.5", "port": 99}, "http://10.0.0.5:99/RPC2"),
        ({"ip": "fe80::1"}, "http://[fe80::1]:8701/RPC2"),
        ({"http": "https://desk.example.org/telescope"}, "https://desk.example.org/telescope"),
    ],
)
def test_a_desk_is_reached_at_its_address_or_its_url(settings: dict[str, Any], url: str) -> None:
    assert ServiceSettings(**settings).url == url


def test_a_section_with_nothing_in_it_keeps_its_defaults(tmp_path: Path) -> None:
    file = write(tmp_path / "a.yaml", "state: /s\ncamera:\nservices:\nlogging: {file: /l}\n")
    assert load_config(file) == Config.model_validate({"state": "/s", "logging": {"file": "/l"}})


def test_the_hash_tells_configurations_apart_and_nothing_else(tmp_path: Path) -> None:
    one = load_config(write(tmp_path / "a.yaml", "state: /s\ncamera: {seed: 1}"))
    same = load_config(write(tmp_path / "b.yaml", "# a comment\ncamera:\n  seed: 1\nstate: /s"))
    other = load_config(write(tmp_path / "c.yaml", "state: /s\ncamera: {seed: 2}"))
    assert config_hash(one) == config_hash(same) != config_hash(other)
    assert len(config_hash(one)) == 12


def test_a_configuration_does_not_change_after_it_was_loaded() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Config().camera.seed = 2  # type: ignore[misc]


def test_the_default_roots_stay_where_others_are_added() -> None:
    assert set(FileSettings.model_validate({"roots": {"archive": "/a"}}).roots) == {
        "raw",
        "products",
        "alerts",
        "archive",
    }


def test_reading_settings_does_not_import_what_is_heavy() -> None:
    heavy = "yaml, numpy, astropy, sqlalchemy, workorders, smtplib"
    program = f"import sys, toros.config, toros.log; print([n for n in {heavy.split(', ')} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
