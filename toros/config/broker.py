"""The older TOROS broker, a web site that alerts and assignments may be uploaded to."""

from __future__ import annotations

from pydantic import Field

from toros.config.section import Section
from toros.config.values import Folder, HttpUrl

__all__ = ["BrokerSettings"]


class BrokerSettings(Section, json_schema_extra={"reader": "alert_robot"}):
    """The older TOROS broker: it hears of every gravitational wave, and who observes which target of it."""

    url: HttpUrl | None = Field(
        None, description="where its JSON is posted; nothing is uploaded where absent; its host must be one of "
        "hooks.hosts"
    )  # fmt: skip
    login: HttpUrl | None = Field(None, description="its login form, on the same host; nobody logs in where absent")
    user: str = Field("", max_length=256, description="who logs in")
    password_file: Folder | None = Field(
        None, description="file that holds the password; or TOROS_BROKER_PASSWORD in the environment"
    )
    run: str = Field("", max_length=16, description="the observing run, as the broker calls it, such as O4")
    mock: bool = Field(False, description="upload mock alerts too, as tests")
