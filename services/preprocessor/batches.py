"""Which batch an order means: a new one, one that stopped, or an earlier one begun anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.preprocessor.folder import files_of, late_files
from services.preprocessor.reduction import Asked, reduce_batch
from toros.errors import Permanent
from toros.network.service import Context, Outcome
from toros.store import batches
from workorders import VOCABULARY
from workorders.reduction import CalibrateFileBatch

if TYPE_CHECKING:
    from toros.store.batches import BatchRow
    from workorders.reduction import CalibrateFrame, MakeMasters, RestartFileBatch, ResumeFileBatch

__all__ = ["calibrate_file_batch", "calibrate_frame", "make_masters", "restart_file_batch", "resume_file_batch"]

ENVELOPE = ("id", "to", "datetime", "user", "parent", "expires", "dry_run", "version")


def calibrate_file_batch(order: CalibrateFileBatch, context: Context) -> Outcome:
    """Look at every file of the folder, make or find masters, calibrate the lights, order their ingestion."""
    return _begun(order, context)


def make_masters(order: MakeMasters, context: Context) -> Outcome:
    """Look at every file of the folder, make its masters, order their ingestion."""
    return _begun(order, context)


def calibrate_frame(order: CalibrateFrame, context: Context) -> Outcome:
    """Calibrate one frame with finished masters of a folder and those of earlier nights."""
    return _begun(order, context)


def resume_file_batch(order: ResumeFileBatch, context: Context) -> Outcome:
    """Go on where a batch stopped; of a finished one, take up the frames that were set aside or came since."""
    row = _meant(order, context)
    asked = _asked(row)
    if row.state == "done" and not late_files(files_of(asked, context), row.name, context):
        raise Permanent(
            f"the batch {row.name} is finished, and no frame was set aside or came since: there is nothing to resume"
        )
    return reduce_batch(asked.model_copy(update={"dry_run": order.dry_run}), context, batch=row.name, acting=order.id)


def restart_file_batch(order: RestartFileBatch, context: Context) -> Outcome:
    """Do what a batch was asked for anew, as a batch of its own; the earlier one's products stay."""
    row = _meant(order, context)
    options = {name: value for name, value in order.body().items() if name not in ("request", "batch", "file_location")}
    asked = _asked(row) if row.body is not None else CalibrateFileBatch(file_location=row.location)
    strange = sorted(set(options) - set(type(asked).model_fields))
    if strange:
        raise Permanent(f"the batch {row.name} was asked for by {asked.request}, which knows no {', '.join(strange)}")
    body = {name: value for name, value in asked.body().items() if name not in ENVELOPE}
    again = type(asked).model_validate({**body, **options})
    return reduce_batch(again, context, batch=order.id, acting=order.id, replaces=row.name)


def _begun(order: Asked, context: Context) -> Outcome:
    """Return what comes of a batch that bears its order's name, also where another order has finished it meanwhile."""
    row = context.read(lambda session: batches.batch_of(session, order.id))
    if row is not None and row.state == "done" and row.result is not None:
        return Outcome(row.result)
    return reduce_batch(order, context, batch=order.id, acting=order.id)


def _meant(order: ResumeFileBatch | RestartFileBatch, context: Context) -> BatchRow:
    """Return the batch that an order names, or the latest of its folder."""
    name, location = order.batch, order.file_location
    if name is not None:
        row = context.read(lambda session: batches.batch_of(session, name))
        if row is None:
            raise Permanent(f"no batch {name} is known here: a batch is named by the order that began it")
        return row
    row = context.read(lambda session: batches.newest_batch(session, str(location)))
    if row is None:
        raise Permanent(f"no batch of {location} is known here: calibrate_file_batch begins one")
    return row


def _asked(row: BatchRow) -> Any:
    """Return the order that began a batch."""
    if row.body is None:
        raise Permanent(
            f"the batch {row.name} was begun by a version that did not keep what was asked: restart_file_batch does it "
            "anew"
        )
    return VOCABULARY[row.body["request"]].model.model_validate(row.body)
