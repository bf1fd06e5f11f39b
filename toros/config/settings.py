"""What one node's configuration holds; every key with its unit, default, bounds and reader."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, Self, get_args

from pydantic import Field, field_validator, model_validator

from toros.config.broker import BrokerSettings
from toros.config.data_manager import HookCall, HookSettings, MovingSettings, StorageSettings
from toros.config.listening import FolderSettings, KafkaSettings, ListenerSettings, VtpSettings
from toros.config.section import Section as _Settings
from toros.config.telescopes import RuleSettings, TelescopeSettings
from toros.config.values import (
    Address,
    DatabaseUrl,
    EmailAddress,
    Folder,
    HttpUrl,
    InstanceName,
    Lane,
    LogFile,
    MailHost,
    PlaceName,
    Port,
    Receiver,
    RootName,
    SchedulerUrl,
    Threads,
)

__all__ = [
    "AlertSettings",
    "CameraSettings",
    "Config",
    "DataSettings",
    "DatabaseSettings",
    "EngineSettings",
    "FileSettings",
    "FolderSettings",
    "HookCall",
    "HookSettings",
    "KafkaSettings",
    "ListenerSettings",
    "LoggingSettings",
    "NoticeSettings",
    "ObservatorySettings",
    "OrderSettings",
    "PlaceSettings",
    "ReductionSettings",
    "RuleSettings",
    "SecuritySettings",
    "ServiceName",
    "ServiceSettings",
    "SmtpSettings",
    "StorageSettings",
    "TargetSettings",
    "TelescopeSettings",
    "VtpSettings",
]

ServiceName = Literal["alert_robot", "telescope", "preprocessor", "harvester", "data_manager", "portal"]


class ServiceSettings(
    _Settings,
    json_schema_extra={
        "reader": "that daemon (ip, port, limits); every other daemon and the command line (where to reach it)"
    },
):
    """One daemon: where it listens, or (`http`) where another node's is reached."""

    ip: Address = Field("127.0.0.1", description="address to listen on and to reach it at")
    port: Port = Field(8701, description="TCP port; 8701 to 8706 in the order of the services")
    http: HttpUrl | None = Field(None, description="URL of the desk where it is not http(s)://ip:port/RPC2")
    name: InstanceName | None = Field(
        None, description="instance name on the network, such as ctmo; the service's own name where absent"
    )
    max_body: int = Field(
        1_000_000,
        ge=1_000,
        le=64_000_000,
        description="largest order; bytes (the alert robot's default is 8000000: an alert holds its map)",
    )
    max_connections: int = Field(256, ge=1, le=10_000, description="connections open at once")
    workers: dict[Lane, Threads] = Field(
        default_factory=dict, max_length=32, description="threads of a lane (lane: number), where not the daemon's own"
    )

    @property
    def url(self) -> str:
        """Where the desk's XML-RPC is reached."""
        host = f"[{self.ip}]" if ":" in self.ip else self.ip
        return self.http or f"http://{host}:{self.port}/RPC2"


def _services() -> dict[ServiceName, ServiceSettings]:
    """Return every service with its own port and the room that its orders need."""
    names: tuple[ServiceName, ...] = get_args(ServiceName)
    return {
        name: ServiceSettings(port=8701 + i, max_body=8_000_000 if name == "alert_robot" else 1_000_000)
        for i, name in enumerate(names)
    }


class LoggingSettings(_Settings, json_schema_extra={"reader": "every daemon"}):
    """Where the logs go."""

    file: LogFile = Field(
        "/etc/toros/logs/toros.log",
        description="log file; {service} in the name is replaced, elsewhere each daemon writes beside it "
        "(toros.telescope.log); a relative path is below state; without any configuration file logs/{service}.log",
    )
    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="least level that is written")
    json_lines: bool = Field(False, description="write one JSON object a line instead of text")
    keep: int = Field(30, ge=1, le=3650, description="days that are kept; a new file begins at midnight UTC")


class SmtpSettings(_Settings, json_schema_extra={"reader": "every daemon"}):
    """The mail server that carries errors to admin_emails."""

    host: MailHost = Field("", description="name of the mail server; no mail is sent where empty")
    port: Port = Field(587, description="TCP port; 465 is TLS from the start")
    sender: EmailAddress = Field("toros@localhost", description="address that the mail comes from")
    user: str = Field("", max_length=256, description="login; none where empty")
    password_file: Folder | None = Field(
        None, description="file that holds the password; or TOROS_SMTP_PASSWORD in the environment"
    )
    starttls: bool = Field(True, description="encrypt before the login")


class DatabaseSettings(_Settings, json_schema_extra={"reader": "every daemon"}):
    """Where each daemon remembers."""

    url: DatabaseUrl = Field(
        "sqlite:///{state}/{service}.sqlite",
        description="SQLite or PostgreSQL; {service} and {state} are replaced; without a password",
    )
    password_file: Folder | None = Field(
        None, description="file that holds the password; or TOROS_DATABASE_PASSWORD in the environment"
    )


class ObservatorySettings(
    _Settings,
    json_schema_extra={
        "reader": "telescope, preprocessor (the longitude, to name the night), data_manager (visibility) and portal"
    },
):
    """The place that the telescope stands on."""

    name: str = Field("Embedded observatory", min_length=1, max_length=68, description="as written in FITS headers")
    longitude: float = Field(-67.3283, ge=-180, le=360, description="degrees, east positive")
    latitude: float = Field(-24.6157, ge=-90, le=90, description="degrees, north positive")
    elevation: float = Field(4637.0, ge=-500, le=9000, description="above the sea; metres")
    horizon: float = Field(
        20.0, ge=-5, le=89, description="lowest altitude to observe at; degrees (the simulator only remarks on it)"
    )


class CameraSettings(_Settings, json_schema_extra={"reader": "telescope"}):
    """The simulated camera."""

    rows: int = Field(1024, ge=16, le=20000, description="height of a frame; pixels")
    columns: int = Field(1024, ge=16, le=20000, description="width of a frame; pixels")
    gain: float = Field(1.5, gt=0, le=100, description="electrons per ADU")
    read_noise: float = Field(8.0, ge=0, le=1000, description="electrons")
    pixel_scale: float = Field(1.2, gt=0, le=100, description="arcseconds per pixel")
    clock_rate: float = Field(60.0, gt=0, le=1e6, description="seconds of exposure in one real second")
    seed: int = Field(1, ge=0, le=2**32 - 1, description="seed of the simulated sky and noise")


class FileSettings(_Settings, json_schema_extra={"reader": "every daemon and the command line"}):
    """Named roots: an order's location is root:path, and nothing outside a root is ever opened."""

    roots: dict[RootName, Folder] = Field(
        default_factory=lambda: {"raw": Path("raw"), "products": Path("products"), "alerts": Path("alerts")},
        min_length=1,
        max_length=64,
        description="name: folder; raw, products and alerts keep their defaults where not given; "
        "relative ones are below state",
    )

    @field_validator("roots", mode="before")
    @classmethod
    def _keep_the_others(cls, roots: Any) -> Any:
        defaults = {"raw": "raw", "products": "products", "alerts": "alerts"}
        return {**defaults, **roots} if isinstance(roots, dict) else roots


class EngineSettings(
    _Settings, json_schema_extra={"reader": "alert_robot, telescope and preprocessor, for their heavy work"}
):
    """Who does the heavy work."""

    kind: Literal["local", "dask"] = Field("local", description="child processes of this machine, or a Dask cluster")
    scheduler: SchedulerUrl | None = Field(None, description="tcp://host:port of the Dask scheduler")
    processes: int = Field(2, ge=1, le=256, description="child processes of one daemon")
    memory: int = Field(
        4096,
        ge=256,
        le=1_000_000,
        description="address space of a child beyond its start; MiB (a frame of 12000 x 10600 pixels asks for 1600, "
        "crowded or compressed for up to 2600)",
    )
    wall: float = Field(600.0, gt=0, le=86400, description="longest time of one piece of work; seconds")
    cpu: float = Field(600.0, gt=0, le=86400, description="longest CPU time of one piece of work; seconds")
    recycle: int = Field(200, ge=1, le=1_000_000, description="pieces of work before a child is replaced")
    ahead: bool = Field(
        True, description="the alert robot's children are made ready before there is work: the first alert is answered "
        "in a third of the time, for 150 MB a child"
    )  # fmt: skip


class ReductionSettings(_Settings, json_schema_extra={"reader": "preprocessor"}):
    """How frames are calibrated; an order may say otherwise for itself, and a camera's file for its camera."""

    cameras: Folder | None = Field(
        None,
        description="folder of camera files, asked before those that come with TOROS; below state where relative",
    )
    missing: Literal["mark", "refuse"] = Field(
        "mark",
        description="a light that lacks its bias, dark or flat is reduced with what there is and marked (mark), or set "
        "aside (refuse)",
    )
    master_validity: float = Field(
        365.0,
        ge=0,
        le=36500,
        description="masters of other nights serve up to this age, 0 for none; days (a camera's file may say less: 30 "
        "for bias, dark and flat where it is silent)",
    )
    temperature_tolerance: float = Field(
        5.0,
        ge=0,
        le=100,
        description="by which a master of another night may be warmer or colder; degrees Celsius (a camera's file may "
        "say less: 2 where it is silent)",
    )
    dark_scaling: bool = Field(True, description="scale a dark where there is none of the same exposure time")
    cosmic_rays: bool = Field(False, description="find and replace cosmic rays where an order does not say")
    compress: bool = Field(False, description="write products Rice-compressed")
    frames_at_once: int | None = Field(
        None,
        ge=1,
        le=1000,
        description="most frames under way at once, memory allowing; as many as engine.processes where absent",
    )
    memory: int = Field(
        6144,
        ge=256,
        le=10_000_000,
        description="memory that all frames under way may take together, on a cluster too; MiB (a frame is reckoned at "
        "256 MiB and 20 bytes a pixel; large ones are fewer at once, but never less than one)",
    )


class DataSettings(_Settings, json_schema_extra={"reader": "data_manager"}):
    """What the data manager takes in."""

    largest_table: int = Field(
        500_000_000,
        ge=1_000,
        le=100_000_000_000,
        description="largest file of photometry or of a spectrum that is opened; bytes",
    )


class SecuritySettings(_Settings, json_schema_extra={"reader": "every daemon and the command line"}):
    """Who may ask what."""

    authentication: bool = Field(
        False, description="ask every caller for a token; must be true as soon as a service's ip is not loopback"
    )
    identities: Folder = Field(
        Path("identities.yaml"), description="file of identities, made by toros init; a relative path is below state"
    )
    token_file: Folder | None = Field(
        None, description="file with this node's own token for asking other desks; or TOROS_TOKEN in the environment"
    )
    tls_certificate: Folder | None = Field(None, description="certificate (PEM) that the desks show; no TLS if absent")
    tls_key: Folder | None = Field(None, description="private key (PEM) of the certificate")
    hosts: list[Address] = Field(
        default_factory=list,
        max_length=64,
        description="names by which the desks are reached, beside their ip and localhost",
    )


class OrderSettings(_Settings, json_schema_extra={"reader": "every daemon; delivery_timeout by the command line too"}):
    """How orders are tried, remembered and delivered."""

    tries: int = Field(5, ge=1, le=100, description="tries before an order is buried")
    first_delay: float = Field(2.0, gt=0, le=3600, description="before the second try, then doubling; seconds")
    longest_delay: float = Field(600.0, gt=0, le=86400, description="between two tries; seconds")
    lease: float = Field(15.0, gt=0.1, le=3600, description="a worker silent for so long has lost its order; seconds")
    retention: float = Field(90.0, gt=0, le=36500, description="finished orders are remembered so long; days")
    delivery_timeout: float = Field(10.0, gt=0, le=600, description="a peer must answer within; seconds")


class AlertSettings(_Settings, json_schema_extra={"reader": "alert_robot"}):
    """What the alert robot does with an alert; a telescope's rule may say otherwise for it."""

    max_distance: float = Field(500.0, gt=0, le=20000, description="galaxies up to this distance; megaparsec")
    credible_level: float = Field(0.9, gt=0, lt=1, description="part of the sky's probability that is searched")
    catalogue: InstanceName = Field(
        "openngc", description="galaxies to rank: openngc, or what `toros galaxies import` made, by its name"
    )
    exposure_time: float = Field(60.0, ge=0, le=7200, description="of each frame of the follow-up; seconds")
    exposures: int = Field(3, ge=1, le=1000, description="light frames of the follow-up")
    filter: str = Field("r", min_length=1, max_length=32, description="filter of the follow-up")
    expires: float = Field(24.0, gt=0, le=8760, description="a follow-up not started within is dropped; hours")
    skymap_hosts: list[Address] = Field(
        default_factory=lambda: ["gracedb.ligo.org", "dcc.ligo.org", "gcn.nasa.gov", "heasarc.gsfc.nasa.gov"],
        max_length=64,
        description="the only hosts that skymaps are downloaded from, over https; redirects are held to them too",
    )
    skymap_timeout: float = Field(60.0, gt=0, le=3600, description="a whole download must end within; seconds")
    largest_skymap: int = Field(
        256_000_000, ge=1_000, le=4_000_000_000, description="a larger skymap is not downloaded; bytes"
    )
    listeners: ListenerSettings = Field(
        ListenerSettings(), description="where alerts come from, beside process_alert at the desk"
    )
    rules: dict[InstanceName, RuleSettings] = Field(
        default_factory=dict,
        max_length=64,
        description="by which rule each telescope follows up alerts, by its name; without any, this node's own "
        "telescope follows up all, at once",
    )
    tell: list[Receiver] = Field(
        default_factory=list,
        max_length=32,
        description="who hears of every alert that somebody follows up, with a picture and a table: addresses (see "
        "notices.mail_domains and admin_emails) and URLs of Slack's or Mattermost's webhooks (hooks.hosts)",
    )
    broker: BrokerSettings = Field(BrokerSettings(), description="the older TOROS broker")


class PlaceSettings(_Settings):
    """Another observatory, of which it is told what is visible there."""

    longitude: float = Field(ge=-180, le=360, description="degrees, east positive")
    latitude: float = Field(ge=-90, le=90, description="degrees, north positive")
    elevation: float = Field(0.0, ge=-500, le=9000, description="above the sea; metres")
    horizon: float = Field(20.0, ge=-5, le=89, description="lowest altitude to observe at; degrees")


class TargetSettings(_Settings, json_schema_extra={"reader": "data_manager"}):
    """What the data manager takes for one and the same target, and where it says when one is visible."""

    match_radius: float = Field(
        3.0, ge=0, le=3600, description="a new target so near to one that we have is that one; arcseconds"
    )
    observatories: dict[PlaceName, PlaceSettings] = Field(
        default_factory=dict,
        max_length=32,
        description="beside this node's, by name: longitude and latitude, elevation (0) and horizon (20); degrees and "
        "metres",
    )


class NoticeSettings(_Settings, json_schema_extra={"reader": "data_manager and alert_robot"}):
    """Whom to tell of an observation that changes, and of an alert: these by mail, `hooks.hosts` by webhook."""

    mail_domains: list[Address] = Field(
        default_factory=list,
        max_length=64,
        description="domains that notices may be mailed to, beside the addresses of admin_emails; needs smtp.host",
    )
    timeout: float = Field(10.0, gt=0, le=120, description="a webhook must answer within; seconds")


class Config(_Settings, json_schema_extra={"reader": "every daemon"}):
    """One node. Its paths are absolute: `~` is expanded and relative ones are below `state`."""

    state: Folder = Field(
        Path("~/.local/state/toros"),
        description="folder for what daemons remember; TOROS_STATE in the environment wins",
    )
    services: dict[ServiceName, ServiceSettings] = Field(
        default_factory=_services, description="the daemons of the network; what is not given keeps its default"
    )
    logging: LoggingSettings = LoggingSettings()
    admin_emails: list[EmailAddress] = Field(
        default_factory=list,
        max_length=32,
        description="who gets errors by mail, where smtp.host is given",
    )
    smtp: SmtpSettings = SmtpSettings()
    database: DatabaseSettings = DatabaseSettings()
    observatory: ObservatorySettings = ObservatorySettings()
    telescopes: dict[InstanceName, TelescopeSettings] = Field(
        default_factory=dict,
        max_length=64,
        description="the telescopes of the network, by name; where there are none, this node's own",
    )
    camera: CameraSettings = CameraSettings()
    files: FileSettings = FileSettings()
    engine: EngineSettings = EngineSettings()
    reduction: ReductionSettings = ReductionSettings()
    data: DataSettings = DataSettings()
    storage: StorageSettings = StorageSettings()
    hooks: HookSettings = HookSettings()
    security: SecuritySettings = SecuritySettings()
    orders: OrderSettings = OrderSettings()
    alerts: AlertSettings = AlertSettings()
    targets: TargetSettings = TargetSettings()
    notices: NoticeSettings = NoticeSettings()
    moving: MovingSettings = MovingSettings()

    def galaxy_store(self, name: str) -> Path | None:
        """Return where the galaxies of a catalogue lie; None for OpenNGC, which comes with TOROS."""
        return None if name == "openngc" else self.state / "galaxies" / f"{name}.galaxies"

    @field_validator("services", mode="before")
    @classmethod
    def _keep_defaults(cls, given: Any) -> Any:
        """Give a service that is named in part the defaults of the rest, and the unnamed ones theirs."""
        if not isinstance(given, dict):
            return given
        merged: dict[Any, Any] = {name: service.model_dump() for name, service in _services().items()}
        for name, settings in given.items():
            if isinstance(settings, ServiceSettings):
                settings = settings.model_dump(exclude_unset=True)
            merged[name] = {**merged.get(name, {}), **settings} if isinstance(settings, dict) else settings
        return merged

    @model_validator(mode="after")
    def _below_state(self) -> Self:
        """Make every path absolute, so that no daemon depends on the folder that it was started in."""
        state = self.state.absolute()

        def below(settings: _Settings, *keys: str) -> dict[str, Path]:
            return {key: state / path for key in keys if (path := getattr(settings, key)) is not None}

        url = self.storage.url
        roots = {name: state / folder for name, folder in self.files.roots.items()}
        changes: dict[str, Any] = {
            "state": state,
            "logging": {"file": str(state / Path(self.logging.file).expanduser())},
            "smtp": below(self.smtp, "password_file"),
            "database": below(self.database, "password_file"),
            "files": {"roots": roots},
            "reduction": below(self.reduction, "cameras"),
            "storage": {"url": url if "://" in url else str(state / Path(url).expanduser())},
            "hooks": below(self.hooks, "key_file"),
            "moving": below(self.moving, "password_file"),
            "security": below(self.security, "identities", "token_file", "tls_certificate", "tls_key"),
            "alerts": {"listeners": self._listeners_below(below)},
        }
        for name, change in changes.items():
            value = change if name == "state" else getattr(self, name).model_copy(update=change)
            self.__dict__[name] = value  # the model is frozen for everybody else
        return self

    def _listeners_below(self, below: Callable[..., dict[str, Path]]) -> ListenerSettings:
        """Return the listeners with absolute paths."""
        listeners = self.alerts.listeners
        kafka = {name: one.model_copy(update=below(one, "secret_file")) for name, one in listeners.kafka.items()}
        folder = {name: one.model_copy(update=below(one, "path")) for name, one in listeners.folder.items()}
        return listeners.model_copy(update={"kafka": kafka, "folder": folder})
