"""Facilities: two that come with TOROS, and what is installed beside it, each a class and an entry point."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping
from functools import cache
from typing import Any

from toros.data.observations.facilities.base import Facility
from toros.data.observations.facilities.checking import loaded
from toros.data.observations.facilities.manual import Manual
from toros.data.observations.facilities.own_telescope import OwnTelescope
from toros.errors import Permanent

__all__ = ["GROUP", "find_facility", "known_facilities"]

GROUP = "toros.facilities"
OURS: tuple[type[Facility[Any]], ...] = (OwnTelescope, Manual)


@cache
def known_facilities() -> Mapping[str, Facility[Any]]:
    """Return the facilities by name; an installed one goes before ours of the same name.

    Raises
    ------
    ConfigurationError
        One that is installed could not do what it says.
    """
    installed = [loaded(entry) for entry in importlib.metadata.entry_points(group=GROUP)]
    return {each.name: each() for each in (*OURS, *installed)}


def find_facility(name: str) -> Facility[Any]:
    """Return the facility of this name; raise Permanent where there is none."""
    known = known_facilities()
    if name not in known:
        raise Permanent(f"facility: there is no facility {name!r}; allowed: {', '.join(sorted(known))}")
    return known[name]
