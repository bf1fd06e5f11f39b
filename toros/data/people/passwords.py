"""Passwords of people for the portal, kept as Argon2id; and who signs in with one."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import select

from toros.data.tables import User

if TYPE_CHECKING:
    from argon2 import PasswordHasher
    from sqlalchemy.orm import Session

__all__ = ["hash_password", "signed_in"]

SHORTEST, LONGEST = 10, 1000  # characters


def hash_password(password: str) -> str:
    """Return the Argon2id hash of a password, with a salt of its own.

    Raises
    ------
    ValueError
        The password is shorter than 10 characters, or longer than 1000.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise ValueError(f"a password has {SHORTEST} to {LONGEST} characters")
    return _hasher().hash(password)


def signed_in(session: Session, name: str, password: str) -> User | None:
    """Return the person who has this name and password; None for everybody else, after the same time.

    Parameters
    ----------
    session : Session
    name, password : str
        As they were typed.
    """
    from argon2.exceptions import InvalidHashError, VerificationError

    user = session.scalar(select(User).where(User.name == name))
    known = user.password_hash if user is not None and user.password_hash is not None else _nobodys()
    try:
        _hasher().verify(known, password[:LONGEST])
    except (VerificationError, InvalidHashError):
        return None
    return user if user is not None and not user.disabled and user.password_hash == known else None


@cache
def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher

    return PasswordHasher()


@cache
def _nobodys() -> str:
    """Return a hash that nobody's password has, so that an unknown name takes as long as a wrong password."""
    import secrets

    return _hasher().hash(secrets.token_urlsafe(32))
