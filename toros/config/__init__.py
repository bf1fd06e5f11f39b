"""The configuration of one node: its settings, the YAML file that holds them, and how it is found and read."""

from toros.config.loader import config_hash, find_config, load_config
from toros.config.settings import (
    AlertSettings,
    CameraSettings,
    Config,
    DatabaseSettings,
    DataSettings,
    EngineSettings,
    FileSettings,
    LoggingSettings,
    NoticeSettings,
    ObservatorySettings,
    OrderSettings,
    ReductionSettings,
    SecuritySettings,
    ServiceName,
    ServiceSettings,
    SmtpSettings,
)

__all__ = [
    "AlertSettings", "CameraSettings", "Config", "DataSettings", "DatabaseSettings", "EngineSettings", "FileSettings",
    "LoggingSettings", "NoticeSettings", "ObservatorySettings", "OrderSettings", "ReductionSettings",
    "SecuritySettings", "ServiceName", "ServiceSettings", "SmtpSettings", "config_hash", "find_config", "load_config",
]  # fmt: skip
