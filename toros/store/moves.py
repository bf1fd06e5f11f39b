"""The legal moves of an order and of a parcel, and the database's own statement of that law.

Pure: no database is touched here. The migrations write what `rows` and `triggers` give, so that the code and the
database cannot disagree, and no program, ours or an operator's SQL prompt, can make an order jump.
"""

from __future__ import annotations

from typing import Literal

from workorders.envelope import State

__all__ = [
    "FINISHED",
    "ORDER_MOVES",
    "PARCEL_MOVES",
    "PARCEL_STATES",
    "Dialect",
    "birth_function",
    "legal",
    "rows",
    "triggers",
]

Dialect = Literal["sqlite", "postgresql"]

ORDER_MOVES: frozenset[tuple[State, State]] = frozenset(
    {
        (State.QUEUED, State.RUNNING),  # a worker claims it
        (State.QUEUED, State.CANCELLED),  # taken back before it began
        (State.QUEUED, State.EXPIRED),  # nobody could do it in time
        (State.QUEUED, State.BURIED),  # it can no longer be read, or its tries are used up
        (State.RUNNING, State.DONE),  # its effect is committed
        (State.RUNNING, State.QUEUED),  # a try failed, a worker died, a daemon drained
        (State.RUNNING, State.BURIED),  # given up
        (State.RUNNING, State.CANCELLED),  # its worker heard that it was taken back
        (State.BURIED, State.QUEUED),  # an operator tries again
    }
)

PARCEL_STATES = ("waiting", "delivered", "parked")
PARCEL_MOVES: frozenset[tuple[str, str]] = frozenset(
    {
        ("waiting", "delivered"),  # the peer gave its receipt
        ("waiting", "parked"),  # refused for good
        ("parked", "waiting"),  # an operator tries again
        ("parked", "delivered"),  # it was under way while it was put aside, and arrived
    }
)

FINISHED = frozenset({State.DONE, State.BURIED, State.CANCELLED, State.EXPIRED})


def legal(before: State, after: State) -> bool:
    """Return True where an order may move from one state to the other."""
    return (before, after) in ORDER_MOVES


def rows() -> list[dict[str, str]]:
    """Return the rows of the table `moves`: kind (order or parcel), earlier and later state."""
    orders = [("order", before.value, after.value) for before, after in ORDER_MOVES]
    parcels = [("parcel", before, after) for before, after in PARCEL_MOVES]
    return [{"kind": kind, "earlier": before, "later": after} for kind, before, after in sorted(orders + parcels)]


def triggers(dialect: Dialect) -> list[str]:
    """Return the statements that make the database refuse illegal moves and write an event for every legal one."""
    return _sqlite() if dialect == "sqlite" else _postgresql()


_EVENT = (
    "INSERT INTO events (order_number, step, at, earlier, later, lease, owner, reason) VALUES (NEW.number, "
    "(SELECT coalesce(max(step), 0) + 1 FROM events WHERE order_number = NEW.number), "
    "NEW.changed, OLD.state, NEW.state, NEW.lease, NEW.owner, NEW.reason);"
)
_LAWS = (("orders", "order", State.QUEUED.value), ("outbox", "parcel", PARCEL_STATES[0]))


def _sqlite() -> list[str]:
    statements = []
    for table, kind, first in _LAWS:
        statements += [
            f"CREATE TRIGGER {table}_birth BEFORE INSERT ON {table} WHEN NEW.state <> '{first}' "
            f"BEGIN SELECT RAISE(ABORT, 'illegal move: {kind}s are born {first}'); END",
            f"CREATE TRIGGER {table}_law BEFORE UPDATE OF state ON {table} "
            f"WHEN NOT EXISTS (SELECT 1 FROM moves WHERE kind = '{kind}' AND earlier = OLD.state "
            f"AND later = NEW.state) BEGIN SELECT RAISE(ABORT, 'illegal move of this {kind}'); END",
        ]
    return [
        *statements,
        f"CREATE TRIGGER orders_event AFTER UPDATE OF state ON orders BEGIN {_EVENT} END",
    ]


def birth_function(table: str, kind: str, first: str) -> str:
    """Return the statement of PostgreSQL's function that refuses what is born in another state."""
    return (
        f"CREATE OR REPLACE FUNCTION {table}_birth() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF NEW.state <> '{first}' THEN RAISE EXCEPTION 'illegal move: {kind}s are born {first}' "
        f"USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$"
    )


def _postgresql() -> list[str]:
    statements = []
    for table, kind, first in _LAWS:
        event = "" if kind == "parcel" else _EVENT
        statements += [
            birth_function(table, kind, first),
            f"CREATE TRIGGER {table}_birth AFTER INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_birth()",
            f"CREATE FUNCTION {table}_law() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"IF NOT EXISTS (SELECT 1 FROM moves WHERE kind = '{kind}' AND earlier = OLD.state "
            f"AND later = NEW.state) THEN RAISE EXCEPTION 'illegal move of this {kind}' "
            f"USING ERRCODE = 'check_violation'; END IF; {event} RETURN NEW; END $$",
            f"CREATE TRIGGER {table}_law AFTER UPDATE OF state ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_law()",
        ]
    return statements
