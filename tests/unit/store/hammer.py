"""A daemon's memory under load, in a process of its own, so that it can be killed: `python -m tests.unit.store.hammer`.

Says on standard output what it was promised: `accepted ID HASH` once a receipt is there, `done ID` once an end is.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable

import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests.unit.store.desk import Desk, Made
from toros.clock import MachineClock
from toros.errors import DatabaseError
from toros.store.database import Database
from toros.store.schema import NOTES
from workorders.envelope import new_id


def say(*words: object) -> None:
    """Write one line in one piece."""
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def open_desk(url: str) -> Desk:
    """Open a database as a daemon does, with the machine's clock."""
    database = Database(url, service="preprocessor")
    database.prepare()
    desk = Desk(database)
    desk.ledger.clock = MachineClock()
    return desk


def accepting(desk: Desk) -> None:
    """Accept one order after another."""
    order = desk.batch(id=new_id())
    receipt = desk.ledger.accept(order).result()
    say("accepted", order.id, receipt.hash)


def working(desk: Desk) -> None:
    """Do one order: its effect is a row that can be written only once."""
    claim = desk.next(f"hammer@here:{threading.get_native_id()}")
    if claim is None:
        time.sleep(0.001)
        return

    def record(session: Session) -> None:
        session.execute(sa.insert(NOTES).values(id=f"effect-{claim.id[:50]}", reason="done", written="now"))

    desk.ledger.finish(claim, Made(orders=[desk.product(id=new_id())], record=record))
    say("done", claim.id)


def for_ever(work: Callable[[Desk], None], desk: Desk) -> None:
    """Do the same until killed; a database that is away is tried again."""
    while True:
        try:
            work(desk)
        except DatabaseError:
            time.sleep(0.02)


def main(url: str) -> None:
    """Accept and work with several threads until killed."""
    desk = open_desk(url)
    desk.ledger.recover()
    threads = [threading.Thread(target=for_ever, args=(work, desk)) for work in (accepting, accepting, working)]
    for thread in threads:
        thread.start()
    say("ready")


if __name__ == "__main__":
    main(sys.argv[1])
