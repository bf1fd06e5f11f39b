"""A configuration file written out: every key with its meaning, from the settings themselves."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import BaseModel

__all__ = ["commented_configuration"]

HEAD = """\
# The configuration of one TOROS node, read by every daemon and by the command line.
#
# Any line may be left out: it then has its default. A key that does not exist is an error.
# A relative path is below state. Passwords and tokens are never written here.
# A daemon keeps what it read when it started: `toros status` shows a hash of it. Restart after a change.
"""
COLUMN = 40  # where comments begin


def commented_configuration(changes: Mapping[str, Any]) -> str:
    """Return a configuration file: the defaults with `changes` (nested like the file), every key commented."""
    from toros.config import Config

    lines = [HEAD]
    for name, field in Config.model_fields.items():
        value = field.get_default(call_default_factory=True)
        lines.extend(_setting(name, value, changes.get(name, {} if _nested(value) else None), field.description or ""))
    return "\n".join(lines) + "\n"


def _nested(value: Any) -> bool:
    from pydantic import BaseModel

    return isinstance(value, BaseModel) or (
        isinstance(value, dict) and any(isinstance(each, BaseModel) for each in value.values())
    )


def _setting(name: str, value: Any, change: Any, meaning: str) -> list[str]:
    """Return the lines of one key at the top of the file."""
    if isinstance(value, dict) and _nested(value):
        lines = [f"# {meaning}", f"{name}:"]
        for i, (service, settings) in enumerate(value.items()):
            lines += [f"  {service}:", *_keys(settings, change.get(service, {}), "    ", comments=i == 0)]
        return [*lines, ""]
    if _nested(value):
        what = (type(value).__doc__ or "").strip().splitlines()[0]
        return [f"# {what}", f"{name}:", *_keys(value, change, "  ", comments=True), ""]
    return [f"# {meaning}", f"{name}: {_written(value if change is None else change)}".rstrip(), ""]


def _keys(settings: BaseModel, change: Mapping[str, Any], indent: str, *, comments: bool) -> list[str]:
    lines = []
    for key, field in type(settings).model_fields.items():
        value = change.get(key, getattr(settings, key))
        line = f"{indent}{key}: {_written(value)}".rstrip()
        lines.append(f"{line:<{COLUMN - 1}} # {field.description}" if comments and field.description else line)
    return lines


def _written(value: Any) -> str:
    """Return a value as YAML; None as nothing at all."""
    if value is None:
        return ""
    if isinstance(value, dict):
        return json.dumps({key: str(each) if isinstance(each, Path) else each for key, each in value.items()})
    return json.dumps(str(value) if isinstance(value, Path) else value)
