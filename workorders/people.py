"""What can be asked about people, and about what they have changed."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from workorders.envelope import WorkOrder
from workorders.quantities import Name, OrderId, RequestName, UtcTime, says

__all__ = ["FindChanges", "FindUsers", "GroupName", "PasswordHash", "SaveUser", "TokenHash", "UserName"]

ARGON2 = re.compile(
    r"\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,2})\$[A-Za-z0-9+/]{22,86}\$[A-Za-z0-9+/]{43,86}", re.ASCII
)
MEMORY, PASSES, LANES = (19_456, 262_144), (2, 10), (1, 8)  # not too cheap to try, not so dear that it stops a portal


def _argon2(text: str) -> str:
    """Return an Argon2id hash; raise ValueError where it is none, or one that is too weak or too dear."""
    found = ARGON2.fullmatch(text)
    if found is None:
        raise ValueError("is not an Argon2id hash")
    for name, value, (least, most) in zip(("m", "t", "p"), found.groups(), (MEMORY, PASSES, LANES), strict=True):
        if not least <= int(value) <= most:
            raise ValueError(f"is made with {name}={value}, which is not from {least} to {most}")
    return text


UserName = Annotated[
    str, says("1 to 64 letters, digits and . _ -, such as beatriz", pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")
]
GroupName = Annotated[
    str, says("1 to 64 letters, digits and . _ -, such as kilonovae", pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")
]
TokenHash = Annotated[str, says("64 hexadecimal digits, small letters", pattern=r"^[0-9a-f]{64}$")]
PasswordHash = Annotated[
    str,
    says("an Argon2id hash such as $argon2id$v=19$m=65536,t=3,p=4$…; never the password itself", max_length=300),
    AfterValidator(_argon2),
]


class SaveUser(WorkOrder):
    """Make a person known, or change what is said of one; what is not given stays.

    Neither a password nor a token travels in an order, which is kept: the sender hashes the one, and makes the other of
    256 random bits and sends its SHA-256. Administrators change everybody; others their own full name, address and
    password. Every node's identities are brought up to date by it.
    """

    unlisted = frozenset({"password_hash"})

    request: Literal["save_user"] = "save_user"
    name: UserName = Field(description="by which the person is known, and asks")
    full_name: Name | None = Field(None, description="as in publications")
    email: Annotated[str, says("an address such as a@b.org", max_length=254, pattern=r"^[^\s@]+@[^\s@]+$")] | None = (
        Field(None, description="where they are written to")
    )
    role: Literal["observer", "scientist", "admin"] | None = Field(
        None, description="what they may ask: workorders/roles.py says it; observer where a new person has none"
    )
    groups: Annotated[list[GroupName], Field(max_length=100)] | None = Field(
        None, description="all groups that they belong to from now on; one that is not there yet is made"
    )
    disabled: bool | None = Field(None, description="they may ask nothing, until this is false again")
    password_hash: PasswordHash | None = Field(None, description="of the portal's password")
    token_sha256: TokenHash | None = Field(None, description="of a new token, which replaces the one before")
    token_requests: Annotated[list[RequestName], Field(max_length=200)] | None = Field(
        None, description="what the new token is for; all that the role may where absent"
    )
    token_expires: UtcTime | None = Field(None, description="end of the new token; UTC, never where absent")
    revoke_token: bool = Field(False, description="make the token worthless at once")

    @model_validator(mode="after")
    def _said(self) -> SaveUser:
        if self.token_sha256 is None and (self.token_requests is not None or self.token_expires is not None):
            raise _needed("token_sha256", "a token_sha256 with token_requests and token_expires")
        if self.token_sha256 is not None and self.revoke_token:
            raise _needed("revoke_token", "either a new token or revoke_token")
        return self


class FindUsers(WorkOrder):
    """People, by name: everybody for administrators, themselves for others; passwords and tokens are never shown."""

    request: Literal["find_users"] = "find_users"
    name: UserName | None = Field(None, description="only this person")
    group: GroupName | None = Field(None, description="only members of this group")
    limit: int = Field(100, ge=1, le=1000, description="most rows to answer")
    after: UserName | None = Field(None, description="page on: the last name of the page before")


class FindChanges(WorkOrder):
    """Who changed what, the latest first: of one target for whoever sees it, of everything for administrators."""

    request: Literal["find_changes"] = "find_changes"
    target: Name | None = Field(None, description="only changes of this target; any of its names")
    by: Name | None = Field(None, description="only what this person or daemon changed")
    order_id: OrderId | None = Field(None, description="only what this order changed")
    limit: int = Field(100, ge=1, le=1000, description="most rows to answer")
    before: int | None = Field(None, ge=1, le=2**31 - 1, description="page on: changes with a smaller number")


def _needed(field: str, allowed: str) -> PydanticCustomError:
    return PydanticCustomError("one_of", "needs {what}", {"what": allowed, "field": field, "allowed": allowed})
