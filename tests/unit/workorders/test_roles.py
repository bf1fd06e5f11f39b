"""What each role may ask."""

from __future__ import annotations

import pytest

from workorders import VOCABULARY
from workorders.roles import ADMINISTRATION, ROLES, requests_of


@pytest.mark.parametrize("role", ["observer", "scientist"])
def test_a_role_asks_every_question_but_those_that_show_other_peoples_orders(role: str) -> None:
    may = set(requests_of(role))
    questions = {name for name, request in VOCABULARY.items() if request.kind == "question"}
    assert questions - may == {"list_orders"}
    assert not may & ADMINISTRATION and "*" not in may and "save_user" in may


def test_only_observers_and_administrators_move_metal() -> None:
    metal = {name for name, request in VOCABULARY.items() if request.moves_hardware}
    assert metal and metal <= set(requests_of("observer"))
    assert not metal & set(requests_of("scientist"))
    assert requests_of("admin") == ["*"]


@pytest.mark.parametrize("role", list(ROLES))
def test_a_token_is_never_for_more_than_its_role(role: str) -> None:
    asked = ["save_identities", "find_targets", "open_dome", "no_such_thing"]
    narrowed = set(requests_of(role, asked))
    assert narrowed <= set(asked)
    assert role == "admin" or narrowed <= set(requests_of(role))
    assert "find_targets" in narrowed
