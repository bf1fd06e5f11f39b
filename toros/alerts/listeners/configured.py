"""The listeners that the configuration asks for."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from toros.alerts.listeners.folder import FolderListener
from toros.alerts.listeners.kafka import KafkaListener
from toros.alerts.listeners.vtp import VtpListener
from toros.errors import ConfigurationError

if TYPE_CHECKING:
    from toros.config import Config
    from toros.config.listening import KafkaSettings

__all__ = ["configured_listeners", "kafka_secret", "secret_name"]

LARGEST = 32_000_000  # bytes of one alert
HEARTBEAT, SILENCE = "gcn.heartbeat", 60.0  # of GCN; seconds
MECHANISMS = {"scram": "SCRAM-SHA-512", "plain": "PLAIN"}


def configured_listeners(config: Config) -> list[FolderListener | KafkaListener | VtpListener]:
    """Return the listeners that are on, each called `kind:name`.

    Raises
    ------
    ConfigurationError
        A secret cannot be read.
    """
    chosen = config.alerts.listeners
    kafka = [_kafka(name, one) for name, one in chosen.kafka.items() if one.enabled]
    vtp = [
        VtpListener(f"vtp:{name}", one.host, one.port, ivorn=one.ivorn, silence=one.silence, largest=LARGEST)
        for name, one in chosen.vtp.items()
        if one.enabled
    ]
    folder = [
        FolderListener(f"folder:{name}", one.path, still=one.still, largest=LARGEST)
        for name, one in chosen.folder.items()
        if one.enabled
    ]
    return [*kafka, *vtp, *folder]


def secret_name(name: str) -> str:
    """Return the environment's name for a listener's secret."""
    return f"TOROS_KAFKA_SECRET_{re.sub('[^A-Z0-9]', '_', name.upper())}"


def kafka_secret(name: str, settings: KafkaSettings) -> str:
    """Return a listener's secret, from its file or else the environment.

    Raises
    ------
    ConfigurationError
        There is none, or the file cannot be read.
    """
    place = f"alerts.listeners.kafka.{name}"
    if settings.secret_file is not None:
        try:
            return settings.secret_file.read_text().strip()
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "not text"
            raise ConfigurationError(f"{place}.secret_file cannot be read: {why}") from None
    secret = os.environ.get(secret_name(name), "")
    if not secret:
        raise ConfigurationError(f"{place} has no secret: give secret_file, or {secret_name(name)} in the environment")
    return secret


def _kafka(name: str, one: KafkaSettings) -> KafkaListener:
    beat = one.heartbeat if one.heartbeat is not None else HEARTBEAT if one.login == "gcn" else ""
    silence = one.silence if one.silence is not None else SILENCE if beat else 0.0
    return KafkaListener(
        f"kafka:{name}", one.topics, _librdkafka(name, one), heartbeat=beat, begin=one.begin, days=one.begin_days,
        silence=silence,
    )  # fmt: skip


def _librdkafka(name: str, one: KafkaSettings) -> dict[str, Any]:
    """Return librdkafka's settings for a cluster."""
    servers = {"bootstrap.servers": ",".join(one.servers)} if one.servers else {}
    if one.login == "gcn":
        secret = kafka_secret(name, one)
        return {**servers, "domain": one.domain, "client_id": one.user, "client_secret": secret}
    if one.login == "none":
        return {**servers, "security.protocol": "ssl" if one.tls else "plaintext"}
    return {
        **servers,
        "security.protocol": "sasl_ssl",
        "sasl.mechanisms": MECHANISMS[one.login],
        "sasl.username": one.user,
        "sasl.password": kafka_secret(name, one),
    }
