"""Whether a facility that is installed beside TOROS is one, asked when it is loaded and not when it is needed."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import EntryPoint
from typing import Any

from toros.data.observations.facilities.base import Facility, Form
from toros.errors import ConfigurationError

__all__ = ["loaded"]


def loaded(entry: EntryPoint) -> type[Facility[Any]]:
    """Return the class that an entry point names.

    Raises
    ------
    ConfigurationError
        It cannot be loaded, or could not do what it says: a sentence with the entry point, and what it lacks.
    """
    where = f"the facility {entry.name} ({entry.value})"
    try:
        found = entry.load()
    except (ImportError, AttributeError) as error:
        raise ConfigurationError(f"{where} cannot be loaded: {error}") from None
    if not (isinstance(found, type) and issubclass(found, Facility)):
        raise ConfigurationError(f"{where} is no subclass of toros.data.observations.facilities.base.Facility")
    wrong = next(_faults(found, entry.name), None)
    if wrong is not None:
        raise ConfigurationError(f"{where} {wrong}")
    return found


def _faults(facility: type[Facility[Any]], name: str) -> Iterator[str]:
    """Yield what a class lacks."""
    for attribute in ("name", "title", "form"):
        if not hasattr(facility, attribute):
            yield f"has no {attribute}"
    if facility.name != name:
        yield f"calls itself {facility.name!r}; allowed: the name of its entry point"
    if not (isinstance(facility.form, type) and issubclass(facility.form, Form)):
        yield "has a form that is no subclass of toros.data.observations.facilities.base.Form"
    needed = sorted(facility.__abstractmethods__)
    if facility.can_be_asked:
        needed += [each for each in ("question", "read_answer") if getattr(facility, each) is getattr(Facility, each)]
    if needed:
        says = " says that it can_be_asked, but" if not facility.__abstractmethods__ else ""
        yield f"{says} has no {' and no '.join(needed)}".strip()
