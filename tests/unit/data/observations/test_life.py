"""Which status may follow which."""

from __future__ import annotations

import pytest

from toros.data.observations.facilities import find_facility, known_facilities
from toros.data.observations.life import FAILED, MOVES, TERMINAL, Status, check_move
from toros.errors import Permanent


def test_every_status_but_pending_is_an_end_and_all_ends_but_one_are_failures() -> None:
    assert set(Status) - TERMINAL == {Status.PENDING}
    assert {Status.COMPLETED} == TERMINAL - FAILED
    assert set(MOVES) == set(Status)


@pytest.mark.parametrize("status", sorted(Status))
def test_the_same_again_is_no_change(status: str) -> None:
    assert check_move(status, status) is False


def test_what_was_observed_all_the_same_is_completed() -> None:
    assert check_move("WINDOW_EXPIRED", "COMPLETED") and check_move("CANCELED", "COMPLETED")
    with pytest.raises(Permanent, match="COMPLETED and cannot become PENDING; allowed: nothing: that is how it ended"):
        check_move("COMPLETED", "PENDING")
    with pytest.raises(Permanent, match="CANCELED and cannot become PENDING; allowed: COMPLETED"):
        check_move("CANCELED", "PENDING")


def test_facilities_are_known_by_name() -> None:
    assert {"own_telescope", "manual"} <= set(known_facilities())
    with pytest.raises(Permanent, match=r"there is no facility 'hubble'; allowed: manual, own_telescope"):
        find_facility("hubble")
