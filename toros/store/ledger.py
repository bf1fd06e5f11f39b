"""The ledger: what a daemon was asked, who works on it, what came of it, and what must be sent on.

>>> database = Database(database_url(config, "preprocessor"), service="preprocessor")
>>> database.prepare()
>>> ledger = Ledger(database, service="preprocessor", instance="preprocessor", settings=config.orders, clock=clock)
>>> receipt = ledger.accept(order).result()
>>> claim = ledger.claim("work", "preprocessor@host:4711")
>>> ledger.finish(claim, Outcome(result={"lights": 48}))
"""

from __future__ import annotations

from toros.store.claim import Claim
from toros.store.ledger_accept import Accepting
from toros.store.ledger_care import Caring
from toros.store.ledger_control import Controlling
from toros.store.ledger_lease import Leasing
from toros.store.ledger_view import Viewing
from toros.store.outbox import Outbox, Parcel

__all__ = ["Claim", "Ledger", "Parcel"]


class Ledger(Accepting, Leasing, Controlling, Outbox, Viewing, Caring):
    """Orders of one desk; every method may be called from any thread.

    `accept_within`, `cancel` and `retry` are called inside a change (`database.write`), everything else by itself.
    """
