"""A facility of somebody else's is a class: a form, and what to say."""

from __future__ import annotations

import pytest
from pydantic import Field

from tests.unit.data.observations.desk import Desk, hour
from toros.data.observations import facilities
from toros.data.observations.facilities.base import Asked, Facility, Form, Submission


class DishForm(Form):
    minutes: float = Field(gt=0, le=600, description="on the source; minutes")


class Dish(Facility[DishForm]):
    name = "dish"
    title = "a radio telescope"
    form = DishForm
    keeps_windows = False
    reported_by_people = True

    def seconds(self, form: DishForm) -> float:
        return 60 * form.minutes

    def submit(self, asked: Asked[DishForm]) -> Submission:
        return Submission("D1" if asked.form.minutes < 100 else None)


@pytest.fixture(autouse=True)
def _installed(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {**facilities.known_facilities(), "dish": Dish()}
    monkeypatch.setattr(facilities, "known_facilities", lambda: known)


def test_it_is_asked_like_ours_and_its_form_needs_no_place(desk: Desk) -> None:
    number = desk.request(facility="dish", parameters={"minutes": 5.0}, end=hour(1))
    row = desk.show(number)
    assert (row["facility_id"], row["seconds"], row["parameters"]) == ("D1", 300.0, {"minutes": 5.0})
    desk.follow(2)
    assert desk.show(number)["status"] == "WINDOW_EXPIRED"


def test_one_that_gives_no_name_is_not_asked_again_and_again(desk: Desk) -> None:
    number = desk.request(facility="dish", parameters={"minutes": 200.0}, start=hour(1))
    assert desk.follow(1) == ["in trouble"]
    assert desk.follow(1.1) == []
    assert "gave the observation no name" in desk.show(number)["history"][-1]["note"]
