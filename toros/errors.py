"""What can go wrong, in words that say what to do next."""

from __future__ import annotations

__all__ = [
    "BadFrame",
    "BadValue",
    "ChildDied",
    "ConfigurationError",
    "DatabaseError",
    "LeaseLost",
    "OrderCancelled",
    "OutsideRoots",
    "Permanent",
    "Temporary",
    "TorosError",
    "UnfinishedFrame",
    "Unreadable",
]


class TorosError(Exception):
    """Base of everything that TOROS raises on purpose; its message is a sentence for a person."""


class ConfigurationError(TorosError):
    """The configuration cannot be used: file, line, key and what is allowed."""


class DatabaseError(TorosError):
    """The database cannot be used: damaged, of a newer version, held by another daemon, or full."""


class Permanent(TorosError):
    """Trying again will not help: the order is buried at once with this reason."""


class Temporary(TorosError):
    """Trying again later may help: the order goes back with a delay."""


class OutsideRoots(Permanent):
    """A file location leaves the configured roots, or names none of them."""


class BadFrame(Permanent):
    """A FITS file that cannot be used; the rest of its batch goes on."""


class UnfinishedFrame(BadFrame):
    """A file that is shorter than it should be: cut off, or still on its way, and then whole a little later."""


class BadValue(Permanent, ValueError):
    """A value that cannot be: the field, what was given, and what is allowed. Also a `ValueError`, as models expect."""


class Unreadable(Permanent):
    """An alert that cannot be understood: what is wrong with it. It is kept, and people are told."""


class ChildDied(TorosError):
    """The child process doing the work died or was killed at a limit: memory, CPU or wall time."""


class OrderCancelled(TorosError):
    """Somebody took the order back while it was running."""


class LeaseLost(TorosError):
    """Another worker holds this order now; whatever this one does is refused."""
