"""Hooks: what follows when a target is saved, an observation changes, a product arrives, measurements are added.

A hook is a plain function `hook(happening)` behind an entry point of the group `toros.hooks`, called
`<what it follows>.<its name>`; or a webhook or an order that the configuration names under `hooks.calls`. Each is
called by an order of its own, after the data are safe: where it fails it is tried again, and the data stay.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any, get_args

from toros.config.values import HookName
from toros.errors import Permanent

if TYPE_CHECKING:
    from toros.config import HookCall, HookSettings

__all__ = ["GROUP", "HOOKS", "Happening", "filled", "hooks_on", "load_hook"]

GROUP = "toros.hooks"
HOOKS: tuple[str, ...] = get_args(HookName)
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
PLACE = re.compile(r"\{([a-z_]+)\}")


log = logging.getLogger("toros.hooks")


@dataclass(frozen=True)
class Happening:
    """What a hook is told.

    Attributes
    ----------
    hook : str
        "target_saved", "observation_changed", "product_ingested" or "measurements_added".
    order : str
        Id of the order that did it; the same happening may be told twice, and is known by this.
    request : str
        What that order asked.
    user : str or None
        Who asked.
    time : str
        When it was done; UTC, ISO 8601.
    result : mapping
        What came of it, as `toros status ORDER` shows it: numbers and names.
    asked : mapping
        The fields of the order.
    """

    hook: str
    order: str
    request: str
    user: str | None
    time: str
    result: Mapping[str, Any] = field(default_factory=dict)
    asked: Mapping[str, Any] = field(default_factory=dict)

    def fields(self) -> dict[str, Any]:
        """Return all of it by name; what came of it wins over what was asked."""
        said = {"hook": self.hook, "order": self.order, "request": self.request, "user": self.user, "time": self.time}
        return {**self.asked, **self.result, **{key: value for key, value in said.items() if value is not None}}


def hooks_on(hook: str, settings: HookSettings) -> list[str]:
    """Return the names of all that follows a hook: functions that are installed, then what is configured.

    What is installed under a name that no order can carry is left out, and told in the log.
    """
    found = sorted(name.partition(".")[2] for name in _installed() if name.partition(".")[0] == hook)
    installed = [name for name in found if NAME.fullmatch(name)]
    if installed != found:
        log.error("%s: hooks are called %s.<up to 64 letters, digits and . _ ->: %s", GROUP, hook, found)
    return [*installed, *(call.name for call in settings.calls if call.after == hook and call.name not in installed)]


def load_hook(hook: str, name: str, settings: HookSettings) -> Callable[[Happening], object] | HookCall:
    """Return a hook by its name: its function, or what the configuration says of it.

    Raises
    ------
    Permanent
        There is none, or its function cannot be loaded.
    """
    entry = _installed().get(f"{hook}.{name}")
    if entry is not None:
        try:
            return entry.load()  # type: ignore[no-any-return]
        except (ImportError, AttributeError) as error:
            raise Permanent(f"the hook {hook}.{name} ({entry.value}) cannot be loaded: {error}") from None
    for call in settings.calls:
        if call.after == hook and call.name == name:
            return call
    raise Permanent(f"there is no hook {hook}.{name} on this node: neither installed nor in hooks.calls")


def filled(template: Any, happening: Happening) -> Any:
    """Return an order with its places filled; a text that is nothing but a place becomes the value itself.

    Raises
    ------
    Permanent
        What happened has no such field.
    """
    if isinstance(template, Mapping):
        return {key: filled(value, happening) for key, value in template.items()}
    if isinstance(template, list):
        return [filled(value, happening) for value in template]
    if not isinstance(template, str):
        return template
    fields = happening.fields()

    def value(found: re.Match[str]) -> Any:
        if found[1] not in fields:
            raise Permanent(f"{{{found[1]}}} is no field of {happening.hook}; there are {', '.join(sorted(fields))}")
        return fields[found[1]]

    whole = PLACE.fullmatch(template)
    return value(whole) if whole else PLACE.sub(lambda found: str(value(found)), template)


@cache
def _installed() -> Mapping[str, EntryPoint]:
    return {each.name: each for each in entry_points(group=GROUP)}
