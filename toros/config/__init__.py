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
    HookCall,
    HookSettings,
    LoggingSettings,
    NoticeSettings,
    ObservatorySettings,
    OrderSettings,
    ReductionSettings,
    SecuritySettings,
    ServiceName,
    ServiceSettings,
    SmtpSettings,
    StorageSettings,
)

__all__ = [
    "AlertSettings", "CameraSettings", "Config", "DataSettings", "DatabaseSettings", "EngineSettings", "FileSettings",
    "HookCall", "HookSettings", "LoggingSettings", "NoticeSettings", "ObservatorySettings", "OrderSettings",
    "ReductionSettings", "SecuritySettings", "ServiceName", "ServiceSettings", "SmtpSettings", "StorageSettings",
    "config_hash", "find_config", "load_config",
]  # fmt: skip
