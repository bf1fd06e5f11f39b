"""An alert robot that listens like the real one and ranks nothing: its handler only notes what it was given.

`TOROS_TEST_RANKING` in the environment lets each alert take so many seconds.
"""

from __future__ import annotations

import hashlib
import os
import time

from tests.support.windows import install, window
from toros.alerts.listeners.configured import configured_listeners
from toros.network.service import Context, Handler, Outcome, Service
from toros.store.alerts import METADATA
from workorders.alerts import ProcessAlert

__all__ = ["ROBOT"]

install()


def note(order: ProcessAlert, context: Context) -> Outcome:
    """Say what the spooled file holds."""
    window("handler")
    time.sleep(float(os.environ.get("TOROS_TEST_RANKING", "0")))
    content = context.files.path(order.file_location or "").read_bytes()
    return Outcome({"hash": hashlib.sha256(content).hexdigest(), "topic": order.topic or ""})


ROBOT = Service(
    name="alert_robot", handlers={"process_alert": Handler(note)}, tables=METADATA, listeners=configured_listeners
)
