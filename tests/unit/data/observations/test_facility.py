"""A facility of somebody else's is a class: a form, and what to say."""

from __future__ import annotations

import re
from importlib.metadata import EntryPoint
from typing import Any

import pytest
from pydantic import Field

from tests.unit.data.observations.desk import Desk, hour
from toros.data.observations import facilities
from toros.data.observations.facilities.base import Asked, Errand, Facility, Form, Report, Submission
from toros.data.observations.facilities.checking import loaded
from toros.errors import ConfigurationError


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


class Askable(Dish):
    can_be_asked = True

    def question(self, form: DishForm, facility_id: str) -> Errand:
        raise AssertionError("nobody asks in this test")


class Answered(Askable):
    def read_answer(self, answer: Any) -> Report:
        return Report()


class Unnamed(Facility[DishForm]):
    title = "nobody knows"
    form = DishForm


class Half(Facility[DishForm]):
    name, title, form = "dish", "half a telescope", DishForm

    def seconds(self, form: DishForm) -> float:
        return 60 * form.minutes


class Formless(Dish):
    form = dict  # type: ignore[assignment]


def entry(what: str, name: str = "dish") -> EntryPoint:
    return EntryPoint(name, f"{__name__}:{what}", facilities.GROUP)


@pytest.mark.parametrize(
    ("what", "name", "lacks"),
    [
        ("Askable", "dish", "says that it can_be_asked, but has no read_answer"),
        ("Unnamed", "dish", "has no name"),
        ("Half", "dish", "has no submit"),
        ("Formless", "dish", "has a form that is no subclass of"),
        ("Dish", "bowl", "calls itself 'dish'; allowed: the name of its entry point"),
        ("DishForm", "dish", "is no subclass of toros.data.observations.facilities.base.Facility"),
        ("Nobody", "dish", "cannot be loaded: module"),
    ],
)
def test_one_that_cannot_do_what_it_says_is_refused_when_it_is_loaded(what: str, name: str, lacks: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(f"the facility {name} ({__name__}:{what}) {lacks}")):
        loaded(entry(what, name))


def test_one_that_can_is_taken() -> None:
    assert loaded(entry("Answered")) is Answered
    assert loaded(entry("Dish")) is Dish
