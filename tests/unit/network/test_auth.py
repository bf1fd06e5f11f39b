"""Who is let in, who is not, and what is told to whom."""

from __future__ import annotations

import base64
import hashlib
import logging
import stat
import threading
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from toros.errors import ConfigurationError
from toros.network.auth import ANYONE, BURST, LOOK, Identities, Unknown, new_identity, revoke


def basic(name: str, token: str) -> bytes:
    return b"Basic " + base64.b64encode(f"{name}:{token}".encode())


def bearer(token: str) -> bytes:
    return f"Bearer {token}".encode()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "node" / "identities.yaml"


def test_a_new_identity_is_known_by_its_token_either_way(path: Path) -> None:
    token = new_identity(path, "alert_robot", ["observation", "status"], speaks_for_others=True)
    known = Identities(path)
    for header in (basic("alert_robot", token), bearer(token), b"bearer  " + token.encode()):
        caller = known.caller(header)
        assert caller.name == "alert_robot"
        assert caller.may("observation")
        assert not caller.may("close_dome")
        assert caller.user("beatriz") == "beatriz"


def test_the_file_holds_no_token_and_is_its_owner_s_alone(path: Path) -> None:
    token = new_identity(path, "beatriz")
    text = path.read_text()
    assert token not in text
    assert hashlib.sha256(token.encode()).hexdigest() in text
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(base64.urlsafe_b64decode(token + "=")) == 32


def test_a_file_keeps_its_mode_and_the_others_in_it(path: Path) -> None:
    first = new_identity(path, "a")
    path.chmod(0o640)
    second = new_identity(path, "b")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    known = Identities(path)
    assert [known.caller(bearer(token)).name for token in (first, second)] == ["a", "b"]


def test_one_who_does_not_speak_for_others_speaks_for_itself(path: Path) -> None:
    caller = Identities(path_with(path, "robot")).caller(bearer(TOKEN))
    assert caller.user("somebody else") == "robot"
    assert caller.user(None) == "robot"
    assert ANYONE.user(None) == "anonymous"
    assert ANYONE.user("beatriz") == "beatriz"


TOKEN = "t" * 43


def path_with(path: Path, name: str, **more: object) -> Path:
    """Write a file with one identity whose token is TOKEN."""
    path.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256(TOKEN.encode()).hexdigest()
    path.write_text(yaml.safe_dump({name: {"sha256": digest, "requests": ["*"], **more}}))
    return path


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (None, "no token"),
        (b"", "no token"),
        (b"Bearer", "neither"),
        (b"Bearer ", "neither"),
        (b"Digest abc", "neither"),
        (b"Basic ???", "base64"),
        (b"Basic " + base64.b64encode(b"robot"), "without a token"),
        (basic("robot", ""), "without a token"),
        (basic("robot", "wrong"), "'robot': wrong token"),
        (bearer("wrong"), "a bearer: wrong token"),
        (basic("somebody", TOKEN), "the token of robot"),
        (basic("r\nobot" * 30, "x"), "wrong token"),
        (b"Basic " + base64.b64encode(b"\xff\xfe:\x00"), "wrong token"),
    ],
)
def test_nobody_else_is_known(path: Path, header: bytes | None, reason: str) -> None:
    with pytest.raises(Unknown, match=reason) as caught:
        Identities(path_with(path, "robot")).caller(header)
    assert TOKEN not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_expired_identity_is_refused(path: Path) -> None:
    yesterday = (datetime.now(UTC) - timedelta(days=1)).date()
    with pytest.raises(Unknown, match="expired"):
        Identities(path_with(path, "robot", expires=yesterday)).caller(bearer(TOKEN))
    with pytest.raises(Unknown, match="expired"):
        Identities(path_with(path, "robot", expires=datetime(2020, 1, 1))).caller(bearer(TOKEN))  # noqa: DTZ001
    tomorrow = yesterday + timedelta(days=2)
    assert Identities(path_with(path, "robot", expires=tomorrow)).caller(bearer(TOKEN)).name == "robot"


def test_an_expiry_counts_to_the_end_of_its_day(path: Path) -> None:
    today = datetime.now(UTC).date()
    assert Identities(path_with(path, "robot", expires=today)).caller(bearer(TOKEN)).name == "robot"


def test_revocation_takes_effect_in_a_running_desk(path: Path) -> None:
    token = new_identity(path, "robot")
    known = Identities(path)
    assert known.caller(bearer(token)).name == "robot"
    revoke(path, "robot")
    time.sleep(LOOK + 0.1)
    with pytest.raises(Unknown, match="revoked"):
        known.caller(bearer(token))


def test_a_new_token_replaces_the_old_one(path: Path) -> None:
    old = new_identity(path, "robot")
    with pytest.raises(ConfigurationError, match="already"):
        new_identity(path, "robot")
    new = new_identity(path, "robot", replace=True)
    known = Identities(path)
    assert known.caller(bearer(new)).name == "robot"
    with pytest.raises(Unknown):
        known.caller(bearer(old))


def test_a_broken_file_leaves_the_known_in_force_and_says_so(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    token = new_identity(path, "robot")
    known = Identities(path)
    path.write_text("robot: [")
    time.sleep(LOOK + 0.1)
    assert known.caller(bearer(token)).name == "robot"
    assert known.caller(bearer(token)).name == "robot"
    assert [r.levelno for r in caplog.records] == [logging.ERROR]
    assert "stay in force" in caplog.text
    path.unlink()
    time.sleep(LOOK + 0.1)
    assert known.caller(bearer(token)).name == "robot"
    path_with(path, "other")
    assert known.caller(bearer(TOKEN)).name == "other"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("robot: [", "not YAML"),
        ("- a\n- b", "identities.yaml"),
        ("robot: {sha256: short}", "robot.sha256"),
        ("robot: {sha256: " + "a" * 64 + ", may: all}", "robot.may"),
        ("robot: {sha256: !!python/object/apply:os.system [id]}", "not YAML"),
    ],
)
def test_a_desk_does_not_start_with_a_broken_file(path: Path, text: str, words: str) -> None:
    path.parent.mkdir()
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=words):
        Identities(path)


def test_a_desk_does_not_start_without_its_file(path: Path) -> None:
    with pytest.raises(ConfigurationError, match="toros init"):
        Identities(path)


def test_a_file_that_everybody_can_write_is_worth_nothing(path: Path) -> None:
    path_with(path, "robot").chmod(0o666)
    with pytest.raises(ConfigurationError, match="chmod o-w"):
        Identities(path)


@pytest.mark.parametrize("name", ["", "a:b", "a b", "ä", "-a", "x" * 65, "a\n"])
def test_names_that_http_could_not_carry(path: Path, name: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot name"):
        new_identity(path, name)


def test_revoking_nobody_is_an_error(path: Path) -> None:
    new_identity(path, "robot", expires=date(2099, 1, 1))
    with pytest.raises(ConfigurationError, match="no identity nobody"):
        revoke(path, "nobody")


def test_many_writers_lose_nobody(path: Path) -> None:
    threads = [threading.Thread(target=new_identity, args=(path, f"robot{i}")) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(yaml.safe_load(path.read_text())) == [f"robot{i}" for i in range(8)]
    assert not [name for name in path.parent.iterdir() if name.name.startswith(".identities-")]


def test_a_flood_of_strangers_is_counted_not_repeated(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    known = Identities(path_with(path, "robot"))
    for _ in range(5000):
        known.note("wrong token", "10.0.0.9")
    assert BURST <= len(caplog.records) <= BURST + 5
    assert "5000 callers refused" in caplog.text
