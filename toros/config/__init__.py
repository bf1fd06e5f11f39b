"""The configuration of one node: its settings, the YAML file that holds them, and how it is found and read."""

from toros.config.broker import BrokerSettings
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
    RuleSettings,
    SecuritySettings,
    ServiceName,
    ServiceSettings,
    SmtpSettings,
    StorageSettings,
    TelescopeSettings,
)

__all__ = [
    "AlertSettings", "BrokerSettings", "CameraSettings", "Config", "DataSettings", "DatabaseSettings",
    "EngineSettings", "FileSettings", "HookCall", "HookSettings", "LoggingSettings", "NoticeSettings",
    "ObservatorySettings", "OrderSettings", "ReductionSettings", "RuleSettings", "SecuritySettings", "ServiceName",
    "ServiceSettings", "SmtpSettings", "StorageSettings", "TelescopeSettings", "config_hash", "find_config",
    "load_config",
]  # fmt: skip
