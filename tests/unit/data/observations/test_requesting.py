"""An observation is asked for: its form is filled in, checked, and handed over when its time has come."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.data.observations.desk import Desk, hour
from tests.unit.data.targets.room import CERES
from toros.data.permissions import Viewer
from toros.errors import Permanent
from workorders.observing import Observation


def test_a_telescope_gets_an_order_with_the_targets_place(desk: Desk) -> None:
    number = desk.request("ngc224", parameters={"exposures": 3, "filter": "g"}, end=hour(8), priority=7.0)
    (order,) = desk.sent
    assert isinstance(order, Observation)
    assert (order.ra, order.dec, order.target, order.exposures, order.filter) == (10.6847, 41.269, "M 31", 3, "g")
    assert (order.priority, order.expires) == (7.0, hour(8))
    row = desk.show(number)
    assert (row["status"], row["facility"], row["facility_id"]) == ("PENDING", "own_telescope", order.id)
    assert (row["seconds"], row["target"], row["end"]) == (180.0, "M 31", hour(8))
    assert [event["status"] for event in row["history"]] == ["PENDING"]


def test_proper_motion_and_orbits_are_followed(desk: Desk) -> None:
    desk.room.add("Barnard", 269.45207, 4.69339, pm_ra=-798.58, pm_dec=10328.12, epoch=2000.0)
    desk.room.add("1 Ceres", **CERES)
    desk.request("Barnard", facility="own_telescope")
    desk.request("1 Ceres")
    desk.request("1 Ceres", start=hour(24 * 30))
    barnard, ceres = desk.sent
    assert isinstance(barnard, Observation) and isinstance(ceres, Observation)
    years = 26.887
    assert barnard.dec == pytest.approx(4.69339 + years * 10.32812 / 3600, abs=1e-5)
    assert 0 <= ceres.ra < 360 and abs(ceres.dec) < 35
    later = desk.show(3)["parameters"]
    assert abs(later["dec"] - ceres.dec) > 0.05, "in a month it stands elsewhere"


def test_before_its_window_it_is_kept_here_and_handed_over_then(desk: Desk) -> None:
    number = desk.request(start=hour(3), end=hour(8), priority=6.0)
    assert desk.sent == [] and "facility_id" not in desk.show(number)
    assert desk.follow(2.99) == []
    assert desk.follow(3.0) == ["handed over"]
    (order,) = desk.sent
    assert isinstance(order, Observation)
    assert (order.id, order.expires, order.priority) == (desk.show(number)["facility_id"], hour(8), 6.0)
    assert desk.follow(3.01) == []


def test_one_that_nobody_could_hand_over_in_time_ends(desk: Desk) -> None:
    number = desk.request(start=hour(3), end=hour(8))
    assert desk.follow(9) == ["changed"]
    assert (desk.show(number)["status"], desk.sent) == ("WINDOW_EXPIRED", [])


def test_templates_are_filled_in_and_the_request_goes_before(desk: Desk) -> None:
    desk.template("First Look", facility="own_telescope", parameters={"exposure_time": 30.0, "filter": "i"})
    desk.request(template="first look", parameters={"filter": "g"})
    (order,) = desk.sent
    assert isinstance(order, Observation)
    assert (order.exposure_time, order.filter) == (30.0, "g")
    with pytest.raises(Permanent, match="'First Look' is for own_telescope, not for manual"):
        desk.request(template="first look", facility="manual")
    with pytest.raises(Permanent, match="there is no template 'second'"):
        desk.request(template="second")
    with pytest.raises(Permanent, match="the form of manual has no 'binning'; allowed: observer"):
        desk.template("bad", facility="manual", parameters={"binning": 2})
    with pytest.raises(Permanent, match="parameters: .*filter"):
        desk.template("odd", parameters={"filter": 7}) and desk.request(template="odd")


def test_a_template_is_its_owners_and_can_be_forgotten(desk: Desk) -> None:
    ann, bob = Viewer.of("ann"), Viewer.of("bob")
    made = desk.template("mine", ann, parameters={"filter": "g"})
    assert desk.template("Mine", ann, parameters={"filter": "g"}) == {**made, "made": False}
    with pytest.raises(Permanent, match="belongs to ann"):
        desk.template("mine", bob, delete=True)
    assert desk.template("mine", ann, delete=True) == {"deleted": True}
    assert desk.template("mine", ann, delete=True) == {"deleted": False}


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"parameters": {"exposures": 0}}, r"parameters: .*field: exposures; value: 0; allowed: .*1 to 1000"),
        ({"parameters": {"binning": 2}}, r"field: binning; value: 2; allowed: ra, dec, exposure_time"),
        ({"parameters": {"ra": 1.0}}, "give both ra and dec, or neither; dec is missing"),
        ({"parameters": {"ra": 400.0, "dec": 1.0}}, "field: ra; value: 400"),
        ({"end": hour(-1)}, "end: .* is over"),
        ({"facility": "hubble"}, "there is no facility 'hubble'; allowed: manual, own_telescope"),
        ({"target": "M 99"}, "there is no target 'M 99'"),
        ({"proposal": "none"}, "there is no proposal 'none'"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_so_many_words(desk: Desk, wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(Permanent, match=words):
        desk.request(**wrong)
    assert desk.sent == [] and desk.find() == []


def test_a_manual_facility_sends_nothing_and_waits_for_a_person(desk: Desk) -> None:
    number = desk.request(
        facility="manual", start=hour(2), end=hour(8),
        parameters={"observer": "ann", "filters": ["g", "r"], "exposure_time": 120.0, "exposures": 2},
    )  # fmt: skip
    assert desk.sent == [] and desk.show(number)["seconds"] == 480.0
    assert desk.find(facility="manual", status="PENDING") == [number]
    bob = Viewer.of("bob")
    desk.update(number=number, status="COMPLETED", scheduled_start=hour(3), seconds_used=500.0, viewer=bob)
    row = desk.show(number)
    assert (row["status"], row["seconds_used"], row["history"][-1]["who"]) == ("COMPLETED", 500.0, "bob")


def test_one_that_the_facility_has_already_is_only_recorded(desk: Desk) -> None:
    number = desk.request(facility_id="lco-4711")
    assert desk.sent == [] and desk.show(number)["facility_id"] == "lco-4711"
    with pytest.raises(Permanent, match=f"'lco-4711' is the observation {number} already"):
        desk.request(facility_id="lco-4711")


def test_groups_are_made_and_found_as_typed(desk: Desk) -> None:
    first, second = desk.request(group="GW170817 follow-up"), desk.request(group="gw170817 follow up")
    desk.request()
    assert desk.find(group="GW170817 Follow-Up") == [first, second]
    with pytest.raises(Permanent, match="there is no group of observations 'nothing'"):
        desk.find(group="nothing")


def test_who_does_not_see_the_target_sees_no_observation_of_it(desk: Desk) -> None:
    ann, bob = Viewer.of("ann"), Viewer.of("bob")
    desk.room.add("secret", 1.0, 1.0, viewer=ann, access="private")
    number = desk.request("secret", viewer=ann)
    assert desk.find(viewer=ann) == [number] and desk.find(viewer=bob) == []
    for action in (lambda: desk.show(number, bob), lambda: desk.cancel(number, viewer=bob)):
        with pytest.raises(Permanent, match=f"there is no observation {number}"):
            action()


def test_pages_and_conditions(desk: Desk) -> None:
    numbers = [desk.request(viewer=Viewer.of("ann" if i % 2 else "bob")) for i in range(5)]
    assert desk.find(limit=2) == numbers[:2] and desk.find(limit=2, after=numbers[1]) == numbers[2:4]
    assert desk.find(limit=2, before=2**31 - 1) == numbers[:2:-1]
    assert desk.find(asked_by="ann") == numbers[1::2] and desk.find(target="m31") == numbers


def test_merging_targets_moves_their_observations(desk: Desk) -> None:
    desk.room.add("other", 50.0, 5.0)
    number = desk.request("other")
    desk.room.merge("M 31", "other")
    assert desk.show(number)["target"] == "M 31"
