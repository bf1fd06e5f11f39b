"""The law on moves: pure, and the same in the database."""

from __future__ import annotations

import functools
import hashlib

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests.unit.store.desk import Desk, Made
from toros.store import moves
from toros.store.schema import ORDERS, PARCELS
from workorders.envelope import State

FROZEN = "bad171c1ebaf271c28272c40ed686f6eb5738a548ca588dcabc21f21981b224b"


def test_what_is_finished_stays_finished_but_for_an_operator() -> None:
    leaving = {(before, after) for before, after in moves.ORDER_MOVES if before in moves.FINISHED}
    assert leaving == {(State.BURIED, State.QUEUED)}


def test_every_state_can_be_reached_and_every_order_can_end() -> None:
    reached = {State.QUEUED}
    for _ in State:
        reached |= {after for before, after in moves.ORDER_MOVES if before in reached}
    assert reached == set(State)
    assert moves.legal(State.QUEUED, State.RUNNING)
    assert not moves.legal(State.DONE, State.RUNNING)


def test_the_first_migration_writes_what_it_always_wrote() -> None:
    """Whoever changes the law must write a new migration that changes it in existing databases; then change this."""
    text = repr([moves.rows(), moves.triggers("sqlite"), moves.triggers("postgresql")])
    assert hashlib.sha256(text.encode()).hexdigest() == FROZEN


def test_the_database_holds_the_same_law(desk: Desk) -> None:
    found = desk.database.read(lambda s: s.execute(sa.text("SELECT kind, earlier, later FROM moves")).all())
    assert {tuple(row) for row in found} == {(row["kind"], row["earlier"], row["later"]) for row in moves.rows()}


@pytest.mark.parametrize("before", State)
def test_the_database_refuses_what_is_illegal(desk: Desk, before: State) -> None:
    """From each state, reached by legal moves, into each other, by a plain UPDATE that no code of ours guards."""
    order = desk.accept()
    for state in _way_to(before):
        desk.database.write(functools.partial(_force, state=state))
    for after in State:
        expected = "tried" if moves.legal(before, after) else "illegal move"
        with pytest.raises((sa.exc.DBAPIError, Tried), match=expected):
            desk.database.write(functools.partial(_try, state=after))
        assert desk.state(order) == before


def test_every_move_writes_an_event(desk: Desk) -> None:
    order = desk.accept()
    desk.ledger.fail(desk.claim("a@b:1"), "clouds", permanent=True)
    desk.retry(order.id)
    history = desk.ledger.status(order.id)["history"]
    assert [(item.get("from"), item["to"]) for item in history] == [
        (None, "queued"), ("queued", "running"), ("running", "buried"), ("buried", "queued"),
    ]  # fmt: skip
    assert history[2]["reason"] == "clouds"
    assert history[2]["worker"] == "a@b:1"


@pytest.mark.parametrize(
    "values",
    [{"state": "asleep"}, {"priority": 11.0}, {"fraction": 1.5}, {"finished": "2026-11-20T00:00:00.000"}],
    ids=lambda values: next(iter(values)),
)
def test_the_database_refuses_values_without_meaning(desk: Desk, values: dict[str, object]) -> None:
    desk.accept()
    with pytest.raises(sa.exc.DBAPIError):
        desk.database.write(lambda session: session.execute(sa.update(ORDERS).values(**values)))


def test_parcels_obey_their_law_too(desk: Desk) -> None:
    desk.accept()
    desk.ledger.finish(desk.claim(), Made(orders=[desk.product()]))
    desk.ledger.delivered(desk.ledger.due()[0], {})
    with pytest.raises(sa.exc.DBAPIError, match="illegal move"):
        desk.database.write(lambda session: session.execute(sa.update(PARCELS).values(state="waiting", delivered=None)))


def _way_to(state: State) -> list[State]:
    if state is State.QUEUED:
        return []
    return [State.RUNNING] + ([] if state is State.RUNNING else [state]) if state is not State.EXPIRED else [state]


class Tried(Exception):
    """The move was made; it is taken back."""


def _try(session: Session, state: State) -> None:
    _force(session, state)
    raise Tried("tried")


def _force(session: Session, state: State) -> None:
    finished = "2026-11-20T22:00:00.000" if state in moves.FINISHED else None
    session.execute(sa.update(ORDERS).values(state=state, finished=finished, owner="x", reason="because"))
