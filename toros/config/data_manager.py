"""Where the data manager keeps files, and what follows when something has happened there."""

from __future__ import annotations

from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from toros.config.section import Section
from toros.config.values import Address, Folder, ForeignDatabaseUrl, HookName, HttpUrl, InstanceName, StorageUrl

__all__ = ["HookCall", "HookSettings", "MovingSettings", "StorageSettings"]


class StorageSettings(Section, json_schema_extra={"reader": "data_manager"}):
    """Where copies of products are kept, each under its hash."""

    url: StorageUrl = Field(
        "storage",
        description="a folder (below state where relative), or what fsspec reaches, such as s3://bucket/toros",
    )
    options: dict[str, str | int | bool] = Field(
        default_factory=dict,
        max_length=32,
        description="for fsspec, such as endpoint_url: https://s3.example.org; keys come from the environment "
        "(AWS_ACCESS_KEY_ID and so on)",
    )
    largest_file: int = Field(
        2_000_000_000, ge=1_000, le=100_000_000_000_000, description="larger files are not copied into it; bytes"
    )

    @field_validator("options")
    @classmethod
    def _no_secrets(cls, options: dict[str, str | int | bool]) -> dict[str, str | int | bool]:
        for name in options:
            if any(word in name.lower() for word in ("secret", "password", "token", "key", "credential")):
                raise ValueError(f"holds {name}: a secret has no place in the configuration")
        return options


class HookCall(BaseModel):
    """What happens beside the data manager's own work when something has happened: a webhook, or an order."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: InstanceName = Field(description="what it is called in orders and logs")
    after: HookName = Field(description="what it follows")
    url: HttpUrl | None = Field(None, description="told by POST; its host must be one of hooks.hosts")
    order: dict[str, Any] | None = Field(
        None, description="an order for any desk; {name} in a text stands for that field of what happened"
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.url is None) == (self.order is None):
            raise ValueError(f"hook {self.name} gives both a url and an order, or neither")
        return self


class HookSettings(Section, json_schema_extra={"reader": "data_manager"}):
    """What follows when a target is saved, an observation changes, a product arrives, measurements are added."""

    calls: list[HookCall] = Field(
        default_factory=list,
        max_length=64,
        description="each with a name, after (target_saved, observation_changed, product_ingested or "
        "measurements_added), and a url or an order",
    )
    hosts: list[Address] = Field(
        default_factory=list,
        max_length=64,
        description="the only hosts that webhooks go to, those of notices too",
    )
    timeout: float = Field(10.0, gt=0, le=300, description="a webhook must answer within; seconds")
    key_file: Folder | None = Field(
        None, description="file with a key that webhooks are signed with (HMAC-SHA256 in X-Toros-Signature)"
    )


class MovingSettings(Section, json_schema_extra={"reader": "data_manager"}):
    """Databases of other systems that may be moved in from; they are read and never written."""

    databases: dict[InstanceName, ForeignDatabaseUrl] = Field(
        default_factory=dict,
        max_length=64,
        description="name: postgresql://reader@host/database, without a password; orders say the name",
    )
    hosts: list[Address] = Field(
        default_factory=list, max_length=64, description="the only hosts that such databases may lie on"
    )
    password_file: Folder | None = Field(
        None, description="file that holds the password; or TOROS_MOVING_PASSWORD in the environment"
    )

    @model_validator(mode="after")
    def _only_these_hosts(self) -> Self:
        for name, url in self.databases.items():
            parts = urlsplit(url)
            query = parse_qs(parts.query)
            named = [each for key in ("host", "hostaddr") for value in query.get(key, []) for each in value.split(",")]
            for host in [*([parts.hostname] if parts.hostname else []), *named]:
                if host not in self.hosts and not host.startswith("/"):  # a path is a socket of this machine
                    raise ValueError(f"database {name} lies on {host}, which is none of moving.hosts")
        return self
