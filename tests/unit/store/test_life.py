"""An order's life against a plain model of it: whatever is done, in whatever sequence, the two agree."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule
from hypothesis.stateful import run_state_machine_as_test as run

from tests.unit.store.desk import Desk, Made
from toros.config import OrderSettings
from toros.errors import LeaseLost
from toros.store.database import Database
from toros.store.ledger import Claim
from workorders import Refusal, WorkOrder
from workorders.envelope import State
from workorders.refusal import FaultCode

TRIES = 3


@dataclass
class Known:
    """What the model believes of one order."""

    order: WorkOrder
    age: int
    state: State = State.QUEUED
    tries: int = 0
    lease: int = 0
    due: float = 0.0  # seconds of the model's clock; 0 for at once
    interrupted: bool = False
    unwanted: bool = False

    @property
    def urgency(self) -> tuple[float, float, int]:
        return -(self.order.priority or 0.0), self.due, self.age


class Life(RuleBasedStateMachine):
    """Everybody who touches orders, one at a time."""

    template: Path
    service = "preprocessor"
    claims: Bundle[Claim] = Bundle("claims")

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="toros-life-"))
        shutil.copy(self.template / f"{self.service}.sqlite", self.folder)
        self.known: dict[str, Known] = {}
        self.notes: set[str] = set()
        self.now = 1.0
        self.database = Database(f"sqlite:///{self.folder}/{self.service}.sqlite", service=self.service)
        self.desk = Desk(self.database, OrderSettings(tries=TRIES, first_delay=10, longest_delay=40, lease=900))
        self.desk.ledger._delay = lambda attempt: min(40.0, 10.0 * 2 ** (attempt - 1))  # type: ignore[method-assign]

    def teardown(self) -> None:
        if hasattr(self, "database"):
            self.database.close()
            shutil.rmtree(self.folder)

    @property
    def never(self) -> bool:
        return self.service == "telescope"

    def ids(self) -> list[str]:
        return sorted(self.known)

    def one(self, data: st.DataObject) -> Known | None:
        return self.known[data.draw(st.sampled_from(self.ids()))] if self.known else None

    @rule(priority=st.sampled_from([None, 1.0, 5.0, 10.0]), number=st.integers(0, 5))
    def accept(self, priority: float | None, number: int) -> None:
        make = self.desk.observation if self.never else self.desk.batch
        order = make(id=f"N-{number}", priority=priority)
        known = self.known.get(order.id)
        if known is not None and known.order != order:
            with pytest.raises(Refusal) as refusal:
                self.desk.ledger.accept(order).result(10)
            assert refusal.value.code is FaultCode.CONFLICT
            return
        assert self.desk.ledger.accept(order).result(10).id == order.id
        if known is None:
            state = State.CANCELLED if order.id in self.notes else State.QUEUED
            self.known[order.id] = Known(order, age=len(self.known), state=state)

    @rule(target=claims)
    def claim(self) -> Any:
        ready = [k for k in self.known.values() if k.state is State.QUEUED and k.due <= self.now]
        claim = self.desk.next()
        if not ready:
            assert claim is None
            return multiple()
        expected = min(ready, key=lambda known: known.urgency)
        assert claim is not None
        assert claim.order == expected.order
        expected.state, expected.tries, expected.lease = State.RUNNING, expected.tries + 1, expected.lease + 1
        assert (claim.attempt, claim.lease, claim.interrupted) == (
            expected.tries, expected.lease, expected.interrupted,
        )  # fmt: skip
        return claim

    def ours(self, claim: Claim) -> Known | None:
        known = self.known[claim.id]
        return known if known.state is State.RUNNING and known.lease == claim.lease else None

    @rule(claim=claims, fraction=st.floats(0, 1))
    def beat(self, claim: Claim, fraction: float) -> None:
        known = self.ours(claim)
        expected = "lost" if known is None else "cancelled" if known.unwanted else "ours"
        assert self.desk.ledger.beat(claim, fraction, "working") == expected

    @rule(claim=consumes(claims), end=st.sampled_from(["finish", "fail", "bury", "drop", "give_back"]))
    def end(self, claim: Claim, end: str) -> None:
        known, ledger = self.ours(claim), self.desk.ledger
        how = {
            "finish": lambda: ledger.finish(claim, Made({"n": claim.attempt})),
            "fail": lambda: ledger.fail(claim, "no luck", permanent=False),
            "bury": lambda: ledger.fail(claim, "no hope", permanent=True),
            "drop": lambda: ledger.drop(claim, "unwanted"),
            "give_back": lambda: ledger.give_back(claim),
        }[end]
        if known is None:
            self.late(claim, how)
            return
        how()
        if end == "finish":
            known.state = State.DONE
        elif end == "drop":
            known.state = State.CANCELLED
        elif end == "bury" or (end == "fail" and known.tries >= TRIES):
            known.state = State.BURIED
        elif known.unwanted:
            known.state = State.CANCELLED
        else:
            known.state = State.QUEUED
            known.due = self.now + min(40.0, 10.0 * 2 ** (known.tries - 1)) if end == "fail" else 0.0
            known.tries -= end == "give_back"

    def late(self, claim: Claim, how: Any) -> None:
        """A try that is over may be told the same end again, and changes nothing either way."""
        try:
            how()
        except LeaseLost:
            return
        assert self.known[claim.id].lease == claim.lease

    @rule(target=claims, claim=consumes(claims), end=st.sampled_from(["finish", "fail", "bury", "drop", "give_back"]))
    def overtaken(self, claim: Claim, end: str) -> Any:
        """A worker is thought dead, its order goes to another, and then it comes back with an end."""
        self.crash()
        newer = self.claim()
        self.end(claim, end)
        return newer

    @rule()
    def crash(self) -> None:
        held = [known for known in self.known.values() if known.state is State.RUNNING]
        assert set(self.desk.ledger.recover()) == {known.order.id for known in held}
        for known in held:
            known.interrupted = True
            if known.unwanted:
                known.state = State.CANCELLED
            elif known.tries >= TRIES or self.never:
                known.state = State.BURIED
            else:
                known.state, known.due = State.QUEUED, 0.0

    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        known = self.one(data)
        if known is None:
            return
        told = self.desk.cancel(known.order.id)
        if known.state is State.QUEUED:
            known.state = State.CANCELLED
        known.unwanted = known.unwanted or known.state is State.RUNNING
        assert (told["state"], told["asked"]) == (known.state, known.state is State.RUNNING)

    @rule(number=st.integers(0, 5))
    def cancel_early(self, number: int) -> None:
        if f"N-{number}" not in self.known:
            assert self.desk.cancel(f"N-{number}")["state"] == "unknown"
            self.notes.add(f"N-{number}")

    @rule(data=st.data())
    def retry(self, data: st.DataObject) -> None:
        known = self.one(data)
        if known is None:
            return
        if known.state is not State.BURIED:
            with pytest.raises(Refusal):
                self.desk.retry(known.order.id)
            return
        self.desk.retry(known.order.id)
        known.state, known.tries, known.due, known.interrupted, known.unwanted = State.QUEUED, 0, 0.0, False, False

    @rule(seconds=st.sampled_from([1.0, 5.0, 15.0, 100.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        self.desk.clock.sleep(seconds)
        self.desk.ledger.tidy()

    @rule()
    def restart(self) -> None:
        """The daemon ends in good order and starts again: nothing is different."""
        moment = self.desk.clock.moment
        self.database.close()
        self.database = Database(f"sqlite:///{self.folder}/{self.service}.sqlite", service=self.service)
        delay = self.desk.ledger._delay
        self.desk = Desk(self.database, self.desk.settings)
        self.desk.ledger._delay = delay  # type: ignore[method-assign]
        self.desk.clock.moment = moment

    @invariant()
    def both_tell_the_same(self) -> None:
        if not hasattr(self, "database"):
            return
        rows = self.desk.ledger.list_orders(limit=1000)["orders"]
        told = {row["id"]: (row["state"], row["attempts"]) for row in rows}
        assert told == {id_: (known.state.value, known.tries) for id_, known in self.known.items()}


patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@pytest.mark.parametrize("service", ["preprocessor", "telescope"])
def test_the_ledger_and_the_model_agree(service: str, sqlite_template: Path) -> None:
    machine = type("LifeAt", (Life,), {"template": sqlite_template, "service": service})
    run(machine, settings=settings(patient, max_examples=20, stateful_step_count=50))


@pytest.mark.long
@pytest.mark.parametrize("service", ["preprocessor", "telescope"])
@pytest.mark.timeout(900)
def test_the_ledger_and_the_model_agree_for_long(service: str, sqlite_template: Path) -> None:
    machine = type("LongLifeAt", (Life,), {"template": sqlite_template, "service": service})
    run(machine, settings=settings(patient, max_examples=600, stateful_step_count=80))
