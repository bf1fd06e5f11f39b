"""A preprocessor that only notes when it began: for measuring how soon an order runs."""

from __future__ import annotations

import time

from toros.network.service import Context, Handler, Outcome, Service
from workorders import WorkOrder

__all__ = ["PREPROCESSOR"]


def begin(_order: WorkOrder, _context: Context) -> Outcome:
    """Note the time."""
    return Outcome(result={"began": time.time()})


PREPROCESSOR = Service("preprocessor", {"calibrate_file_batch": Handler(begin)})
