"""People are made known and changed by those who may, and seen as what they are."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.data.targets.room import NOW, Room
from toros.data.people.finding import find_users
from toros.data.people.identities import people
from toros.data.people.saving import save_user
from toros.data.people.viewing import viewer_named
from toros.data.permissions import Viewer
from toros.errors import Permanent
from workorders.people import SaveUser

ALL = Viewer.all_seeing()
HASH, OTHER = "a" * 64, "b" * 64


def save(room: Room, name: str, /, viewer: Viewer = ALL, reserved: tuple[str, ...] = (), **more: Any) -> dict[str, Any]:
    order = SaveUser.model_validate({"name": name, **more})
    return room.database.write(
        lambda session: save_user(session, order, viewer=viewer, recorded=NOW, reserved=reserved)
    )


def viewer(room: Room, name: str) -> Viewer:
    return room.database.read(lambda session: viewer_named(session, name))


def found(room: Room, viewer: Viewer = ALL, now: str = NOW, **asked: Any) -> list[dict[str, Any]]:
    answer = room.database.read(lambda session: find_users(session, viewer=viewer, now=now, **asked))
    return list(answer["users"])


def test_a_person_from_the_first_word_to_the_last(room: Room) -> None:
    told = save(room, "ann", full_name="Ann A", groups=["kilonovae", "novae"])
    assert told == {"user": 1, "name": "ann", "made": True, "role": "observer", "groups": ["kilonovae", "novae"],
                    "disabled": False, "token": "none"}  # fmt: skip
    assert save(room, "ann", full_name="Ann A", groups=["kilonovae", "novae"]) == told | {"made": False}
    assert viewer(room, "ann") == Viewer.of("ann", ["kilonovae", "novae"])
    save(room, "ann", role="scientist", groups=["novae"])
    assert viewer(room, "ann") == Viewer.of("ann", ["novae"])
    save(room, "ann", groups=[], disabled=True)
    assert viewer(room, "ann") == Viewer()
    save(room, "ann", disabled=False, role="admin")
    assert viewer(room, "ann").everything
    assert room.count("user_group") == 2 and room.count("membership") == 0


def test_a_name_that_is_nobody_s_is_a_user_without_groups(room: Room) -> None:
    assert viewer(room, "by_hand") == Viewer("by_hand")


@pytest.mark.parametrize("name", ["data_manager", "Operator", "anonymous", "CTMO", "ANN"])
def test_no_person_has_a_daemon_s_name_or_one_like_another_s(room: Room, name: str) -> None:
    save(room, "ann")
    with pytest.raises(Permanent, match="name: "):
        save(room, name, reserved=("ctmo",))


def test_people_say_of_themselves_how_they_are_called_and_nothing_else(room: Room) -> None:
    save(room, "ann", groups=["novae"], token_sha256=HASH)
    save(room, "bob")
    ann = Viewer.of("ann")
    save(room, "ann", viewer=ann, full_name="Ann B", email="ann@example.org")
    assert found(room, viewer=ann)[0]["full_name"] == "Ann B"
    for change in ({"role": "admin"}, {"groups": ["all"]}, {"disabled": False}, {"token_sha256": OTHER}):
        with pytest.raises(Permanent, match=f"{next(iter(change))}: only an administrator"):
            save(room, "ann", viewer=ann, **change)
    for name in ("bob", "carl"):
        with pytest.raises(Permanent, match="name: only an administrator"):
            save(room, name, viewer=ann, full_name="Mine")
    with pytest.raises(Permanent, match="name: only an administrator"):
        save(room, "ann", viewer=Viewer(), full_name="Nobody's")


def test_a_token_is_one_person_s_and_ends(room: Room) -> None:
    save(room, "ann", token_sha256=HASH, token_requests=["status"], token_expires="2026-12-01")
    with pytest.raises(Permanent, match="token_sha256: it is another person's"):
        save(room, "bob", token_sha256=HASH)
    assert [found(room, now=now)[0]["token"] for now in (NOW, "2027-01-01")] == ["valid", "expired"]
    assert save(room, "ann", revoke_token=True)["token"] == "revoked"
    assert save(room, "ann", token_sha256=OTHER)["token"] == "valid"
    row = found(room)[0]
    assert "token_expires" not in row and "token_requests" not in row
    (person,) = room.database.read(people)
    assert (person.sha256, person.revoked, person.requests, person.expires) == (OTHER, False, [], None)
    save(room, "ann", disabled=True)
    assert room.database.read(people)[0].revoked


def test_no_answer_holds_a_secret(room: Room) -> None:
    import yaml

    from workorders.description import example_text

    password = yaml.safe_load(example_text("save_user"))["password_hash"]
    save(room, "ann", token_sha256=HASH, password_hash=password)
    told = repr(found(room))
    assert HASH not in told and "argon2" not in told and "'password': True" in told


def test_others_find_themselves_alone_and_pages_end(room: Room) -> None:
    for name in ("carl", "ann", "bob"):
        save(room, name, groups=["novae"] if name != "carl" else [])
    assert [row["name"] for row in found(room)] == ["ann", "bob", "carl"]
    assert [row["name"] for row in found(room, limit=1, after="ann")] == ["bob"]
    assert [row["name"] for row in found(room, group="novae")] == ["ann", "bob"]
    assert [row["name"] for row in found(room, viewer=Viewer.of("bob"))] == ["bob"]
    assert found(room, viewer=Viewer.of("bob"), name="ann") == []
    assert found(room, viewer=Viewer()) == []
