"""What observations have names for is found again: templates, and groups as far as one may see into them."""

from __future__ import annotations

from typing import Any

from tests.unit.data.observations.desk import ALL, Desk
from toros.data.observations.naming import find_groups, find_templates
from toros.data.permissions import Viewer


def groups(desk: Desk, viewer: Viewer = ALL, **asked: Any) -> dict[str, Any]:
    asked = {"group": None, "limit": 10, "after": 0} | asked
    return desk.room.database.read(lambda session: find_groups(session, viewer=viewer, **asked))


def templates(desk: Desk, **asked: Any) -> dict[str, Any]:
    asked = {"template": None, "facility": None, "limit": 10, "after": 0} | asked
    return desk.room.database.read(lambda session: find_templates(session, **asked))


def test_templates_are_found_by_name_and_facility_a_page_at_a_time(desk: Desk) -> None:
    for name, facility in (("First look", "own_telescope"), ("By eye", "manual"), ("Deep", "own_telescope")):
        desk.template(name, viewer=Viewer.of("ann"), facility=facility, parameters={"exposures": 3})
    (row,) = templates(desk, template="first LOOK")["templates"]
    assert (row["template"], row["parameters"], row["owner"]) == ("First look", {"exposures": 3}, "ann")
    first = templates(desk, facility="own_telescope", limit=1)
    assert ([each["template"] for each in first["templates"]], first["more"]) == (["First look"], True)
    rest = templates(desk, facility="own_telescope", after=first["templates"][-1]["number"])
    assert ([each["template"] for each in rest["templates"]], rest["more"]) == (["Deep"], False)


def test_groups_tell_how_their_observations_stand(desk: Desk) -> None:
    numbers = [desk.request(group="Tonight") for _ in range(3)]
    desk.update(number=numbers[0], status="COMPLETED")
    desk.request(group="Later")
    (row,) = groups(desk, group="tonight")["groups"]
    assert (row["group"], row["observations"]) == ("Tonight", {"PENDING": 2, "COMPLETED": 1})
    assert [each["group"] for each in groups(desk, after=row["number"])["groups"]] == ["Later"]
    assert groups(desk, limit=1)["more"]


def test_a_group_is_shown_to_who_sees_one_of_its_observations(desk: Desk) -> None:
    ann, bob = Viewer.of("ann"), Viewer.of("bob")
    desk.room.add("Hers", 11.0, 40.0, access="private", viewer=ann)
    desk.request("Hers", group="Secret", viewer=ann)
    desk.request("Hers", group="Both", viewer=ann)
    desk.request(group="Both")
    assert [each["group"] for each in groups(desk, ann)["groups"]] == ["Secret", "Both"]
    assert [(each["group"], each["observations"]) for each in groups(desk, bob)["groups"]] == [("Both", {"PENDING": 1})]
