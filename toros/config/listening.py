"""Where the alert robot listens: a block for every source, by a name of the operator's choice."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from toros.config.section import Section
from toros.config.values import Address, Folder, InstanceName, Port

__all__ = ["FolderSettings", "KafkaSettings", "ListenerSettings", "VtpSettings"]

Topic = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9._-]{1,249}$", json_schema_extra={"words": "the name of a topic, such as igwn.gwalert"}),
]
HeartbeatTopic = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9._-]{0,249}$", json_schema_extra={"words": "the name of a topic, or empty for none"}),
]
Ivorn = Annotated[
    str,
    Field(
        pattern=r"^ivo://[A-Za-z0-9._-]+/[A-Za-z0-9._/#-]+$",
        max_length=255,
        json_schema_extra={"words": "a name such as ivo://org.example/robot"},
    ),
]


class KafkaSettings(Section, json_schema_extra={"reader": "alert_robot"}):
    """A Kafka cluster: GCN, SCiMMA, or any other."""

    enabled: bool = Field(True, description="listen to it")
    topics: list[Topic] = Field(min_length=1, max_length=200, description="what to read, such as igwn.gwalert")
    servers: list[Address] = Field(
        default_factory=list, max_length=32, description="host:port of its brokers; GCN's where there are none"
    )
    domain: Literal["gcn.nasa.gov", "test.gcn.nasa.gov", "dev.gcn.nasa.gov"] = Field(
        "gcn.nasa.gov", description="which GCN; says where its brokers are and where tokens are had"
    )
    login: Literal["gcn", "scram", "plain", "none"] = Field(
        "gcn", description="gcn: client id and secret; scram (SCiMMA) or plain: user and password; none"
    )
    user: str = Field("", max_length=256, description="GCN's client id, or the user name")
    secret_file: Folder | None = Field(
        None,
        description="file that holds the client secret or the password; or TOROS_KAFKA_SECRET_ and the listener's "
        "name in capitals (other characters as _) in the environment",
    )
    tls: bool = Field(True, description="encrypt; false only where the login is none")
    heartbeat: HeartbeatTopic | None = Field(
        None,
        description="topic of the broker's signs of life; where absent gcn.heartbeat with the login gcn, else none",
    )
    silence: float | None = Field(
        None,
        ge=0,
        le=604800,
        description="without any message for so long: alarm, and connect anew; seconds, 0 for never (where absent 60 "
        "with a heartbeat, never without)",
    )
    begin: Literal["earliest", "latest"] = Field(
        "earliest", description="where a partition begins that was never read: at what the broker has, or what comes"
    )
    begin_days: float = Field(
        2.0, ge=0, le=365, description="with earliest, nothing older than this then; days, 0 for all there is"
    )


class VtpSettings(Section, json_schema_extra={"reader": "alert_robot"}):
    """A VOEvent broker that speaks VTP; GCN's own were closed in April 2026."""

    enabled: bool = Field(True, description="listen to it")
    host: Address = Field(description="of the broker")
    port: Port = Field(8099, description="TCP port for subscribers")
    ivorn: Ivorn = Field("ivo://toros/alert_robot", description="what we call ourselves")
    silence: float = Field(
        150.0,
        ge=0,
        le=604800,
        description="without alert or iamalive for so long: alarm, and connect anew; seconds, 0 for never",
    )


class FolderSettings(Section, json_schema_extra={"reader": "alert_robot"}):
    """A folder into which alerts are put."""

    enabled: bool = Field(True, description="watch it")
    path: Folder = Field(description="the folder; below state where relative, made where it is missing")
    still: float = Field(
        2.0, ge=0, le=3600, description="a file that did not change for so long is taken as whole; seconds"
    )


class ListenerSettings(Section, json_schema_extra={"reader": "alert_robot"}):
    """Where alerts come from, beside process_alert at the desk."""

    kafka: dict[InstanceName, KafkaSettings] = Field(
        default_factory=dict, max_length=16, description="Kafka clusters, each by a name of yours"
    )
    vtp: dict[InstanceName, VtpSettings] = Field(
        default_factory=dict, max_length=16, description="VOEvent brokers, each by a name of yours"
    )
    folder: dict[InstanceName, FolderSettings] = Field(
        default_factory=dict, max_length=16, description="watched folders, each by a name of yours"
    )
