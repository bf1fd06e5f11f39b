"""What tests of observations say to the room, in few words, at a time of their choice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.unit.data.targets.room import Room
from toros.clock import iso
from toros.data.observations.facilities.base import Errand
from toros.data.observations.finding import find_observations, show_observation
from toros.data.observations.following import due_numbers, plan_turn, record_turn
from toros.data.observations.naming import save_template
from toros.data.observations.proposals import find_proposals, save_proposal
from toros.data.observations.requesting import plan_request, record_plan
from toros.data.observations.updating import plan_cancel, plan_update, record_change
from toros.data.permissions import Viewer
from workorders import WorkOrder
from workorders.observations import (
    CancelObservation,
    FindObservations,
    RequestObservation,
    SaveProposal,
    SaveTemplate,
    UpdateObservation,
)

__all__ = ["ALL", "EVENING", "Desk", "hour"]

ALL = Viewer.all_seeing()
EVENING = datetime(2026, 11, 20, 22, 0, tzinfo=UTC)


def hour(hours: float) -> str:
    """Return the time so many hours after the evening, as orders write it."""
    return iso(EVENING + timedelta(hours=hours))


class Desk:
    """Observations in a database; `sent` is what has gone out."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self.now = EVENING
        self.sent: list[WorkOrder] = []

    def request(self, target: str = "M 31", *, viewer: Viewer = ALL, parameters: Any = None, **more: Any) -> int:
        """Ask for an observation and return its number."""
        plan = self.plan(target, viewer=viewer, parameters=parameters, **more)
        self._send(plan.errands)
        return self.room.database.write(lambda session: record_plan(session, plan, self.now).number)

    def plan(self, target: str = "M 31", *, viewer: Viewer = ALL, parameters: Any = None, **more: Any) -> Any:
        """Return the plan of an observation."""
        asked = RequestObservation.model_validate({"target": target, "parameters": parameters or {}, **more})
        return self.room.database.read(
            lambda session: plan_request(session, asked, viewer=viewer, now=self.now, site=None)
        )

    def update(self, *, viewer: Viewer = ALL, **told: Any) -> None:
        """Tell how an observation stands."""
        order = UpdateObservation.model_validate(told)
        change = self.room.database.read(lambda session: plan_update(session, order, viewer=viewer, now=self.now))
        assert change is not None
        self._send(change.told)
        self.room.database.write(lambda session: record_change(session, change, self.now) and None)

    def cancel(self, number: int, *, viewer: Viewer = ALL, **more: Any) -> None:
        """Take an observation back."""
        order = CancelObservation.model_validate({"number": number, **more})
        change = self.room.database.read(lambda session: plan_cancel(session, order, viewer=viewer, now=self.now))
        self._send([*change.errands, *change.told])
        self.room.database.write(lambda session: record_change(session, change, self.now) and None)

    def follow(self, hours: float | None = None, answer: dict[str, Any] | None = None) -> list[str]:
        """Look at what is due, so many hours after the evening, until nothing is; return what was done."""
        self.now = self.now if hours is None else EVENING + timedelta(hours=hours)
        done: list[str] = []
        for _ in range(5):
            numbers = self.room.database.read(lambda session: due_numbers(session, self.now, 50))
            turns = [self.turn(number, answer) for number in numbers]
            self._send([one for turn in turns for one in turn.orders])
            for turn in turns:
                done.append(self.record(turn))
            if not numbers:
                return done
        raise AssertionError(f"something is always due: {done}")

    def turn(self, number: int, answer: dict[str, Any] | None = None) -> Any:
        """Return what is to be done about one observation."""
        return self.room.database.read(
            lambda session: plan_turn(session, number, answer, order_id="F", now=self.now, site=None)
        )

    def record(self, turn: Any) -> str:
        """Do it."""
        return self.room.database.write(lambda session: record_turn(session, turn, self.now))

    def show(self, number: int, viewer: Viewer = ALL) -> dict[str, Any]:
        """Return all that is known of one observation."""
        return self.room.database.read(lambda session: show_observation(session, number, viewer=viewer))

    def find(self, *, viewer: Viewer = ALL, **asked: Any) -> list[int]:
        """Return the numbers of the observations of a page."""
        question = FindObservations.model_validate(asked)
        answer = self.room.database.read(lambda session: find_observations(session, question, viewer=viewer))
        return [each["number"] for each in answer["observations"]]

    def proposal(self, name: str, viewer: Viewer = ALL, **more: Any) -> dict[str, Any]:
        """Save a proposal and return how it stands."""
        if more:
            order = SaveProposal.model_validate({"proposal": name, **more})
            self.room.database.write(
                lambda session: save_proposal(session, order, viewer=viewer, recorded=iso(self.now))
            )
        found = self.room.database.read(
            lambda session: find_proposals(session, viewer=ALL, proposal=name, limit=10, after=0)
        )
        (row,) = found["proposals"]
        return dict(row)

    def template(self, name: str, viewer: Viewer = ALL, **more: Any) -> dict[str, Any]:
        """Save a template."""
        order = SaveTemplate.model_validate({"template": name, **more})
        return self.room.database.write(
            lambda session: save_template(session, order, viewer=viewer, recorded=iso(self.now))
        )

    def chain(self, number: int) -> list[tuple[str, str | None]]:
        """Return the status and the start of the window of an observation and all that follow on it."""
        found = []
        following: int | None = number
        while following is not None:
            row = self.show(following)
            found.append((row["status"], row.get("start")))
            following = row.get("followed_by")
        return found

    def _send(self, orders: Any) -> None:
        self.sent += [each.order if isinstance(each, Errand) else each for each in orders]
