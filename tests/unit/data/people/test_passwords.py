"""Who signs in, and who does not."""

from __future__ import annotations

import pytest

from tests.unit.data.people.test_saving import save
from tests.unit.data.targets.room import Room
from toros.data.people.passwords import hash_password, signed_in
from workorders import Refusal, parse

PASSWORD = "correct horse battery"


def test_who_knows_the_password_signs_in_until_disabled(room: Room) -> None:
    save(room, "ann", password_hash=hash_password(PASSWORD))
    save(room, "bob")

    def enters(name: str, password: str) -> bool:
        return room.database.read(lambda session: signed_in(session, name, password) is not None)

    assert enters("ann", PASSWORD)
    assert not any(enters(*pair) for pair in (("ann", "wrong"), ("ann", ""), ("bob", PASSWORD), ("nobody", PASSWORD)))
    save(room, "ann", disabled=True)
    assert not enters("ann", PASSWORD)


def test_a_hash_has_its_own_salt_and_the_desk_takes_it() -> None:
    one, other = hash_password(PASSWORD), hash_password(PASSWORD)
    assert one != other and PASSWORD not in one
    assert parse({"request": "save_user", "name": "ann", "password_hash": one}, "data_manager")


@pytest.mark.parametrize("password", ["", "too short", "x" * 1001])
def test_a_password_is_neither_short_nor_endless(password: str) -> None:
    with pytest.raises(ValueError, match="10 to 1000 characters"):
        hash_password(password)


@pytest.mark.parametrize(
    "text",
    [
        PASSWORD,
        "$argon2i$v=19$m=65536,t=3,p=4$c29tZXNhbHRzb21lc2FsdA$Zm9yIGFuIGV4YW1wbGUsIGEgaGFzaCBvZiBub3RoaW5nIQ",
        "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$Zm9yIGFuIGV4YW1wbGUsIGEgaGFzaCBvZiBub3RoaW5nIQ",
        "$argon2id$v=19$m=9999999,t=3,p=4$c29tZXNhbHRzb21lc2FsdA$Zm9yIGFuIGV4YW1wbGUsIGEgaGFzaCBvZiBub3RoaW5nIQ",
    ],
)
def test_a_password_itself_and_a_hash_too_weak_or_too_dear_are_refused(text: str) -> None:
    with pytest.raises(Refusal) as refused:
        parse({"request": "save_user", "name": "ann", "password_hash": text})
    assert refused.value.field == "password_hash"
