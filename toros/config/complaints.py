"""What is wrong with a configuration, in one sentence: file, line, key, value, and what is allowed."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from typing import Any

from pydantic import ValidationError

from toros.config.allowed import allowed, names_in, schema_of
from toros.config.secrets import masked
from toros.config.settings import Config
from toros.config.written import Key, Written
from toros.errors import ConfigurationError

__all__ = ["check_together", "complaint"]

MOVED: Mapping[Key, Key] = {("notices", "webhook_hosts"): ("hooks", "hosts")}  # what earlier configurations call so
SHOWN = 80  # characters of a value that are quoted


def complaint(error: ValidationError, written: Written) -> ConfigurationError:
    """Return the complaint that stands first in the file, and how many follow."""
    details = sorted(error.errors(include_url=False), key=lambda detail: _line(detail, written))
    key, sentence = _sentence(details[0])
    if len(details) > 1:
        sentence += f" (and {len(details) - 1} more)"
    return written.error(key, sentence)


def _line(detail: Mapping[str, Any], written: Written) -> int:
    key = tuple(detail["loc"])
    return next((written.lines[key[:n]] for n in range(len(key), 0, -1) if key[:n] in written.lines), 0)


def _sentence(detail: Mapping[str, Any]) -> tuple[Key, str]:
    key = tuple(part for part in detail["loc"] if part != "[key]")
    is_name = len(key) < len(detail["loc"])
    if detail["type"] == "extra_forbidden" or (is_name and names_in(key[:-1])):
        return key, _unknown(key)
    if is_name:
        names = schema_of(key[:-1]).get("propertyNames", {})
        return key, f"{dotted(key[:-1])} has the name {key[-1]!r}; allowed: {allowed(names)}"
    words, value = allowed(schema_of(key)), detail["input"]
    if detail["type"] == "missing":
        return key, f"{dotted(key)} is missing; allowed: {words}"
    if value is None:
        return key, f"{dotted(key)} is empty; allowed: {words}"
    shown = f"a {type(value).__name__}" if isinstance(value, (dict, list)) else masked(repr(value))
    if len(shown) > SHOWN:
        shown = shown[:SHOWN] + "…"
    return key, f"{dotted(key)} is {shown}; allowed: {words}"


def _unknown(key: Key) -> str:
    """Return the sentence for a key that does not exist; its value may be a secret and is not shown."""
    if key in MOVED:
        return f"{dotted(key)} is now part of {dotted(MOVED[key])}: move what it says there"
    names = names_in(key[:-1])
    near = difflib.get_close_matches(str(key[-1]), names, n=1, cutoff=0.6)
    hint = f", did you mean {near[0]}?" if near else ";"
    return f"unknown key {dotted(key)}{hint} allowed: {', '.join(names)}"


def dotted(key: Key) -> str:
    """Return a key as people write it, such as `services.telescope.port`."""
    return ".".join(str(part) for part in key)


def check_together(config: Config, written: Written) -> None:
    """Check what single settings cannot know of each other.

    Raises
    ------
    ConfigurationError
        One sentence with file, line, key, and what is allowed.
    """
    for key, sentence in _disagreements(config):
        raise written.error(key, f"{dotted(key)} {sentence}")


def _disagreements(config: Config) -> Iterator[tuple[Key, str]]:
    ports: dict[tuple[str, int], str] = {}
    for name, service in config.services.items():
        if not _is_loopback(service.ip) and not config.security.authentication:
            yield (
                ("services", name, "ip"),
                (f"is {service.ip}, which others can reach; allowed: 127.0.0.1, or security.authentication: true"),
            )
        other = ports.setdefault((service.ip, service.port), name)
        if other != name and service.http is None:
            yield ("services", name, "port"), f"is {service.port}, as that of {other}; allowed: a port of its own"
    if config.database.url.startswith("sqlite") and "{service}" not in config.database.url:
        yield ("database", "url"), "must hold {service} with SQLite; allowed: sqlite:///{state}/{service}.sqlite"
    if config.engine.kind == "dask" and config.engine.scheduler is None:
        yield ("engine", "kind"), "is dask, without a scheduler; allowed: with engine.scheduler: tcp://host:port"
    if (config.security.tls_certificate is None) != (config.security.tls_key is None):
        one, two = ("tls_certificate", "tls_key") if config.security.tls_key is None else ("tls_key", "tls_certificate")
        yield ("security", one), f"needs security.{two} beside it; allowed: both, or neither"
    if config.orders.first_delay > config.orders.longest_delay:
        yield (
            ("orders", "first_delay"),
            (f"is {config.orders.first_delay}; allowed: at most orders.longest_delay, {config.orders.longest_delay}"),
        )
    yield from _telescopes_disagree(config)


def _telescopes_disagree(config: Config) -> Iterator[tuple[Key, str]]:
    own: str | None = None
    for name, one in config.telescopes.items():
        at = ("telescopes", name)
        if (one.longitude is None) != (one.latitude is None):
            missing, other = ("latitude", "longitude") if one.latitude is None else ("longitude", "latitude")
            yield (*at, other), f"needs {missing} beside it; allowed: both, or neither"
        if one.http is not None and one.longitude is None:
            yield (*at, "http"), "is a telescope elsewhere: it needs longitude and latitude"
        if one.http is None and own is not None:
            yield at, f"has no http, as {own}; allowed: one telescope is this node's own, the others have a URL"
        own = name if one.http is None else own
        if one.declination_least > one.declination_most:
            yield (
                (*at, "declination_least"),
                f"is {one.declination_least}; allowed: at most declination_most, {one.declination_most}",
            )
    names = list(config.telescopes) or [config.services["telescope"].name or "telescope"]
    for name in config.alerts.rules:
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
            hint = f", did you mean {near[0]}?" if near else ";"
            yield (
                ("alerts", "rules", name),
                f"is the rule of a telescope that is not there{hint} allowed: {', '.join(names)}",
            )

    yield from _listeners_disagree(config)


def _listeners_disagree(config: Config) -> Iterator[tuple[Key, str]]:
    for name, one in config.alerts.listeners.kafka.items():
        at = ("alerts", "listeners", "kafka", name)
        if one.login != "none" and not one.user:
            yield (*at, "user"), f"is missing; allowed: the user or client id for the login {one.login}, or login: none"
        if one.login != "gcn" and not one.servers:
            yield (*at, "servers"), "is empty; allowed: host:port of the brokers, unless the login is gcn"
        if one.login != "none" and not one.tls:
            yield (*at, "tls"), f"is false with the login {one.login}; allowed: true, a secret is never sent in clear"


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address.partition("%")[0]).is_loopback
    except ValueError:
        return address.lower() in ("localhost", "ip6-localhost")
