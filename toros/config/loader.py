"""Finding the configuration file, and reading it into `Config`."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from toros.config.settings import Config, LoggingSettings
from toros.errors import ConfigurationError

__all__ = ["INSTALLED", "config_hash", "embedded_default", "find_config", "load_config"]

INSTALLED = Path("/etc/toros/toros.conf.yaml")


def find_config(path: Path | None = None) -> Path | None:
    """Return the configuration file of this node, or None where the embedded default is used.

    The search order is `path` (`--config`), the environment's TOROS_CONF, then /etc/toros/toros.conf.yaml.

    Raises
    ------
    ConfigurationError
        The file that was named does not exist.
    """
    for source, named in (("--config", path), ("TOROS_CONF", os.environ.get("TOROS_CONF"))):
        if named:
            file = Path(named).expanduser()
            if not file.is_file():
                raise ConfigurationError(
                    f"{file}: there is no such configuration file (named by {source}); "
                    "allowed: a YAML file such as conf/toros.conf.yaml"
                )
            return file
    return INSTALLED if INSTALLED.is_file() else None


def embedded_default() -> Config:
    """Return the configuration of a node without a file: every default, and logs below `state`.

    The documented default of logging.file is for an installed node; without a file nothing was installed, and a
    person who only tries TOROS may not write into /etc.
    """
    return Config(logging=LoggingSettings(file="logs/{service}.log"), **_state({}, Path.cwd()))


def load_config(path: Path | None = None) -> Config:
    """Return this node's configuration, every path in it absolute.

    Parameters
    ----------
    path : Path, optional
        The file of `--config`; by default the file is looked for, see `find_config`.

    Raises
    ------
    ConfigurationError
        One sentence: file, line, key, value, and what is allowed.
    """
    file = find_config(path)
    return embedded_default() if file is None else _loaded(file)


def _loaded(file: Path) -> Config:
    from toros.config.complaints import check_together, complaint
    from toros.config.written import read

    written = read(file)
    sections = {name for name, setting in Config.model_fields.items() if name != "state"}
    values = {name: value for name, value in written.values.items() if value is not None or name not in sections}
    try:
        config = Config.model_validate({**values, **_state(values, file.absolute().parent)})
    except ValidationError as error:
        raise complaint(error, written) from None
    check_together(config, written)
    return config


def _state(values: Mapping[str, Any], beside: Path) -> dict[str, Any]:
    """Return the state folder where something says it: TOROS_STATE, else the file."""
    if override := os.environ.get("TOROS_STATE"):
        return {"state": Path(override).expanduser().absolute()}
    named = values.get("state")
    return {"state": beside / Path(named).expanduser()} if isinstance(named, str) and named.strip() else {}


def config_hash(config: Config) -> str:
    """Return the first 12 hexadecimal digits of the SHA-256 of a configuration, to tell an old one from a new one."""
    text = json.dumps(config.model_dump(mode="json"), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
