"""People come into a node's identities file beside its daemons, and never in their place."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from toros.errors import ConfigurationError
from toros.network.auth import Identities, Unknown, new_identity, revoke
from toros.network.people import save_people
from workorders.desk import Person
from workorders.roles import requests_of

EARLY, NOON, LATE = "2026-11-20T02:00:00.000", "2026-11-20T12:00:00.000", "2026-11-20T23:00:00.000"


def person(name: str, token: str, role: str = "scientist", **more: Any) -> Person:
    sha256 = hashlib.sha256(token.encode()).hexdigest()
    return Person.model_validate({"name": name, "sha256": sha256, "role": role, **more})


def bearer(token: str) -> bytes:
    return f"Bearer {token}".encode()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "identities.yaml"


def test_a_person_is_let_in_for_what_the_role_and_the_token_are_for(path: Path) -> None:
    daemon = new_identity(path, "telescope", ["status"], speaks_for_others=True)
    told = save_people(path, [person("ann", "A"), person("bob", "B", "admin"),
                              person("carl", "C", requests=["find_targets", "open_dome"])], as_of=NOON)  # fmt: skip
    assert told == {"written": True, "people": 3}
    known = Identities(path)
    ann, bob, carl = (known.caller(bearer(token)) for token in "ABC")
    assert ann.may("add_target") and not ann.may("open_dome") and not ann.may("list_orders")
    assert bob.may("whatever there will be") and carl.requests == {"find_targets"}
    assert {each.user("data_manager") for each in (ann, bob, carl)} == {"ann", "bob", "carl"}
    assert known.caller(bearer(daemon)).user("ann") == "ann"


def test_who_is_revoked_expired_or_not_told_of_any_more_is_let_in_no_longer(path: Path) -> None:
    people = [person("ann", "A"), person("bob", "B", revoked=True), person("carl", "C", expires="2020-01-01")]
    save_people(path, people, as_of=EARLY)
    known = Identities(path)
    assert known.caller(bearer("A")).name == "ann"
    for token in "BC":
        with pytest.raises(Unknown):
            known.caller(bearer(token))
    save_people(path, [], as_of=NOON)
    with pytest.raises(Unknown, match="revoked"):
        Identities(path).caller(bearer("A"))


def test_what_comes_late_changes_nothing(path: Path) -> None:
    save_people(path, [person("ann", "A", revoked=True)], as_of=NOON)
    before = path.read_bytes()
    assert save_people(path, [person("ann", "A")], as_of=EARLY)["written"] is False
    assert path.read_bytes() == before
    assert save_people(path, [person("ann", "A", revoked=True)], as_of=NOON) == {"written": True, "people": 0}
    assert save_people(path, [], as_of=LATE)["written"]
    assert save_people(path, [person("ann", "A")], as_of=NOON)["written"] is False


@pytest.mark.parametrize("name", ["data_manager", "Telescope", "OPERATOR", "anonymous", "by_hand", "BY_HAND"])
def test_nobody_takes_the_name_or_the_token_of_a_daemon(path: Path, name: str) -> None:
    token = new_identity(path, "by_hand", ["status"])
    told = save_people(path, [person(name, "mine", "admin"), person("eve", token, "admin")], as_of=NOON)
    assert told == {"written": True, "people": 0, "refused": [name, "eve"]}
    known = Identities(path)
    assert known.caller(bearer(token)).name == "by_hand" and not known.caller(bearer(token)).may("open_dome")
    with pytest.raises(Unknown):
        known.caller(bearer("mine"))


def test_a_daemon_that_was_revoked_stays_so(path: Path) -> None:
    token = new_identity(path, "portal")
    revoke(path, "portal")
    save_people(path, [person("ann", "A")], as_of=NOON)
    with pytest.raises(Unknown):
        Identities(path).caller(bearer(token))


def test_a_broken_file_is_left_as_it_is(path: Path) -> None:
    path.write_text("- no\n")
    with pytest.raises(ConfigurationError):
        save_people(path, [person("ann", "A")], as_of=NOON)
    assert path.read_text() == "- no\n"


@given(st.permutations([EARLY, NOON, LATE]))
@settings(max_examples=6, deadline=None)
def test_in_whichever_order_they_come_the_latest_holds(
    tmp_path_factory: pytest.TempPathFactory, order: list[str]
) -> None:
    path = tmp_path_factory.mktemp("node") / "identities.yaml"
    new_identity(path, "portal")
    for as_of in order:
        save_people(path, [person("ann", as_of)], as_of=as_of)
    entries = yaml.safe_load(path.read_text())
    assert list(entries) == ["portal", "ann"]
    assert entries["ann"]["person"] == LATE and entries["ann"]["requests"] == requests_of("scientist")
    assert Identities(path).caller(bearer(LATE)).name == "ann"
