"""Hooks by name: those that are installed, those that are configured, and orders with places to fill."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from tests.support.installed import Install, installing
from toros.config import Config, HookSettings
from toros.data.hooks import Happening, filled, hooks_on, load_hook
from toros.errors import Permanent

__all__ = ["installing"]

CALLS = [
    {"name": "chat", "after": "target_saved", "url": "https://chat.example.org/x"},
    {"name": "look", "after": "target_saved", "order": {"request": "observation"}},
    {"name": "other", "after": "product_ingested", "url": "https://chat.example.org/y"},
]
SETTINGS = HookSettings.model_validate({"calls": CALLS})
HAPPENED = Happening("target_saved", "ID-1", "add_target", "ada", "2026-11-20T03:00:00.000",
                     {"target": 7, "name": "SN 2026abc"}, {"ra": 150.0, "name": "sn2026abc"})  # fmt: skip


@pytest.fixture(autouse=True)
def installed(installing: Install) -> None:
    module = "def tell(happening):\n    pass\n"
    entries = {"target_saved.mail": "named_hooks:tell", "target_saved.gone": "named_hooks:gone",
               "target_saved.a b": "named_hooks:tell"}  # fmt: skip
    installing("named_hooks", module, {"toros.hooks": entries})


def test_everything_that_follows_is_named() -> None:
    assert hooks_on("target_saved", SETTINGS) == ["gone", "mail", "chat", "look"]
    assert hooks_on("product_ingested", SETTINGS) == ["other"]
    assert hooks_on("observation_changed", SETTINGS) == []


def test_a_hook_is_found_by_its_name() -> None:
    assert callable(load_hook("target_saved", "mail", SETTINGS))
    assert load_hook("target_saved", "chat", SETTINGS) == SETTINGS.calls[0]


@pytest.mark.parametrize(
    ("hook", "name", "sentence"),
    [
        ("target_saved", "gone", "cannot be loaded"),
        ("target_saved", "nobody", "there is no hook target_saved.nobody"),
        ("product_ingested", "chat", "there is no hook"),
    ],
)
def test_a_hook_that_is_not_there(hook: str, name: str, sentence: str) -> None:
    with pytest.raises(Permanent, match=sentence):
        load_hook(hook, name, SETTINGS)


def test_places_are_filled_with_what_happened() -> None:
    template = {"target": "{name}", "ra": "{ra}", "notes": ["{name} of {user}, {target}", 3], "n": {"m": "{target}"}}
    assert filled(template, HAPPENED) == {
        "target": "SN 2026abc", "ra": 150.0, "notes": ["SN 2026abc of ada, 7", 3], "n": {"m": 7},
    }  # fmt: skip
    with pytest.raises(Permanent, match=r"\{dec\} is no field of target_saved; there are hook, name, order, ra"):
        filled({"dec": "{dec}"}, HAPPENED)


@pytest.mark.parametrize(
    "call",
    [
        {"name": "x", "after": "target_saved"},
        {"name": "x", "after": "target_saved", "url": "https://a.org", "order": {}},
        {"name": "x", "after": "target_gone", "url": "https://a.org"},
        {"name": "x", "after": "target_saved", "url": "https://user:secret@a.org"},
        {"name": "x", "after": "target_saved", "url": "file:///etc/passwd"},
    ],
)
def test_calls_that_cannot_be(call: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Config.model_validate({"hooks": {"calls": [call]}})
