"""A configuration file written out: every key with its meaning, unit, default and reader, from the settings themselves.

conf/toros.conf.yaml is this text with no changes.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from toros.config.settings import Config, ServiceSettings

__all__ = ["commented_configuration", "named_section", "reader_of"]

WIDTH = 118
COLUMN = 34  # where comments begin

# Texts that YAML reads as text without quotes; words that it reads as something else.
BARE = re.compile(r"[A-Za-z/~](?:[A-Za-z0-9_./@ -]*[A-Za-z0-9_/])?|\d+\.\d+\.\d+\.\d+", re.ASCII)
WORDS = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n", "~"})

HEAD = """\
# The configuration of one TOROS node.
#
# Every key is here, its default in brackets behind its meaning, so any line may be left out; a key that does not
# exist is an error. The file is looked for at --config, then $TOROS_CONF, then /etc/toros/toros.conf.yaml; where none
# of these is found the same defaults hold, except that logs go to logs/{service}.log below state.
#
# `~` is the home folder, and a relative path is below state. Passwords and tokens are never written here: they come
# from a file (password_file, token_file) or from the environment (TOROS_DATABASE_PASSWORD, TOROS_SMTP_PASSWORD,
# TOROS_TOKEN). A daemon keeps what it read when it started; `toros status` shows a hash of it. Restart after a change.
"""


def commented_configuration(changes: Mapping[str, Any]) -> str:
    """Return the text of a configuration file.

    Parameters
    ----------
    changes : mapping
        Values other than the defaults, nested like the file.
    """
    return "\n".join([HEAD, *(_block(name, changes.get(name)) for name in Config.model_fields)])


def reader_of(section: type[BaseModel]) -> str:
    """Return who reads a section of the configuration."""
    extra = section.model_config["json_schema_extra"]
    assert isinstance(extra, dict)
    return str(extra["reader"])


def named_section(annotation: Any) -> type[BaseModel] | None:
    """Return what stands below each name where a setting is a mapping of names to sections; None where it is not."""
    below = get_args(annotation)[-1:]
    return below[0] if below and isinstance(below[0], type) and issubclass(below[0], BaseModel) else None


def _block(name: str, change: Any) -> str:
    """Return a key of the first level, with what stands below it."""
    default = Config.model_fields[name].get_default(call_default_factory=True)
    if name == "services":
        return _services(default, change or {})
    if isinstance(default, BaseModel):
        return f"{_about(type(default))}{name}:\n{_section(default, change or {}, 2)}"
    value = default if change is None else change
    return f"{_comment(f'Read by {reader_of(Config)}.', 0)}{_setting(Config, name, default, value, 0)}"


def _section(default: BaseModel, change: Mapping[str, Any], indent: int) -> str:
    """Return the keys of a section."""
    section = type(default)
    values = {key: (getattr(default, key), change.get(key, getattr(default, key))) for key in section.model_fields}
    return "".join(_setting(section, key, *pair, indent) for key, pair in values.items())


def _services(defaults: Mapping[str, ServiceSettings], changes: Mapping[str, Any]) -> str:
    """Return the services; what their keys mean is said at the first."""
    text = f"{_about(ServiceSettings)}services:\n"
    for number, (service, default) in enumerate(defaults.items()):
        text += f"  {service}:\n"
        for key in ServiceSettings.model_fields:
            usual = getattr(default, key)
            value = changes.get(service, {}).get(key, usual)
            if number == 0:
                text += _setting(ServiceSettings, key, usual, value, 4)
            else:
                text += f"{_line(key, value, 4):<{COLUMN}}  # [{_bracketed(usual)}]\n"
    return text


def _setting(section: type[BaseModel], name: str, default: Any, value: Any, indent: int) -> str:
    """Return a key with its meaning and default: beside it where there is room, else above."""
    if isinstance(default, BaseModel):
        change = value if isinstance(value, dict) else {}
        about = _comment(str(section.model_fields[name].description), indent)
        return f"{about}{' ' * indent}{name}:\n{_section(default, change, indent + 2)}"
    meaning = f"{section.model_fields[name].description} [{_bracketed(default)}]"
    named = named_section(section.model_fields[name].annotation)
    if isinstance(default, dict) and named is not None and name != "services":
        return _named(name, named, value, meaning, indent)
    if isinstance(value, dict) and value:
        inner = "".join(f"{_line(key, item, indent + 2)}\n" for key, item in value.items())
        return f"{_comment(meaning, indent)}{' ' * indent}{name}:\n{inner}"
    line = _line(name, value, indent)
    beside = f"{line:<{COLUMN}}  # {meaning}"
    return f"{beside}\n" if len(beside) <= WIDTH else f"{_comment(meaning, indent)}{line}\n"


def _named(name: str, named: type[BaseModel], value: Any, meaning: str, indent: int) -> str:
    """Return a mapping of names to sections, with what each may hold."""
    keys = "".join(
        _comment(f"{key}: {info.description} [{_bracketed_of(info)}]", indent, deeper="  ")
        for key, info in named.model_fields.items()
    )
    inner = "".join(f"{_line(key, item, indent + 2)}\n" for key, item in value.items())
    start = f"{' ' * indent}{name}:"
    return _comment(f"{meaning}; each with", indent) + keys + (f"{start}\n{inner}" if inner else f"{start} {{}}\n")


def _about(section: type[BaseModel]) -> str:
    return _comment(f"{(section.__doc__ or '').strip()} Read by {reader_of(section)}.".replace("`", ""), 0)


def _line(name: str, value: Any, indent: int) -> str:
    return f"{' ' * indent}{name}: {_yaml(value)}".rstrip()


def _bracketed(value: Any) -> str:
    """Return a default as it stands in brackets."""
    if value is None or value in ("", [], {}):
        return "none"
    if isinstance(value, dict):
        return ", ".join(f"{key}: {item}" for key, item in value.items())
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    return str(value) if isinstance(value, (str, Path)) else _yaml(value)


def _bracketed_of(info: FieldInfo) -> str:
    return "needed" if info.is_required() else _bracketed(info.get_default(call_default_factory=True))


def _yaml(value: Any) -> str:
    """Return a value as YAML writes it; None as nothing at all."""
    if value is None:
        return ""
    if isinstance(value, dict):
        value = {key: str(item) if isinstance(item, Path) else item for key, item in value.items()}
    text = str(value) if isinstance(value, (str, Path)) else None
    if text is not None and BARE.fullmatch(text) and text.lower() not in WORDS:
        return text
    return json.dumps(value if text is None else text, ensure_ascii=False)


def _comment(text: str, indent: int, deeper: str = "") -> str:
    start = f"{' ' * indent}# {deeper}"
    wrapped = textwrap.wrap(text, WIDTH, initial_indent=start, subsequent_indent=start + deeper)
    return "\n".join(wrapped) + "\n"
