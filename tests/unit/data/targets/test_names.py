"""Names are matched as people type them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.data.targets.room import Room
from toros.data.targets.names import key_of
from toros.errors import Permanent


@pytest.mark.parametrize("typed", ["NGC 4993", "ngc4993", "ngc-4993", "Ngc_4993", "(NGC)[4993]", " n g c 4 9 9 3 "])
def test_names_are_compared_as_people_type_them(typed: str) -> None:
    assert key_of(typed) == "ngc4993"


def test_a_sign_that_tells_places_apart_stays() -> None:
    assert key_of("PSR J0737+3039") != key_of("PSR J0737-3039")


@pytest.mark.parametrize("typed", ["", "  ", "-_()[]"])
def test_a_name_of_nothing_is_refused(typed: str) -> None:
    with pytest.raises(Permanent, match="neither letters nor digits"):
        key_of(typed)


@given(st.text(min_size=1, max_size=60))
def test_the_key_of_a_key_is_the_key(text: str) -> None:
    try:
        key = key_of(text)
    except Permanent:
        return
    assert len(key) <= 256
    assert key_of(key) == key


def test_every_name_of_a_target_finds_it(room: Room) -> None:
    added = room.add("AT 2017gfo", 197.45, -23.38, aliases=["SSS17a", {"name": "DLT17ck", "source": "DLT40"}])
    assert {room.number(name) for name in ("at2017GFO", "sss-17A", "dlt17ck")} == {added.number}
    assert room.show("SSS17A")["aliases"] == [{"name": "DLT17ck", "source": "DLT40"}, {"name": "SSS17a"}]
