"""What of a batch is finished, in the preprocessor's own tables."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toros.clock import iso
from toros.reduction.product import Made
from toros.store import batches

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from toros.network.service import Context

__all__ = ["TableJournal"]


class TableJournal:
    """The journal of one batch.

    Parameters
    ----------
    batch : str
        Its name.
    context : Context
        Of the order that works on it.
    """

    def __init__(self, batch: str, context: Context) -> None:
        self._batch = batch
        self._context = context
        self._known = context.read(self._finished_before)

    def recall(self, key: str, recipe: str) -> Made | None:
        """Return a product of an earlier try, where the same was to be done."""
        known = self._known.get((key, recipe))
        if known is None:
            return None
        path = str(self._context.files.path(known.path, must_exist=False))
        return Made(path, known.sha256, known.size, known.quality)

    def finished(self, key: str, recipe: str, made: Made) -> None:
        """Remember a product, durably."""
        location = self._context.files.location(Path(made.path))
        self._record(key, state="done", recipe=recipe, location=location, sha256=made.sha256, size=made.size,
                     details=made.quality)  # fmt: skip

    def failed(self, key: str, reason: str) -> None:
        """Remember that a product could not be made."""
        self._record(key, state="failed", reason=reason[:1000])

    def _record(self, key: str, **columns: Any) -> None:
        now = iso(self._context.clock.now())
        step = "combine" if key.startswith("masters/") else "calibrate"
        self._context.write(partial(batches.record_step, batch=self._batch, product=key, step=step, now=now, **columns))

    def _finished_before(self, session: Session) -> dict[tuple[str, str], Made]:
        rows = [row for row in batches.steps_of(session, self._batch) if row.state == "done"]
        return {
            (row.product, row.recipe or ""): Made(
                row.location or "", row.sha256 or "", row.size or 0, dict(row.details)
            )
            for row in rows
        }
