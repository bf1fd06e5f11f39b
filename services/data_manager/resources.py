"""What the data manager keeps from one order to the next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from toros.data.observations.facilities import known_facilities
from toros.data.storage import Storage, storage_of

if TYPE_CHECKING:
    from toros.clock import Clock
    from toros.config import Config
    from toros.network.service import Context

__all__ = ["Resources", "make_resources", "storage_in"]


@dataclass(frozen=True)
class Resources:
    """Made once when the daemon starts."""

    storage: Storage


def make_resources(config: Config, _clock: Clock) -> Resources:
    """Return what every handler may use; a facility that could not be asked is complained of here, at the start."""
    known_facilities()
    return Resources(storage_of(config))


def storage_in(context: Context) -> Storage:
    """Return the daemon's storage."""
    return cast(Resources, context.resources).storage
