"""What one node's configuration holds; every key with its unit, default and bounds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "AlertSettings", "CameraSettings", "Config", "DatabaseSettings", "EngineSettings", "FileSettings", "LoggingSettings",
    "ObservatorySettings", "OrderSettings", "SecuritySettings", "ServiceSettings", "SmtpSettings",
]  # fmt: skip

Port = Annotated[int, Field(ge=1, le=65535)]
ServiceName = Literal["alert_robot", "telescope", "preprocessor", "harvester", "data_manager", "portal"]


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class ServiceSettings(_Settings):
    """One daemon: where it listens, or (`http`) where another node's is reached."""

    ip: str = Field("127.0.0.1", description="address to listen on and to reach it at")
    port: Port = Field(8701, description="TCP port")
    http: str | None = Field(None, description="URL of the desk where it is not http://ip:port/RPC2")
    name: str | None = Field(
        None, max_length=64, description="instance name on the network; the service's own if absent"
    )
    max_body: int = Field(1_000_000, ge=1_000, le=64_000_000, description="largest order; bytes")
    max_connections: int = Field(256, ge=1, le=10_000, description="connections open at once")
    workers: dict[str, int] = Field(default_factory=dict, description="threads of a lane, where not the default")

    @property
    def url(self) -> str:
        """Where the desk's XML-RPC is reached."""
        return self.http or f"http://{self.ip}:{self.port}/RPC2"


def _services() -> dict[ServiceName, ServiceSettings]:
    names: tuple[ServiceName, ...] = (
        "alert_robot", "telescope", "preprocessor", "harvester", "data_manager", "portal",
    )  # fmt: skip
    return {
        name: ServiceSettings(port=8701 + i, max_body=8_000_000 if name == "alert_robot" else 1_000_000)
        for i, name in enumerate(names)
    }


class LoggingSettings(_Settings):
    """Where the logs go."""

    file: str = Field("/etc/toros/logs/toros.log", description="{service} in the name gives each daemon its own; "
                      "elsewhere each writes beside it; a relative path is below state")  # fmt: skip
    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    json_lines: bool = Field(False, description="one JSON object a line")
    keep: int = Field(30, ge=1, le=3650, description="daily files kept")


class SmtpSettings(_Settings):
    """The mail server that carries errors to people."""

    host: str = Field("", description="no mail is sent where empty")
    port: Port = 587
    sender: str = "toros@localhost"
    user: str = ""
    password_file: Path | None = Field(None, description="file that holds the password; or TOROS_SMTP_PASSWORD")
    starttls: bool = True


class DatabaseSettings(_Settings):
    """Where each daemon remembers."""

    url: str = Field(
        "sqlite:///{state}/{service}.sqlite",
        description="SQLite or PostgreSQL; {service} and {state} are replaced",
    )
    password_file: Path | None = Field(None, description="file with the password; or TOROS_DATABASE_PASSWORD")


class ObservatorySettings(_Settings):
    """The place that the telescope stands on."""

    name: str = "Embedded observatory"
    longitude: float = Field(-67.3283, ge=-180, le=360, description="degrees east")
    latitude: float = Field(-24.6157, ge=-90, le=90, description="degrees north")
    elevation: float = Field(4637.0, ge=-500, le=9000, description="metres")
    horizon: float = Field(20.0, ge=-5, le=89, description="lowest altitude to observe at; degrees")


class CameraSettings(_Settings):
    """The simulated camera."""

    rows: int = Field(1024, ge=16, le=20000, description="pixels")
    columns: int = Field(1024, ge=16, le=20000, description="pixels")
    gain: float = Field(1.5, gt=0, le=100, description="electrons per ADU")
    read_noise: float = Field(8.0, ge=0, le=1000, description="electrons")
    pixel_scale: float = Field(1.2, gt=0, le=100, description="arcseconds per pixel")
    clock_rate: float = Field(60.0, gt=0, le=1e6, description="seconds of exposure in a real second")
    seed: int = Field(1, ge=0, description="of the simulated noise")


class FileSettings(_Settings):
    """Named roots: an order's location is root:path, and nothing outside a root is ever opened."""

    roots: dict[str, Path] = Field(
        default_factory=lambda: {"raw": Path("raw"), "products": Path("products"), "alerts": Path("alerts")},
        description="name: folder; relative ones are below state",
    )


class EngineSettings(_Settings):
    """Who does the heavy work."""

    kind: Literal["local", "dask"] = "local"
    scheduler: str | None = Field(None, description="tcp://host:port of the Dask scheduler")
    processes: int = Field(2, ge=1, le=256, description="child processes")
    memory: int = Field(2048, ge=256, le=1_000_000, description="address space of a child beyond its start; MiB")
    wall: float = Field(600.0, gt=0, le=86400, description="longest time of one piece of work; seconds")
    cpu: float = Field(600.0, gt=0, le=86400, description="longest CPU time of one piece of work; seconds")
    recycle: int = Field(200, ge=1, le=1_000_000, description="pieces of work before a child is replaced")


class SecuritySettings(_Settings):
    """Who may ask what."""

    authentication: bool = Field(False, description="ask every caller for a token; must be on beyond 127.0.0.1")
    identities: Path = Field(Path("identities.yaml"), description="file of identities; relative ones are below state")
    token_file: Path | None = Field(None, description="this node's own token for asking other desks; or TOROS_TOKEN")
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    hosts: list[str] = Field(
        default_factory=list, description="names by which desks are reached, beside ip and localhost"
    )


class OrderSettings(_Settings):
    """How orders are tried, remembered and delivered."""

    tries: int = Field(5, ge=1, le=100, description="before an order is buried")
    first_delay: float = Field(2.0, gt=0, le=3600, description="before the second try; seconds, doubling")
    longest_delay: float = Field(600.0, gt=0, le=86400, description="seconds")
    lease: float = Field(15.0, gt=0.1, le=3600, description="a worker silent for so long has lost its order; seconds")
    retention: float = Field(90.0, gt=0, le=36500, description="finished orders are remembered so long; days")
    delivery_timeout: float = Field(10.0, gt=0, le=600, description="a peer must answer within; seconds")


class AlertSettings(_Settings):
    """What the alert robot does with an alert, for now."""

    max_distance: float = Field(500.0, gt=0, le=20000, description="galaxies up to this distance; megaparsec")
    credible_level: float = Field(0.9, gt=0, lt=1, description="part of the sky's probability that is searched")
    exposure_time: float = Field(60.0, ge=0, le=7200, description="of the follow-up; seconds")
    exposures: int = Field(3, ge=1, le=1000)
    filter: str = "r"
    expires: float = Field(24.0, gt=0, le=8760, description="follow-up not started within is dropped; hours")


class Config(_Settings):
    """One node."""

    state: Path = Field(Path("~/.local/state/toros"), description="folder for what daemons remember; or TOROS_STATE")
    services: dict[ServiceName, ServiceSettings] = Field(default_factory=_services)
    logging: LoggingSettings = LoggingSettings()
    admin_emails: list[str] = []
    smtp: SmtpSettings = SmtpSettings()
    database: DatabaseSettings = DatabaseSettings()
    observatory: ObservatorySettings = ObservatorySettings()
    camera: CameraSettings = CameraSettings()
    files: FileSettings = FileSettings()
    engine: EngineSettings = EngineSettings()
    security: SecuritySettings = SecuritySettings()
    orders: OrderSettings = OrderSettings()
    alerts: AlertSettings = AlertSettings()
