"""The page of every setting: its default, what is allowed, and who reads it."""

from __future__ import annotations

from pydantic import BaseModel

from generating.markup import default_of, table, title, wrapped
from toros.config import Config, ServiceSettings
from toros.config.allowed import allowed, schema_of
from toros.config.commented import named_section, reader_of
from workorders import DESKS

__all__ = ["settings_page"]


def settings_page() -> str:
    """Return the page of every setting, with its default, what is allowed, and who reads it."""
    parts = [
        title("Settings", "="),
        wrapped(
            "A node is configured by one YAML file. It is looked for at ``--config``, then at ``TOROS_CONF`` of the "
            "environment, then at ``/etc/toros/toros.conf.yaml``; where none is found the defaults below hold, except "
            "that logs go to ``logs/{service}.log`` below ``state``. ``conf/toros.conf.yaml`` holds every key with its "
            "default. ``~`` is the home folder, and a relative path is below ``state``."
        ),
        table(
            ("In the environment", "What it does"),
            [
                ("``TOROS_CONF``", "the configuration file"),
                ("``TOROS_STATE``", "the state folder; wins over ``state`` in the file"),
                ("``TOROS_TOKEN``", "this node's token for asking other desks"),
                ("``TOROS_DATABASE_PASSWORD``", "the password of the database"),
                ("``TOROS_SMTP_PASSWORD``", "the password of the mail server"),
                ("``TOROS_MOVING_PASSWORD``", "the password of a database that is moved in from"),
                ("``TOROS_KAFKA_SECRET_NAME``", "the secret of the listener ``alerts.listeners.kafka.name``"),
                ("``NO_COLOR``", "no colours on the console"),
            ],
            "35 65",
        ),
    ]
    plain = [name for name, info in Config.model_fields.items() if not _is_section(info.annotation)]
    parts.append(title("The node", "-"))
    parts.append(f"Read by {reader_of(Config)}.\n")
    parts.append(_setting_table(Config, [name for name in plain if name != "services"], ()))
    parts += [_section("services", ServiceSettings, ("services", DESKS[0]))]
    for name, info in Config.model_fields.items():
        if name not in plain:
            parts += _sections(name, info.annotation, (name,))
    return "\n".join(parts)


def _sections(name: str, section: type[BaseModel], at: tuple[str, ...]) -> list[str]:
    """Return a section, and after it those that are inside it."""
    parts = [_section(name, section, at)]
    for key, info in section.model_fields.items():
        named = named_section(info.annotation)
        if _is_section(info.annotation):
            parts += _sections(f"{name}.{key}", info.annotation, (*at, key))
        elif named is not None and named.model_config.get("json_schema_extra"):
            parts += _sections(f"{name}.{key}.NAME", named, (*at, key, "NAME"))
    return parts


def _section(name: str, section: type[BaseModel], at: tuple[str, ...]) -> str:
    about = f"{(section.__doc__ or '').strip()} Read by {reader_of(section)}.".replace("`", "``")
    if name == "services":
        about += f" There are {', '.join(f'``{desk}``' for desk in DESKS)}, each with:"
    return "\n".join([title(name, "-"), wrapped(about), _setting_table(section, list(section.model_fields), at)])


def _setting_table(model: type[BaseModel], names: list[str], at: tuple[str, ...]) -> str:
    rows = []
    for name in names:
        info = model.model_fields[name]
        words = allowed(schema_of((*at, name)))
        default = "needed" if info.is_required() else default_of(info.get_default(call_default_factory=True))
        rows.append((f"``{name}``", info.description or "", words, default))
    return table(("Key", "Meaning and unit", "Allowed", "Default"), rows, "14 36 34 16")


def _is_section(annotation: object) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
